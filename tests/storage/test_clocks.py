"""Times that a wrong clock stored count as now; times that users chose stay."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from storage.bundles import Bundle
from storage.chats import Chat
from storage.clocks import PoisonedTime, clock_rules, mend_times, poisoned_times
from storage.db.engine import Storage
from storage.mutes import Mute
from storage.pace import (
    LONGEST_LEAD,
    LONGEST_PAUSE,
    Pace,
    advance_all,
    credible_tat,
    lock_pace,
    pause,
    pause_chat,
)
from storage.sources import Source, claim_public_sources, finish_fetches
from tests.conftest import MONDAY_NOON
from tests.delivery.conftest import PACE_KEY, Outbox
from tests.rows import source_row
from tests.sample_rows import fill

SECOND, MINUTE, HOUR, DAY = (
    timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days")
)


async def mended(storage: Storage) -> list[PoisonedTime]:
    async with storage.reading() as tx:
        found = await poisoned_times(tx)
    async with storage.writing() as tx:
        await mend_times(tx, found)
    return found


async def values(storage: Storage, column: Any) -> list[datetime]:
    async with storage.reading() as tx:
        return list(await tx.rows(select(col(column)).order_by(column)))


async def test_every_time_beyond_its_rule_is_found_and_mended(storage):
    """The times of the sample rows lie in the year 9999."""
    await fill(storage)
    chosen = [await values(storage, column) for column in (Mute.until, Chat.resume_at)]

    found = await mended(storage)

    assert {each.column for each in found} == {rule.name for rule in clock_rules()}
    assert await mended(storage) == []
    assert [await values(storage, column) for column in (Mute.until, Chat.resume_at)] == chosen


async def test_a_right_clock_stores_no_poisoned_times(storage, clock):
    outbox = Outbox(storage)
    chat = await outbox.chat(7)
    await outbox.add(chat, due_at=clock.now + 5 * MINUTE)
    async with storage.writing() as tx:
        await pause_chat(tx, PACE_KEY, 7, tx.now + LONGEST_PAUSE)
        await advance_all(tx, {PACE_KEY: tx.now + LONGEST_LEAD})

    assert await mended(storage) == []


async def test_mended_bundles_of_one_chat_keep_distinct_times(storage, clock):
    chat = await Outbox(storage).chat(7)
    async with storage.writing() as tx:
        for days in (30, 31):
            await tx.add(Bundle(chat_id=chat, release_at=tx.now + days * DAY, is_quiet=False))

    await mended(storage)

    assert all(time - clock.now < SECOND for time in await values(storage, Bundle.release_at))


@pytest.mark.parametrize("ahead", [2 * HOUR, DAY], ids=str)
async def test_a_source_read_under_a_wrong_clock_is_due_at_once(storage, clock, ahead):
    clock.turn(ahead)
    async with storage.writing() as tx:
        now = {"created_at": tx.now, "next_fetch_at": tx.now}
        source = await tx.add(Source(**source_row(public=True, **now)))
    async with storage.writing() as tx:
        await claim_public_sources(tx, owner="me", limit=1, lease=MINUTE)
        read = {"fetched_at": tx.now, "next_fetch_at": tx.now + HOUR}
        await finish_fetches(tx, "me", {source.id: read})
    clock.turn(-ahead)

    await mended(storage)

    async with storage.writing() as tx:
        assert len(await claim_public_sources(tx, owner="me", limit=1, lease=MINUTE)) == 1


async def test_a_pause_learned_under_a_wrong_clock_has_ended(storage, clock):
    clock.turn(2 * HOUR)
    async with storage.writing() as tx:
        await pause(tx, PACE_KEY, tx.now + SECOND)
    clock.turn(-2 * HOUR)

    await mended(storage)

    assert await values(storage, Pace.paused_until) == [clock.now]


@pytest.mark.parametrize(
    ("ahead", "counts_as"),
    [
        pytest.param(timedelta(), timedelta(), id="now"),
        pytest.param(-HOUR, -HOUR, id="long ago"),
        pytest.param(LONGEST_LEAD, LONGEST_LEAD, id="as far as permits run"),
        pytest.param(LONGEST_LEAD + SECOND, timedelta(), id="beyond"),
        pytest.param(2 * HOUR, timedelta(), id="two hours"),
    ],
)
def test_an_arrival_time_too_far_ahead_counts_as_now(ahead, counts_as):
    assert credible_tat(MONDAY_NOON + ahead, MONDAY_NOON) == MONDAY_NOON + counts_as


async def test_locking_a_pace_mends_it(storage, clock):
    async with storage.writing() as tx:
        await advance_all(tx, {PACE_KEY: tx.now + 2 * HOUR})
    async with storage.writing() as tx:
        await lock_pace(tx, PACE_KEY)

    assert await values(storage, Pace.tat) == [clock.now]
