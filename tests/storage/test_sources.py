"""Sources: adding, claiming, and limits per host."""

import asyncio
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.dialects import sqlite

from bot.sources.drafts import url_hash
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.enums import SourceState
from storage.sources import (
    Follow,
    Source,
    _claim_sources,
    add_source,
    all_sources,
    change_source,
    claim_private_source,
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

    await pause(storage, "busy.example", HOUR)

    assert await due_hosts(storage) == ["calm.example"]
    clock.turn(HOUR)
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


@pytest.mark.parametrize("public", [True, False], ids=["public", "private"])
async def test_a_claim_looks_at_the_sources_that_are_due_alone(sqlite_url: str, public: bool):
    asked = _claim_sources("sqlite", public=public).compile(
        dialect=sqlite.dialect(paramstyle="named")
    )
    values = dict.fromkeys(asked.params) | {"busy": "[]", "claim_limit": 1}
    opened = Storage.open(sqlite_url)
    async with opened.reading() as tx:
        connection = await tx.session.connection()
        plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", values)).all()

    await opened.close()
    steps = [row[-1] for row in plan]
    assert "ix_source_due (state=? AND public=? AND next_fetch_at<?)" in str(steps)
    assert [step for step in steps if step.startswith("SCAN") and "json_each" not in step] == [
        "SCAN due"
    ]


async def follow(storage: Storage, account: int, *names: str) -> None:
    async with storage.writing() as tx:
        chat = Chat(telegram_id=account, state_since=tx.now, created_at=tx.now)
        tx.session.add(chat)
        await tx.session.flush()
        for name in names:
            source = await source_of(tx, name)
            assert source
            tx.session.add(Follow(chat_id=chat.id, source_id=source.id))


@pytest.mark.parametrize(
    ("busy", "expected"),
    [
        pytest.param([], ("a", 1), id="nobody"),
        pytest.param([1], ("b", 2), id="the first"),
        pytest.param([1, 2], None, id="both"),
        pytest.param([2], ("a", 1), id="the second"),
    ],
)
async def test_a_private_source_is_claimed_for_an_account_that_is_not_busy(
    storage: Storage, busy, expected
):
    async with storage.writing() as tx:
        for number, name in enumerate("ab"):
            due = tx.now - (2 - number) * MINUTE
            await add_source(tx, row(tx, name, public=False, next_fetch_at=due))
    await follow(storage, 1, "a", "b")
    await follow(storage, 2, "b")

    async with storage.writing() as tx:
        claim = await claim_private_source(tx, owner="me", lease=MINUTE, busy=busy)

    assert (claim and (claim.source.url_hash, claim.account)) == expected


async def test_a_pause_that_a_user_has_learned_binds_private_sources_alone(
    storage: Storage, clock: TurnedClock
):
    async with storage.writing() as tx:
        await add_source(tx, row(tx, "private", host="busy.example", public=False))
        await add_source(tx, row(tx, "public", host="busy.example"))
        await delay_host(tx, "busy.example", tx.now + HOUR, public=False)

    assert await claimed(storage) == ["public"]
    async with storage.writing() as tx:
        assert not await claim_private_source(tx, owner="me", lease=MINUTE, busy=[])
