"""Sources: adding, claiming, and limits per host."""

import asyncio
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import update

from bot.sources.drafts import url_hash
from storage.db.engine import Storage, Transaction
from storage.enums import SourceState
from storage.sources import (
    Source,
    add_source,
    all_sources,
    change_source,
    claim_public_sources,
    delay_host,
    finish_fetches,
    remove_source,
    source_of,
)
from tests.conftest import TurnedClock

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def row(tx: Transaction, name: str, **values: Any) -> dict[str, Any]:
    return {
        "url": f"https://{name}.example/feed",
        "url_hash": name,
        "host": f"{name}.example",
        "created_at": tx.now,
        "next_fetch_at": tx.now,
        "public": True,
    } | values


async def claimed(storage: Storage, owner: str = "me", limit: int = 9) -> list[str]:
    async with storage.writing() as tx:
        sources = await claim_public_sources(tx, owner=owner, limit=limit, lease=MINUTE)
    return sorted(source.url_hash for source in sources)


async def test_a_source_of_the_same_url_is_not_added_twice(storage: Storage):
    async with storage.writing() as tx:
        first = await add_source(tx, row(tx, "a"))
        second = await add_source(tx, row(tx, "a"))

    assert first
    assert second is None


async def test_only_active_sources_whose_time_has_come_are_due(
    storage: Storage, clock: TurnedClock
):
    async with storage.writing() as tx:
        await add_source(tx, row(tx, "due"))
        await add_source(tx, row(tx, "later", next_fetch_at=tx.now + 2 * MINUTE))
        await add_source(tx, row(tx, "gone", state=SourceState.GONE))

    assert await claimed(storage) == ["due"]
    assert await claimed(storage, "another") == []
    clock.turn(2 * MINUTE)
    assert await claimed(storage, "another") == ["due", "later"]


async def test_the_longest_overdue_goes_first(storage: Storage):
    async with storage.writing() as tx:
        for minutes in (1, 3, 2):
            due = tx.now - minutes * MINUTE
            await add_source(tx, row(tx, str(minutes), next_fetch_at=due))

    assert await claimed(storage, limit=2) == ["2", "3"]


async def test_only_the_owner_finishes(storage: Storage):
    async with storage.writing() as tx:
        source_id = await add_source(tx, row(tx, "a")) or 0
    await claimed(storage)

    async with storage.writing() as tx:
        assert not await finish_fetches(tx, "another", {source_id: {"title": "theirs"}})
        assert await finish_fetches(tx, "me", {source_id: {"title": "mine"}}) == {source_id}

    async with storage.reading() as tx:
        source = await source_of(tx, "a")
    assert source
    assert (source.title, source.owner, source.lease_until) == ("mine", None, None)


async def test_the_operators_sources_are_listed_first(storage: Storage):
    async with storage.writing() as tx:
        await add_source(tx, row(tx, "a", public=False))
        await add_source(tx, row(tx, "b"))
        last = await add_source(tx, row(tx, "c", public=False)) or 0
        await change_source(tx, last, {"public": True})

    async with storage.reading() as tx:
        assert [source.url_hash for source in await all_sources(tx)] == ["b", "c", "a"]


async def test_a_source_can_be_removed_once(storage: Storage):
    async with storage.writing() as tx:
        await add_source(tx, row(tx, "a"))
        assert await remove_source(tx, "a")
        assert not await remove_source(tx, "a")


_numbers = count()


async def add(storage: Storage, *hosts: str) -> None:
    async with storage.writing() as tx:
        for host in hosts:
            url = f"https://{host}/{next(_numbers)}"
            row = {"url": url, "url_hash": url_hash(url), "host": host, "public": True}
            await add_source(tx, row | {"created_at": tx.now, "next_fetch_at": tx.now})


async def pause(storage: Storage, host: str, pause: timedelta) -> None:
    async with storage.writing() as tx:
        await delay_host(tx, host, tx.now + pause, public=True)


async def due_hosts(storage: Storage, owner: str = "me") -> list[str]:
    async with storage.writing() as tx:
        claimed = await claim_public_sources(tx, owner=owner, limit=99, lease=timedelta(seconds=1))
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
            claimed = await claim_public_sources(tx, owner=owner, limit=2, lease=lease)
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
