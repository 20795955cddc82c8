from datetime import UTC, datetime, timedelta

import pytest

from storage.chats import Chat, open_chat
from storage.editions import Edition, LastEditions, last_editions_of_each, schedule_chats

DAY = timedelta(days=1)
ME = "me"


@pytest.fixture
async def chats(storage):
    """Return our rows of three chats."""
    async with storage.writing() as tx:
        return [
            (await open_chat(tx, {"telegram_id": number, "thread_id": 0})).id
            for number in (7, 8, 9)
        ]


def edition(chat: int, made_at: datetime, schedule_number: int = 0) -> Edition:
    return Edition(
        chat_id=chat,
        local_date=made_at.date(),
        schedule_number=schedule_number,
        due_at=made_at,
        made_at=made_at,
        since=made_at - DAY,
    )


async def test_the_last_edition_of_each_schedule_time_counts_however_old_it_is(storage, chats):
    busy, away, new = chats
    async with storage.writing() as tx:
        now = tx.now
        made = [now - DAY, now - 2 * DAY, now - 300 * DAY]
        for row in (
            edition(busy, made[1]),
            edition(busy, made[0]),
            edition(busy, made[1], schedule_number=2),
            edition(away, made[2]),
        ):
            await tx.add(row)

        last = await last_editions_of_each(tx, chats)

    assert last == {
        busy: LastEditions({0: made[0].date(), 2: made[1].date()}, made[0]),
        away: LastEditions({0: made[2].date()}, made[2]),
        new: LastEditions({}, None),
    }


async def test_the_next_digest_is_planned_only_for_leased_chats_with_the_same_plan(storage, chats):
    ours, changed, taken = chats
    due, moved, after = (datetime(2026, 3, day, 8, tzinfo=UTC) for day in (2, 3, 4))
    async with storage.writing() as tx:
        for chat in chats:
            row = await tx.get_one(Chat, chat)
            row.next_digest_at = moved if chat == changed else due
            row.owner = "other" if chat == taken else ME
            row.lease_until = tx.now + DAY

    async with storage.writing() as tx:
        planned = await schedule_chats(tx, ME, dict.fromkeys(chats, (due, after)))

    async with storage.reading() as tx:
        rows = [await tx.get_one(Chat, chat) for chat in chats]
    assert planned == {ours}
    assert [row.next_digest_at for row in rows] == [after, moved, due]
    assert [row.owner for row in rows] == [None, None, "other"]
