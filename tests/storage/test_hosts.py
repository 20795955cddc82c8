from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.sources.intake import url_hash
from storage.sources import add_source, claim_due_sources, wait_for_host

if TYPE_CHECKING:
    from storage.engine import Storage
    from tests.conftest import TurnedClock

HOUR = timedelta(hours=1)


async def add(storage: Storage, *hosts: str) -> None:
    async with storage.writing() as unit:
        for number, host in enumerate(hosts):
            url = f"https://{host}/{number}-{unit.now.timestamp()}"
            row = {"url": url, "url_hash": url_hash(url), "host": host}
            await add_source(unit, row | {"created_at": unit.now, "next_fetch_at": unit.now})


async def pause(storage: Storage, host: str, pause: timedelta) -> None:
    async with storage.writing() as unit:
        await wait_for_host(unit, host, unit.now + pause)


async def due_hosts(storage: Storage, owner: str = "me") -> list[str]:
    async with storage.writing() as unit:
        claimed = await claim_due_sources(unit, owner=owner, limit=99, lease=timedelta(seconds=1))
    return sorted(source.host for source in claimed)


async def test_all_sources_of_a_host_wait_when_it_asks(storage: Storage, clock: TurnedClock):
    await add(storage, "busy.example", "busy.example", "calm.example")

    await pause(storage, "busy.example", 2 * HOUR)

    assert await due_hosts(storage) == ["calm.example"]
    clock.turn(2 * HOUR)
    assert await due_hosts(storage) == ["busy.example", "busy.example", "calm.example"]


async def test_a_source_that_comes_meanwhile_waits_too(storage: Storage, clock: TurnedClock):
    await pause(storage, "busy.example", 2 * HOUR)
    await add(storage, "busy.example")

    clock.turn(HOUR)
    assert await due_hosts(storage) == []
    clock.turn(HOUR)
    assert await due_hosts(storage) == ["busy.example"]


async def test_the_longest_pause_counts(storage: Storage, clock: TurnedClock):
    await add(storage, "busy.example")
    for hours in (1, 3, 2):
        await pause(storage, "busy.example", hours * HOUR)

    clock.turn(2.5 * HOUR)
    assert await due_hosts(storage) == []
    clock.turn(0.5 * HOUR)
    assert await due_hosts(storage) == ["busy.example"]


async def test_a_pause_that_is_over_can_come_again(storage: Storage, clock: TurnedClock):
    await add(storage, "busy.example")
    await pause(storage, "busy.example", HOUR)
    clock.turn(2 * HOUR)

    await pause(storage, "busy.example", HOUR)

    assert await due_hosts(storage) == []
