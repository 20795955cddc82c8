"""What the engine sees of SQLite's driver, whatever the hops."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlmodel import select

from storage.db.engine import Storage
from storage.onehop import OneHop


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
    """What was asked of the driver's thread, from now on."""
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


async def test_a_connection_goes_back_without_a_hop(sqlite_url: str, hops: list[Any]) -> None:
    storage = Storage.open(sqlite_url)
    for use in (storage.reading, storage.writing):
        async with use() as unit:
            await unit.session.exec(select(1))
        hops.clear()

        async with use() as unit:
            await unit.session.exec(select(1))

        assert len(hops) == len(["begin", "select", "commit"])
    await storage.close()


async def test_rows_that_a_change_returns_are_there_and_counted(
    connection: AsyncConnection,
) -> None:
    words = [{"text": "one"}, {"text": "two"}]
    added = await connection.execute(text("INSERT INTO word (text) VALUES (:text)"), words)
    changed = await connection.execute(text("UPDATE word SET text = text || '!' RETURNING text"))

    assert added.rowcount == 2
    assert changed.scalars().all() == ["one!", "two!"]


async def test_the_next_statement_does_after_one_that_failed(connection: AsyncConnection) -> None:
    await connection.execute(text("INSERT INTO word VALUES (1, 'one')"))
    with pytest.raises(IntegrityError, match="UNIQUE"):
        await connection.execute(text("INSERT INTO word VALUES (2, 'one')"))

    assert (await connection.execute(text("SELECT text FROM word"))).scalar_one() == "one"


async def test_a_statement_without_rows_has_none(connection: AsyncConnection) -> None:
    found = await connection.execute(text("SELECT text FROM word WHERE id = 7"))

    assert found.keys() == ["text"]
    assert found.first() is None


async def test_who_is_cancelled_while_a_file_opens_leaves_nothing_open(
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
    async with storage.reading() as unit:
        await unit.session.exec(select(1))
