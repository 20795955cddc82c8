"""Sources: adding, claiming, and limits per host."""

import asyncio
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.dialects import sqlite
from sqlmodel import col, select

from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.db.sql import _updating, insert_new
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
from tests.rows import source_row

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def row(tx: Transaction, name: str, **values: Any) -> dict[str, Any]:
    now = {"created_at": tx.now, "next_fetch_at": tx.now}
    return source_row(
        f"https://{name}.example/feed", **{"url_hash": name, "public": True, **now, **values}
    )


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


async def test_only_active_sources_that_are_due_are_claimed(storage: Storage, clock: TurnedClock):
    async with storage.writing() as tx:
        await add_source(tx, row(tx, "due"))
        await add_source(tx, row(tx, "later", next_fetch_at=tx.now + 2 * MINUTE))
        await add_source(tx, row(tx, "gone", state=SourceState.GONE))

    assert await claimed(storage) == ["due"]
    assert await claimed(storage, "another") == []
    clock.turn(2 * MINUTE)
    assert await claimed(storage, "another") == ["due", "later"]


async def test_the_longest_overdue_source_is_claimed_first(storage: Storage):
    async with storage.writing() as tx:
        for minutes in (1, 3, 2):
            due = tx.now - minutes * MINUTE
            await add_source(tx, row(tx, str(minutes), next_fetch_at=due))

    assert await claimed(storage, limit=2) == ["2", "3"]


async def test_only_the_owner_stores_the_results_of_a_fetch(storage: Storage):
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
            now = {"created_at": tx.now, "next_fetch_at": tx.now}
            await add_source(tx, source_row(url, public=True, **now))


async def pause(storage: Storage, host: str, pause: timedelta) -> None:
    async with storage.writing() as tx:
        await delay_host(tx, host, tx.now + pause, public=True)


async def due_hosts(storage: Storage, owner: str = "me") -> list[str]:
    async with storage.writing() as tx:
        claimed = await claim_public_sources(tx, owner=owner, limit=99, lease=timedelta(seconds=1))
    return sorted(source.host for source in claimed)


async def test_all_sources_of_a_host_wait_during_its_pause(storage: Storage, clock: TurnedClock):
    await add(storage, "busy.example", "busy.example", "calm.example")

    await pause(storage, "busy.example", HOUR)

    assert await due_hosts(storage) == ["calm.example"]
    clock.turn(HOUR)
    assert await due_hosts(storage) == ["busy.example", "busy.example", "calm.example"]


async def test_a_source_added_during_a_pause_waits_too(storage: Storage, clock: TurnedClock):
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


async def test_a_pause_can_follow_one_that_has_ended(storage: Storage, clock: TurnedClock):
    await add(storage, "busy.example")
    await pause(storage, "busy.example", HOUR)
    clock.turn(2 * HOUR)

    await pause(storage, "busy.example", HOUR)

    assert await due_hosts(storage) == []


async def test_a_host_is_read_by_one_process_at_a_time(storage: Storage, clock: TurnedClock):
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


async def test_simultaneous_claims_never_share_a_host(storage: Storage):
    await add(storage, *(["one.example"] * 5), *(["two.example"] * 5))

    async def claim_some(owner: str) -> set[str]:
        async with storage.writing() as tx:
            lease = timedelta(minutes=1)
            claimed = await claim_public_sources(tx, owner=owner, limit=2, lease=lease)
        return {source.host for source in claimed}

    taken = await asyncio.gather(*(claim_some(f"owner {number}") for number in range(6)))

    assert sorted(host for hosts in taken for host in hosts) == ["one.example", "two.example"]


async def test_hosts_of_the_operators_own_network_are_read_by_several_processes(storage: Storage):
    await add(storage, "feeds.lan")
    assert await due_hosts(storage) == ["feeds.lan"]
    await add(storage, "feeds.lan")
    async with storage.writing() as tx:
        await tx.change(update(Source).values(own_network=True))

    assert await due_hosts(storage, "another") == ["feeds.lan"]


@pytest.mark.parametrize("by_priority", [False, True], ids=["by time", "by priority"])
@pytest.mark.parametrize("public", [True, False], ids=["public", "private"])
async def test_a_claim_reads_only_sources_that_are_due(
    sqlite_url: str, public: bool, by_priority: bool
):
    claim = _claim_sources("sqlite", public=public, by_priority=by_priority).compile(
        dialect=sqlite.dialect(paramstyle="named")
    )
    values = dict.fromkeys(claim.params) | {"busy": "[]", "claim_limit": 1}
    storage = Storage.open(sqlite_url)
    async with storage.reading() as tx:
        plan = await tx.rows(text(f"EXPLAIN QUERY PLAN {claim}"), **values)
    await storage.close()

    steps = [row[-1] for row in plan]
    assert "ix_source_due (state=? AND public=? AND next_fetch_at<?)" in str(steps)
    assert [step for step in steps if step.startswith("SCAN") and "json_each" not in step] == [
        "SCAN due"
    ]


async def test_finished_fetches_are_found_by_their_ids(sqlite_url: str):
    storage = Storage.open(sqlite_url)
    _columns, update_sources = _updating(sqlite.dialect(), Source, ("id", "title"), "id")
    statement = update_sources.format(values="VALUES (?, ?), (?, ?)", holder="?")
    async with storage.reading() as tx:
        parameters = (1, "one", 2, "two", "me")
        plan = await tx.execute_in_driver(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = [row[-1] for row in plan]
    await storage.close()

    assert "SEARCH source USING INTEGER PRIMARY KEY (rowid=?)" in steps
    assert not [step for step in steps if step.startswith("SCAN source")]


async def test_fetches_with_different_results_finish_together(storage: Storage):
    async with storage.writing() as tx:
        rows = [source_row(f"https://{name}.example", public=True) for name in "abc"]
        ids = await insert_new(tx, Source, rows, returning=Source.id)
        assert len(await claim_public_sources(tx, owner="me", limit=2, lease=MINUTE)) == 2
    detail, seen = {"status": 503, "words": "é'\""}, b"\x00\xff"
    results: dict[int, dict[str, Any]] = {
        ids[0]: {"error": "busy", "error_detail": detail},
        ids[1]: {"etag": None, "fingerprints": seen, "lease_until": rows[0]["created_at"]},
        ids[2]: {"error": "busy", "error_detail": None},
    }

    async with storage.writing() as tx:
        assert await finish_fetches(tx, "me", results) == set(ids[:2])

    a, b, c = await all_sources_by_id(storage)
    assert (a.error, a.error_detail, a.owner, a.lease_until) == ("busy", detail, None, None)
    assert (b.fingerprints, b.owner, b.lease_until) == (seen, None, rows[0]["created_at"])
    assert c.error is None


async def all_sources_by_id(storage: Storage) -> list[Source]:
    async with storage.reading() as tx:
        return list(await tx.rows(select(Source).order_by(col(Source.id))))


async def follow(storage: Storage, account: int, *names: str) -> None:
    async with storage.writing() as tx:
        chat = await tx.add(Chat(telegram_id=account, state_since=tx.now, created_at=tx.now))
        for name in names:
            source = await source_of(tx, name)
            assert source
            await tx.add(Follow(chat_id=chat.id, source_id=source.id))


@pytest.mark.parametrize(
    ("busy", "expected"),
    [
        pytest.param([], ("a", 1), id="nobody"),
        pytest.param([1], ("b", 2), id="the first"),
        pytest.param([1, 2], None, id="both"),
        pytest.param([2], ("a", 1), id="the second"),
    ],
)
async def test_a_private_source_is_claimed_for_an_idle_account(storage: Storage, busy, expected):
    async with storage.writing() as tx:
        for number, name in enumerate("ab"):
            due = tx.now - (2 - number) * MINUTE
            await add_source(tx, row(tx, name, public=False, next_fetch_at=due))
    await follow(storage, 1, "a", "b")
    await follow(storage, 2, "b")

    async with storage.writing() as tx:
        claim = await claim_private_source(tx, owner="me", lease=MINUTE, busy=busy)

    assert (claim and (claim.source.url_hash, claim.account)) == expected


async def test_a_pause_from_a_private_source_binds_private_sources_alone(
    storage: Storage, clock: TurnedClock
):
    async with storage.writing() as tx:
        await add_source(tx, row(tx, "private", host="busy.example", public=False))
        await add_source(tx, row(tx, "public", host="busy.example"))
        await delay_host(tx, "busy.example", tx.now + HOUR, public=False)

    assert await claimed(storage) == ["public"]
    async with storage.writing() as tx:
        assert not await claim_private_source(tx, owner="me", lease=MINUTE, busy=[])
