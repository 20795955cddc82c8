"""`Storage.write_at_once`: a whole transaction, in one hop to SQLite's thread."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import func, select

from storage.db.engine import Storage, Transaction
from storage.db.problems import DatabaseError
from storage.enums import Notification
from storage.sources import Source
from tests.rows import source_row


def source(host: str) -> Source:
    return Source(**source_row(f"https://{host}/"))


async def hosts(storage: Storage) -> list[str]:
    async with storage.reading() as tx:
        return list(await tx.rows(select(Source.host).order_by(Source.host)))


def adding(*names: str) -> Callable[[Transaction], Coroutine[Any, Any, int]]:
    async def add(tx: Transaction) -> int:
        for name in names:
            await tx.add(source(name))
        tx.notifications.add(Notification.ARTICLES)
        return await tx.one(select(func.count()).select_from(Source))

    return add


async def test_the_result_of_the_work_is_returned_and_its_rows_are_stored(storage: Storage):
    assert await storage.write_at_once(adding("a.example", "b.example")) == 2

    assert await hosts(storage) == ["a.example", "b.example"]


async def test_failed_work_leaves_nothing_and_another_transaction_can_follow(storage: Storage):
    with pytest.raises(IntegrityError):
        await storage.write_at_once(adding("a.example", "a.example"))

    assert await storage.write_at_once(adding("b.example")) == 1
    assert await hosts(storage) == ["b.example"]


async def test_work_that_waits_for_anything_else_leaves_nothing(storage: Storage):
    async def wait(tx: Transaction) -> None:
        await tx.add(source("a.example"))
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="only statements"):
        await storage.write_at_once(wait)

    assert await storage.write_at_once(adding("b.example")) == 1


async def test_rows_of_failed_work_can_be_added_again(storage: Storage):
    row = source("a.example")

    async def add_and_fail(tx: Transaction) -> None:
        await tx.add(row)
        await tx.change(text("UPDATE source SET nothing = 1"))

    with pytest.raises(DatabaseError):
        await storage.write_at_once(add_and_fail)
    async with storage.writing() as tx:
        await tx.add(row)

    assert await hosts(storage) == ["a.example"]


class Notifications:
    def __init__(self) -> None:
        self.given: list[Any] = []

    def give(self, notifications: Any, /) -> None:
        self.given += notifications


async def test_notifications_are_given_after_the_commit_only(storage: Storage):
    with storage.notifying(notifier := Notifications()):
        with pytest.raises(IntegrityError):
            await storage.write_at_once(adding("a.example", "a.example"))
        assert notifier.given == []

        await storage.write_at_once(adding("a.example"))

    assert notifier.given == [Notification.ARTICLES]


@pytest.mark.parametrize("fails", [False, True], ids=["commits", "rolls back"])
async def test_a_transaction_whose_caller_is_cancelled_ends_first(sqlite_url: str, fails: bool):
    started, going_on = threading.Event(), threading.Event()

    async def work(tx: Transaction) -> None:
        await tx.add(source("a.example"))
        tx.notifications.add(Notification.ARTICLES)
        started.set()
        going_on.wait()
        if fails:
            await tx.add(source("a.example"))

    storage = Storage.open(sqlite_url)
    with storage.notifying(notifier := Notifications()):
        writing = asyncio.create_task(storage.write_at_once(work))
        await asyncio.to_thread(started.wait)
        for _ in range(2):
            writing.cancel()
            await asyncio.wait([writing], timeout=0)
            assert not writing.done()
        going_on.set()
        with pytest.raises(asyncio.CancelledError):
            await writing

        assert await hosts(storage) == ([] if fails else ["a.example"])
        assert notifier.given == ([] if fails else [Notification.ARTICLES])
        await storage.write_at_once(adding("b.example"))
    await storage.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_cancelled_transaction_on_postgresql_is_rolled_back(storage: Storage):
    added = asyncio.Event()

    async def work(tx: Transaction) -> None:
        await tx.add(source("a.example"))
        added.set()
        await tx.rows(text("SELECT pg_sleep(600)"))

    writing = asyncio.create_task(storage.write_at_once(work))
    await added.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    assert storage.connections_in_use == 0
    assert await storage.write_at_once(adding("b.example")) == 1


async def test_only_open_transactions_use_a_connection(storage: Storage):
    await storage.write_at_once(adding("a.example"))
    before = storage.connections_in_use
    async with storage.writing() as tx, storage.reading():
        await tx.rows(select(1))
        meanwhile = storage.connections_in_use

    assert (before, meanwhile, storage.connections_in_use) == (0, 2, 0)


async def test_a_reading_sees_rows_that_were_committed_since_its_beginning(storage: Storage):
    async with storage.reading() as tx:
        await storage.write_at_once(adding("a.example"))

        assert await tx.rows(select(Source.host)) == ["a.example"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_statements_of_a_reading_share_a_transaction_only_on_request(storage: Storage):
    setting = text("SET LOCAL plan_cache_mode = force_custom_plan")
    modes = []
    for begin in (storage.reading_in_transaction, storage.reading, storage.reading_in_transaction):
        async with begin() as tx:
            await tx.change(setting)
            modes += await tx.one(text("SHOW plan_cache_mode"))

    assert modes == ["force_custom_plan", "auto", "force_custom_plan"]


async def test_a_writing_after_a_reading_is_a_transaction(storage: Storage):
    await hosts(storage)

    async def add_and_fail() -> None:
        async with storage.writing() as tx:
            await tx.add(source("a.example"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await add_and_fail()

    assert await hosts(storage) == []


async def test_a_transaction_without_models_makes_no_session(storage: Storage):
    async with storage.writing() as tx:
        await tx.rows(select(Source.id))
        without = list(tx.sessions)
        await tx.rows(select(Source))

    assert without == []
    assert len(tx.sessions) == 1
