"""Transactions and claims, and which errors of the database are transient."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import TemplateNotFound
from sqlalchemy import func, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import select

from bot.delivery.telegram import LIMITS
from bot.matching.stage import LEASE as GROUPING_LEASE
from storage.db.clock import IDLE_TRANSACTION_TIMEOUT, database_clock
from storage.db.engine import Storage
from storage.db.leases import release_all_of_others
from storage.db.problems import DatabaseError, is_transient
from storage.sources import Source
from tests.conftest import TurnedClock
from tests.storage.stored import LEASE, add_sources, claim_sources

SECOND = timedelta(seconds=1)


async def test_an_error_does_not_show_what_users_wrote(storage: Storage):
    query = select(func.no_such_function("what somebody subscribes to"))

    async with storage.reading() as tx:
        with pytest.raises(DatabaseError) as raised:
            await tx.rows(query)

    assert "what somebody subscribes to" not in str(raised.value)


async def test_a_row_is_claimed_by_one_owner(storage: Storage):
    await add_sources(storage, 3)

    first = await claim_sources(storage, "a", limit=2)
    second = await claim_sources(storage, "b")

    assert (len(first), len(second)) == (2, 1)
    assert not set(first) & set(second)


async def test_an_expired_lease_makes_the_row_due_again(storage: Storage, clock: TurnedClock):
    await add_sources(storage, 1)
    first = await claim_sources(storage, "a")

    clock.turn(LEASE - timedelta(seconds=1))
    too_early = await claim_sources(storage, "b")
    clock.turn(timedelta(seconds=1))
    in_time = await claim_sources(storage, "b")

    assert too_early == []
    assert in_time == first


async def test_the_only_process_frees_the_rows_of_dead_ones(storage: Storage):
    await add_sources(storage, 2)
    await claim_sources(storage, "dead", limit=1)
    mine = await claim_sources(storage, "alive", limit=1)

    async with storage.writing() as tx:
        await release_all_of_others(tx, Source, "alive")

    async with storage.reading() as tx:
        owners = await tx.rows(select(Source))
    assert [row.id for row in owners if row.owner == "alive"] == mine
    assert [row.owner for row in owners if row.id not in mine] == [None]


async def test_a_failed_transaction_leaves_nothing(storage: Storage):
    async def fail_after_a_write() -> None:
        async with storage.writing() as tx:
            await tx.change(update(Source).values(title="changed"))
            raise RuntimeError

    await add_sources(storage, 1)

    with pytest.raises(RuntimeError):
        await fail_after_a_write()

    async with storage.reading() as tx:
        assert await tx.one(select(Source.title)) == ""


async def test_a_reader_does_not_block_a_writer(storage: Storage):
    await add_sources(storage, 1)

    async with storage.reading() as reader:
        before = await reader.one(select(Source.title))
        async with storage.writing() as writer:
            await writer.change(update(Source).values(title="changed"))

    assert before == ""


async def test_times_come_back_aware_and_to_the_microsecond(storage: Storage, clock: TurnedClock):
    clock.now = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
    await add_sources(storage, 1)

    async with storage.reading() as tx:
        source = await tx.one(select(Source))

    assert source.created_at == clock.now


async def test_the_database_clock_is_finer_than_a_second_and_advances(database_url: str):
    storage = Storage.open(database_url, clock=database_clock)
    times = []
    for _ in range(20):
        async with storage.reading() as tx:
            times.append(tx.now)
    await storage.close()

    assert times == sorted(times)
    assert any(time.microsecond for time in times)
    assert all(time.tzinfo is UTC for time in times)


async def test_sqlite_is_in_write_ahead_mode_with_foreign_keys(sqlite_url: str):
    storage = Storage.open(sqlite_url)

    async with storage.reading() as tx:
        assert await tx.one(text("PRAGMA journal_mode")) == ("wal",)
        assert await tx.one(text("PRAGMA foreign_keys")) == (1,)
    await storage.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_postgresql_ends_an_idle_transaction_before_any_lease_is_over(database_url):
    storage = Storage.open(database_url)

    async with storage.writing() as tx:
        (timeout,) = await tx.one(text("SHOW idle_in_transaction_session_timeout"))
    await storage.close()

    assert timeout == f"{IDLE_TRANSACTION_TIMEOUT.seconds}s"
    assert min(LIMITS.claim_lease, GROUPING_LEASE) > IDLE_TRANSACTION_TIMEOUT


async def test_a_transaction_reads_the_clock_again_after_a_lock(
    storage: Storage, clock: TurnedClock
):
    async with storage.writing() as tx:
        clock.turn(SECOND)

        later = await tx.anew()

    assert later.now - tx.now == SECOND
    assert (later.connection, later.notifications) == (tx.connection, tx.notifications)


async def lock_both(storage: Storage, first: int, second: int, met: asyncio.Barrier) -> None:
    async with storage.writing() as tx:
        await tx.rows(text(f"SELECT pg_advisory_xact_lock({first})"))
        await met.wait()
        await tx.rows(text(f"SELECT pg_advisory_xact_lock({second})"))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_deadlock_is_transient(storage):
    met = asyncio.Barrier(2)

    outcomes = await asyncio.gather(
        lock_both(storage, 1, 2, met), lock_both(storage, 2, 1, met), return_exceptions=True
    )

    (lost,) = filter(None, outcomes)
    assert isinstance(lost, DBAPIError)
    assert is_transient(lost)


def test_a_violated_constraint_is_not_transient():
    assert not is_transient(IntegrityError("INSERT", {}, ValueError("there is one")))


def test_a_missing_template_is_not_transient():
    assert not is_transient(TemplateNotFound("chat/nothing.html"))
