"""Rules, pauses and priorities of sources, on both databases."""

from datetime import timedelta

import pytest

from storage import source_rules
from storage.db.engine import Storage
from storage.enums import SourcePriority, SourceState
from storage.source_rules import DroppedEntry, SourceRules, count_dropped, remember_dropped
from storage.sources import (
    LONGEST_WAIT,
    Source,
    add_source,
    change_source,
    claim_public_sources,
    due_sources,
    end_pauses,
    remove_source,
)
from tests.conftest import TurnedClock
from tests.rows import source_row
from tests.sources.polled import rows_of

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


async def add(storage: Storage, name: str, **columns) -> int:
    async with storage.writing() as tx:
        times = {"created_at": tx.now, "next_fetch_at": tx.now} | columns
        row = source_row(f"https://{name}.example/feed", **{"public": True} | times)
        return await add_source(tx, row) or 0


async def claim(storage: Storage, limit: int = 1) -> list[str]:
    async with storage.writing() as tx:
        due = await due_sources(tx)
        claimed = await claim_public_sources(
            tx, owner="me", limit=limit, lease=HOUR, by_priority=due.is_prioritized
        )
    return [source.host.partition(".")[0] for source in claimed]


async def test_due_sources_are_claimed_by_priority(storage: Storage, clock: TurnedClock):
    await add(storage, "low", priority=SourcePriority.LOW)
    await add(storage, "normal")
    await add(storage, "high", priority=SourcePriority.HIGH)
    clock.turn(MINUTE)

    assert [*await claim(storage), *await claim(storage), *await claim(storage)] == [
        "high",
        "normal",
        "low",
    ]


@pytest.mark.parametrize("priority", [SourcePriority.LOW, SourcePriority.NORMAL])
@pytest.mark.parametrize(
    ("waited", "first"),
    [
        pytest.param(LONGEST_WAIT - MINUTE, "high0", id="too short"),
        pytest.param(LONGEST_WAIT, "waiting", id="long enough"),
    ],
)
async def test_a_source_that_waited_long_is_claimed_with_the_high_ones(
    storage: Storage, clock: TurnedClock, priority, waited, first
):
    await add(storage, "waiting", priority=priority)
    clock.turn(waited)
    for number in range(5):
        await add(storage, f"high{number}", priority=SourcePriority.HIGH)

    assert await claim(storage) == [first]


async def test_priorities_are_looked_at_only_if_a_due_source_has_one(
    storage: Storage, clock: TurnedClock
):
    await add(storage, "normal")
    await add(storage, "later", priority=SourcePriority.HIGH, next_fetch_at=clock.now + HOUR)
    async with storage.reading() as tx:
        before = (await due_sources(tx)).is_prioritized
    clock.turn(2 * HOUR)
    async with storage.reading() as tx:
        after = (await due_sources(tx)).is_prioritized

    assert (before, after) == (False, True)


async def test_a_paused_source_is_not_claimed_until_its_pause_is_over(
    storage: Storage, clock: TurnedClock
):
    until = clock.now + HOUR
    source_id = await add(storage, "paused", state=SourceState.PAUSED, paused_until=until)
    clock.turn(HOUR - MINUTE)
    early = await claim(storage)
    clock.turn(MINUTE)
    async with storage.writing() as tx:
        is_over = (await due_sources(tx)).is_pause_over
        await end_pauses(tx)
        source = await tx.get_one(Source, source_id)

    assert (early, is_over) == ([], True)
    assert (source.state, source.paused_until) == (SourceState.ACTIVE, None)
    assert await claim(storage) == ["paused"]


async def test_a_pause_for_good_does_not_end(storage: Storage, clock: TurnedClock):
    await add(storage, "paused", state=SourceState.PAUSED)
    clock.turn(timedelta(days=4_000))
    async with storage.writing() as tx:
        assert not (await due_sources(tx)).is_pause_over
        await end_pauses(tx)

    assert await claim(storage) == []


async def test_rules_are_kept_as_long_as_there_are_any(storage: Storage):
    source_id = await add(storage, "ruled")
    async with storage.writing() as tx:
        rules = SourceRules(source_id=source_id, article="#story", dropped=[".box"])
        await source_rules.set_rules(tx, rules)
        found = (await source_rules.rules_of(tx, [source_id]))[source_id]
        flagged = (await tx.get_one(Source, source_id)).has_rules
    async with storage.writing() as tx:
        await source_rules.set_rules(tx, SourceRules(source_id=source_id))
        left = await source_rules.rules_of(tx, [source_id])
        cleared = (await tx.get_one(Source, source_id)).has_rules

    assert (found.article, found.dropped, flagged) == ("#story", [".box"], True)
    assert (left, cleared) == ({}, False)


async def test_a_problem_with_selectors_ends_when_the_rules_change(
    storage: Storage, clock: TurnedClock
):
    source_id = await add(storage, "ruled")
    async with storage.writing() as tx:
        await source_rules.set_rules(tx, SourceRules(source_id=source_id, article="#story"))
        await source_rules.note_selector_problem(tx, source_id, "too_slow")
        noted = (await source_rules.rules_of(tx, [source_id]))[source_id].problem_at
    async with storage.writing() as tx:
        await source_rules.set_rules(tx, SourceRules(source_id=source_id, article="main"))
        changed = (await source_rules.rules_of(tx, [source_id]))[source_id].problem

    assert (noted, changed) == (clock.now, None)


def dropped(number: int) -> dict[str, str]:
    return {"guid_hash": f"guid {number}", "content_hash": "content", "title": "Title"}


async def test_dropped_entries_are_counted_and_forgotten_with_their_source(
    storage: Storage, clock: TurnedClock
):
    source_id = await add(storage, "ruled")
    async with storage.writing() as tx:
        await remember_dropped(tx, source_id, [dropped(1), dropped(2), dropped(1)])
        shown = {source_id: ["guid 1", "guid 9"]}
        known = await source_rules.dropped_entries(tx, shown)
        count = await count_dropped(tx, source_id, tx.now - HOUR)
    async with storage.writing() as tx:
        await remove_source(tx, source_row("https://ruled.example/feed")["url_hash"])

    assert known == {source_id: {"guid 1": "content"}}
    assert count == (2, 2)
    assert await rows_of(storage, DroppedEntry) == []


async def test_the_oldest_dropped_entries_are_forgotten(
    storage: Storage, clock: TurnedClock, monkeypatch
):
    monkeypatch.setattr(source_rules, "MOST_REMEMBERED", 3)
    source_id = await add(storage, "ruled")
    for number in range(6):
        clock.turn(MINUTE)
        async with storage.writing() as tx:
            await remember_dropped(tx, source_id, [dropped(number)])

    kept = sorted(entry.guid_hash for entry in await rows_of(storage, DroppedEntry))
    assert kept == ["guid 2", "guid 3", "guid 4", "guid 5"]


async def test_changing_a_source_keeps_its_pause(storage: Storage):
    source_id = await add(storage, "paused", state=SourceState.PAUSED)
    async with storage.writing() as tx:
        await change_source(tx, source_id, {"title": "New"})
        source = await tx.get_one(Source, source_id)

    assert source.state is SourceState.PAUSED
