from datetime import timedelta
from typing import Any

import pytest

from storage.db.engine import Storage
from storage.db.leases import release, renew
from storage.enums import SourceState
from storage.outages import Outage, claim_outages, note_outages
from storage.sources import Source, change_source
from tests.conftest import TurnedClock
from tests.rows import source_row

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def add(storage: Storage, name: str, *, ago: dict[str, timedelta], **values: Any) -> int:
    """Add a source; *ago*: the ages of its timestamps, by column."""
    async with storage.writing() as tx:
        times = {column: tx.now - passed for column, passed in ago.items()}
        return (await tx.add(Source(**source_row(f"https://{name}/", **times, **values)))).id


async def add_silent(storage: Storage, name: str = "dead.example", **values: Any) -> int:
    """A source that failed ten times in eight days, the last time an hour ago."""
    ago = {"error_since": 8 * DAY, "fetched_at": HOUR} | values.pop("ago", {})
    return await add(storage, name, ago=ago, **{"error": "server_error", "failures": 10} | values)


async def add_well(storage: Storage, name: str = "well.example", ago: timedelta = 2 * HOUR) -> int:
    return await add(storage, name, ago={"fetched_at": ago, "succeeded_at": ago})


async def outages(storage: Storage, owner: str = "me") -> list[Outage]:
    async with storage.writing() as tx:
        await note_outages(tx)
        return await claim_outages(tx, owner=owner, limit=9, lease=HOUR)


async def dead(storage: Storage) -> list[int]:
    return [outage.source_id for outage in await outages(storage)]


async def test_a_source_that_failed_for_a_week_is_dead(storage: Storage):
    await add_well(storage)
    source = await add_silent(storage)

    (outage,) = await outages(storage)

    assert outage.source_id == source
    assert outage.since == (await _now(storage)) - 8 * DAY


async def test_a_source_that_is_gone_is_dead_at_once(storage: Storage):
    ago = {"error_since": HOUR, "fetched_at": HOUR}
    source = await add(storage, "gone.example", ago=ago, state=SourceState.GONE, error="gone")

    assert await dead(storage) == [source]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"ago": {"error_since": 6 * DAY}}, id="failing for six days"),
        pytest.param({"failures": 3}, id="read three times only"),
        pytest.param({"failures": 0, "error": "unavailable"}, id="busy, which is no failure"),
        pytest.param({"state": SourceState.RETIRED}, id="a retired search feed"),
        pytest.param({"ago": {"fetched_at": 7 * DAY}}, id="not read since its first day"),
    ],
)
async def test_a_source_is_not_dead_if(storage: Storage, values: dict[str, Any]):
    await add_well(storage)
    await add_silent(storage, **values)

    assert await dead(storage) == []


async def test_no_source_is_dead_while_our_own_network_fails(storage: Storage, clock: TurnedClock):
    await add_well(storage, ago=9 * DAY)
    await add_silent(storage, "one.example")
    two = await add_silent(storage, "two.example")
    assert await dead(storage) == []

    # The network is back: a source that responds was not dead, a source that fails again is.
    async with storage.writing() as tx:
        await change_source(tx, 1, {"succeeded_at": tx.now})
    assert await dead(storage) == []
    clock.turn(HOUR)
    async with storage.writing() as tx:
        await change_source(tx, two, {"fetched_at": tx.now, "failures": 11})

    assert await dead(storage) == [two]


async def test_the_only_source_can_be_dead(storage: Storage):
    source = await add_silent(storage)

    assert await dead(storage) == [source]


async def test_an_outage_is_claimed_until_it_is_reported(storage: Storage, clock: TurnedClock):
    await add_silent(storage)
    (outage,) = await outages(storage)
    async with storage.writing() as tx:
        assert await renew(tx, Outage, [outage.id], "me", HOUR, reported_through=7)

    assert await outages(storage, "another") == []
    clock.turn(2 * HOUR)
    (taken,) = await outages(storage, "another")
    async with storage.writing() as tx:
        was_mine = await renew(tx, Outage, [outage.id], "me", HOUR, reported_through=9)
        done = await release(tx, Outage, [taken.id], "another", reported_at=tx.now)
    clock.turn(2 * HOUR)

    assert (taken.reported_through, was_mine, done) == (7, set(), {taken.id})
    assert await outages(storage) == []


async def test_an_outage_ends_when_the_source_is_read_again(storage: Storage):
    await add_well(storage)
    source = await add_silent(storage)
    (first,) = await outages(storage)
    async with storage.writing() as tx:
        await release(tx, Outage, [first.id], "me", reported_at=tx.now)
        await change_source(tx, source, {"error": None, "error_since": None, "failures": 0})
    assert await outages(storage) == []

    async with storage.writing() as tx:
        died = {"error": "server_error", "error_since": tx.now - 7.5 * DAY, "failures": 9}
        await change_source(tx, source, died)
    (second,) = await outages(storage)

    assert (second.source_id, second.since > first.since) == (source, True)


async def _now(storage: Storage):
    async with storage.reading() as tx:
        return tx.now
