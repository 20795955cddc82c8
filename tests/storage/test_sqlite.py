"""SQLite: one hop to the thread for a statement, one file for a process."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlmodel import select

from storage.db.engine import Storage
from storage.db.onehop import OneHop
from storage.db.problems import DatabaseError, is_disconnected, is_unavailable
from storage.db.sqlite import BUSY_SECONDS
from tests.database_errors import on_writer


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[AsyncConnection]:
    url = f"sqlite+aiosqlite:///{tmp_path}/hops.sqlite3"
    engine = create_async_engine(url, module=OneHop())
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE word (id INTEGER PRIMARY KEY, text UNIQUE)"))
        yield connection
    await engine.dispose()


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The calls of the driver's thread from now on."""
    hops: list[Any] = []
    hop: Any = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, *arguments: Any, **more: Any) -> Any:
        hops.append(arguments)
        return await hop(self, *arguments, **more)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    return hops


async def test_a_statement_hops_once(connection: AsyncConnection, hops: list[Any]) -> None:
    found = await connection.execute(text("SELECT 1 UNION SELECT 2"))

    assert found.scalars().all() == [1, 2]
    assert len(hops) == 1


async def test_a_connection_returns_to_the_pool_without_a_hop(
    sqlite_url: str, hops: list[Any]
) -> None:
    storage = Storage.open(sqlite_url)
    steps = {storage.reading: ["select"], storage.writing: ["begin", "select", "commit"]}
    for use, expected in steps.items():
        async with use() as tx:
            await tx.rows(select(1))
        hops.clear()

        async with use() as tx:
            await tx.rows(select(1))

        assert len(hops) == len(expected)
    await storage.close()


async def test_all_statements_of_a_function_hop_together(sqlite_url: str, hops: list[Any]) -> None:
    async def work() -> list[int]:
        return [await tx.one(select(n)) for n in (1, 2, 3)]

    storage = Storage.open(sqlite_url)
    async with storage.writing() as tx:
        await tx.driver()  # connects
        hops.clear()

        assert await tx.at_once(work()) == [1, 2, 3]
        assert len(hops) == 1
    await storage.close()


async def test_an_error_on_the_thread_is_raised_to_the_caller(storage: Storage) -> None:
    async def work() -> None:
        await tx.rows(text("SELECT nothing"))

    with pytest.raises(DatabaseError):
        async with storage.writing() as tx:
            await tx.at_once(work())
    async with storage.writing() as tx:
        assert await tx.one(select(1)) == 1


async def test_only_statements_can_be_awaited_on_the_thread(sqlite_url: str) -> None:
    storage = Storage.open(sqlite_url)
    async with storage.writing() as tx:
        with pytest.raises(RuntimeError, match="only statements"):
            await tx.at_once(asyncio.sleep(0))
    await storage.close()


async def test_a_cancelled_caller_waits_for_the_thread(sqlite_url: str) -> None:
    started, going_on, done = threading.Event(), threading.Event(), []

    async def work() -> None:
        started.set()
        going_on.wait()
        done.append(await tx.one(select(1)))

    storage = Storage.open(sqlite_url)
    async with storage.writing() as tx:
        waiting = asyncio.create_task(tx.at_once(work()))
        await asyncio.to_thread(started.wait)
        for _ in range(2):
            waiting.cancel()
            await asyncio.wait([waiting], timeout=0)
            assert not waiting.done()
        going_on.set()
        with pytest.raises(asyncio.CancelledError):
            await waiting

        assert done == [1]
        assert await tx.one(select(2)) == 2
    await storage.close()


async def test_an_update_returns_its_rows_and_an_insert_its_count(
    connection: AsyncConnection,
) -> None:
    words = [{"text": "one"}, {"text": "two"}]
    added = await connection.execute(text("INSERT INTO word (text) VALUES (:text)"), words)
    changed = await connection.execute(text("UPDATE word SET text = text || '!' RETURNING text"))

    assert added.rowcount == 2
    assert changed.scalars().all() == ["one!", "two!"]


async def test_a_statement_works_after_a_failed_one(connection: AsyncConnection) -> None:
    await connection.execute(text("INSERT INTO word VALUES (1, 'one')"))
    with pytest.raises(IntegrityError, match="UNIQUE"):
        await connection.execute(text("INSERT INTO word VALUES (2, 'one')"))

    assert (await connection.execute(text("SELECT text FROM word"))).scalar_one() == "one"


async def test_a_statement_without_rows_has_none(connection: AsyncConnection) -> None:
    found = await connection.execute(text("SELECT text FROM word WHERE id = 7"))

    assert found.keys() == ["text"]
    assert found.first() is None


async def test_a_caller_cancelled_while_a_file_opens_leaves_it_closed(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[sqlite3.Connection] = []
    connect, loop = sqlite3.connect, asyncio.get_running_loop()

    def connect_in_vain(*arguments: Any, **options: Any) -> sqlite3.Connection:
        loop.call_soon_threadsafe(asking.cancel)
        opened.append(connect(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", connect_in_vain)
    storage = Storage.open(sqlite_url)
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(ask(storage))
    await storage.close()

    assert asking.cancelled()
    (file,) = opened
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        file.execute("SELECT 1")


async def ask(storage: Storage) -> None:
    async with storage.reading() as tx:
        await tx.rows(select(1))


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def other_program(database_url: str) -> Iterator[sqlite3.Connection]:
    file = make_url(database_url).database or ""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        yield connection


async def write(storage: Storage) -> None:
    await on_writer(storage, "SELECT 1")


async def patience_ms(storage: Storage) -> int:
    await storage._return_kept()
    async with storage._writing_engine.connect() as connection:
        return int((await connection.execute(text("PRAGMA busy_timeout"))).scalar_one())


async def test_queued_writers_share_one_wait_for_a_lock(storage, other_program):
    before = await patience_ms(storage)
    await on_writer(storage, "PRAGMA busy_timeout = 1")
    other_program.execute("BEGIN EXCLUSIVE")

    failed = await asyncio.gather(*(write(storage) for _ in range(4)), return_exceptions=True)
    meanwhile = await patience_ms(storage)
    other_program.execute("ROLLBACK")
    await write(storage)

    errors = [error for error in failed if isinstance(error, DatabaseError)]
    assert len(errors) == len(failed)
    assert all(is_unavailable(error) and is_disconnected(error) for error in errors)
    assert meanwhile == 0
    assert before == await patience_ms(storage) == BUSY_SECONDS * 1000


async def test_a_lock_does_not_block_readers(storage, other_program):
    await write(storage)
    other_program.execute("BEGIN EXCLUSIVE")

    async with storage.reading() as tx:
        assert await tx.one(text("SELECT count(*) FROM chat")) == (0,)


async def test_a_violated_constraint_is_not_taken_for_a_lock(storage):
    with pytest.raises(DatabaseError) as failed:
        await on_writer(storage, "INSERT INTO chat (id) VALUES (NULL)")

    assert not is_disconnected(failed.value)
    assert await patience_ms(storage) == BUSY_SECONDS * 1000
