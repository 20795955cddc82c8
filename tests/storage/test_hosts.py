from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from sqlalchemy import update

from bot.sources.drafts import url_hash
from storage.sources import Source, add_source, claim_due_sources, delay_host

if TYPE_CHECKING:
    from storage.db.engine import Storage
    from tests.conftest import TurnedClock

HOUR = timedelta(hours=1)
_numbers = count()


async def add(storage: Storage, *hosts: str) -> None:
    async with storage.writing() as tx:
        for host in hosts:
            url = f"https://{host}/{next(_numbers)}"
            row = {"url": url, "url_hash": url_hash(url), "host": host}
            await add_source(tx, row | {"created_at": tx.now, "next_fetch_at": tx.now})


async def pause(storage: Storage, host: str, pause: timedelta) -> None:
    async with storage.writing() as tx:
        await delay_host(tx, host, tx.now + pause)


async def due_hosts(storage: Storage, owner: str = "me") -> list[str]:
    async with storage.writing() as tx:
        claimed = await claim_due_sources(tx, owner=owner, limit=99, lease=timedelta(seconds=1))
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


async def test_a_host_is_somebodys_turn_at_a_time(storage: Storage, clock: TurnedClock):
    await add(storage, "one.example", "two.example")
    first = await due_hosts(storage)
    await add(storage, "one.example", "three.example")

    assert first == ["one.example", "two.example"]
    assert await due_hosts(storage, "another") == ["three.example"]
    assert await due_hosts(storage) == []
    clock.turn(timedelta(seconds=1))
    assert await due_hosts(storage, "another") == [
        "one.example",
        "one.example",
        "three.example",
        "two.example",
    ]


async def test_two_who_claim_at_once_never_get_the_same_host(storage: Storage):
    await add(storage, *(["one.example"] * 5), *(["two.example"] * 5))

    async def claim_some(owner: str) -> set[str]:
        async with storage.writing() as tx:
            lease = timedelta(minutes=1)
            claimed = await claim_due_sources(tx, owner=owner, limit=2, lease=lease)
        return {source.host for source in claimed}

    taken = await asyncio.gather(*(claim_some(f"owner {number}") for number in range(6)))

    assert sorted(host for hosts in taken for host in hosts) == ["one.example", "two.example"]


async def test_sources_of_the_operators_own_network_need_no_turn(storage: Storage):
    await add(storage, "feeds.lan")
    assert await due_hosts(storage) == ["feeds.lan"]
    await add(storage, "feeds.lan")
    async with storage.writing() as tx:
        await tx.session.exec(update(Source).values(own_network=True))

    assert await due_hosts(storage, "another") == ["feeds.lan"]
