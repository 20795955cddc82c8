"""Several digests a day: each has its own edition, and one is made after downtime."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.publishing.contents import MOST_SAVED_SHOWN
from storage.chats import Chat, set_schedule
from storage.enums import ChatKind, EmptyDay, Mode
from storage.saved_stories import save_stories
from storage.schedules import ScheduleTime

# The clock stands at Monday noon, UTC.
MORNING, NOON, EVENING = ScheduleTime(0, 8 * 60), ScheduleTime(1, 12 * 60), ScheduleTime(2, 18 * 60)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TUESDAY = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.fixture
def subscribed(newsroom, storage):
    """Return a function that makes a chat with these schedule times, due on Tuesday."""

    async def made(*times: ScheduleTime) -> tuple[int, int]:
        source, query = await newsroom.source(), await newsroom.query("words")
        first = TUESDAY + min(one.minutes for one in times) * timedelta(minutes=1)
        chat = await newsroom.chat(zone="UTC", next_digest_at=first, empty_day=EmptyDay.LINE)
        async with storage.writing() as tx:
            await set_schedule(tx, chat, times)
        await newsroom.subscribe(chat, query, "My words", Mode.DIGEST)
        return query, source

    return made


async def made(newsroom) -> list[tuple[date, int]]:
    return [(edition.local_date, edition.schedule_number) for edition in await newsroom.editions()]


async def test_each_schedule_time_has_its_own_edition(publishing, newsroom, subscribed, clock):
    query, source = await subscribed(MORNING, EVENING)
    await newsroom.article("First", query, source_id=source)
    clock.now = TUESDAY + 8 * HOUR
    await publishing.digests()
    clock.turn(HOUR)
    await newsroom.article("Second", query, source_id=source)
    clock.now = TUESDAY + 18 * HOUR
    await publishing.digests()

    first, second = await newsroom.texts()
    assert await made(newsroom) == [(TUESDAY.date(), 0), (TUESDAY.date(), 2)]
    assert "First" in first
    assert "Second" in second
    assert "First" not in second
    assert first.endswith("Next: today at 18:00, UTC.")
    assert [chat.next_digest_at for chat in await newsroom.all(Chat)] == [TUESDAY + 32 * HOUR]


@pytest.mark.parametrize(
    ("now", "editions", "next_at"),
    [
        pytest.param(
            TUESDAY + 13 * HOUR,
            [(TUESDAY.date(), 1)],
            TUESDAY + 18 * HOUR,
            id="two missed today: the later one, with what both would have sent",
        ),
        pytest.param(TUESDAY + DAY + 7 * HOUR, [], TUESDAY + DAY + 8 * HOUR, id="all too old"),
        pytest.param(
            TUESDAY + 2 * DAY + 9 * HOUR,
            [(TUESDAY.date() + 2 * DAY, 0)],
            TUESDAY + 2 * DAY + 12 * HOUR,
            id="two days of them: the last one",
        ),
    ],
)
async def test_one_of_several_missed_editions_is_made(
    publishing, newsroom, subscribed, clock, now, editions, next_at
):
    query, source = await subscribed(MORNING, NOON, EVENING)
    await newsroom.article("Missed", query, source_id=source)
    clock.now = now

    await publishing.digests()

    assert await made(newsroom) == editions
    assert [chat.next_digest_at for chat in await newsroom.all(Chat)] == [next_at]


async def test_a_late_edition_says_when_it_was_due(publishing, newsroom, subscribed, clock):
    query, source = await subscribed(MORNING, NOON)
    clock.turn(3 * HOUR)
    await newsroom.article("Late", query, source_id=source)
    clock.now = TUESDAY + 14 * HOUR

    await publishing.digests()

    assert "This one is about 2 hours late: it was due at 12:00." in (await newsroom.texts())[0]


async def test_a_weekly_edition_covers_a_week(publishing, newsroom, subscribed, clock):
    query, source = await subscribed(ScheduleTime(0, 8 * 60, 0b0000010))
    clock.now = TUESDAY + 8 * HOUR
    await publishing.digests()
    clock.turn(HOUR)
    await newsroom.article("Of the first day", query, source_id=source)
    clock.now = TUESDAY + 7 * DAY + 10 * HOUR
    await publishing.digests()

    texts = await newsroom.texts()
    assert await made(newsroom) == [(date(2026, 3, 3), 0), (date(2026, 3, 10), 0)]
    assert any("\n\nYour week in the news · " in text for text in texts[1:])
    assert any("Of the first day" in text for text in texts[1:])


async def test_a_missed_weekly_edition_is_merged(publishing, newsroom, subscribed, clock):
    query, source = await subscribed(ScheduleTime(0, 8 * 60, 0b0000010))
    clock.now = TUESDAY + 8 * HOUR
    await publishing.digests()
    clock.turn(HOUR)
    await newsroom.article("Of two weeks ago", query, source_id=source)
    clock.now = TUESDAY + 14 * DAY + 8 * HOUR

    await publishing.digests()

    assert any("Of two weeks ago" in text for text in await newsroom.texts())


async def test_a_weekly_edition_replaces_the_daily_one(publishing, newsroom, subscribed, clock):
    query, source = await subscribed(MORNING, ScheduleTime(1, 8 * 60, 0b0000010))
    await newsroom.article("A headline", query, source_id=source)
    clock.now = TUESDAY + 8 * HOUR
    await publishing.digests()
    await publishing.digests()

    assert await made(newsroom) == [(TUESDAY.date(), 1)]
    assert [chat.next_digest_at for chat in await newsroom.all(Chat)] == [TUESDAY + 32 * HOUR]


@pytest.fixture
def saves(newsroom, storage, clock):
    """Return a function that saves a story for the only chat, as of a time."""

    async def save(title: str, at: datetime) -> None:
        clock.now = at
        (chat,) = await newsroom.all(Chat)
        row = {"chat_id": chat.id, "title": title, "url": f"https://wire.example/{title}"}
        async with storage.writing() as tx:
            await save_stories(tx, [row | {"url_hash": title, "publisher": "Example Wire"}])

    return save


async def test_a_weekly_edition_lists_what_was_saved_within_the_week(
    publishing, newsroom, subscribed, saves, clock
):
    query, source = await subscribed(ScheduleTime(0, 8 * 60, 0b0000010))
    await newsroom.article("News", query, source_id=source)
    await saves("Saved long ago", TUESDAY + 7 * HOUR - 7 * DAY)
    for number in range(MOST_SAVED_SHOWN + 1):
        await saves(f"Saved {number}", TUESDAY + 6 * HOUR)
    clock.now = TUESDAY + 8 * HOUR

    await publishing.digests()

    _, saved = "\n".join(await newsroom.texts()).split("Saved this week")
    assert re.findall(r"Saved \w+", saved) == [
        f"Saved {number}" for number in range(1, MOST_SAVED_SHOWN + 1)
    ]
    assert "Saved 1 · Example Wire" in saved


@pytest.mark.parametrize(
    ("kind", "time"),
    [
        pytest.param(ChatKind.GROUP, ScheduleTime(0, 8 * 60, 0b0000010), id="a group"),
        pytest.param(ChatKind.PRIVATE, MORNING, id="a daily edition"),
    ],
)
async def test_only_weekly_editions_of_private_chats_list_saved_stories(
    publishing, newsroom, subscribed, saves, clock, kind, time
):
    query, source = await subscribed(time)
    await newsroom.change(Chat, 1, kind=kind)
    await newsroom.article("News", query, source_id=source)
    await saves("Saved", TUESDAY + 6 * HOUR)
    clock.now = TUESDAY + 8 * HOUR

    await publishing.digests()

    (text,) = await newsroom.texts()
    assert "Saved" not in text
