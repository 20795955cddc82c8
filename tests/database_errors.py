"""Databases that fail and recover."""

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from storage.db.engine import SQLITE, Storage


@dataclass
class DatabaseFailure:
    """A failure of the database of *storage*: a lock, or lost connections."""

    storage: Storage
    url: str
    begun: bool = False
    _lock: sqlite3.Connection | None = None

    async def begin(self) -> None:
        self.begun = True
        if self.storage.dialect == SQLITE:
            await on_writer(self.storage, "PRAGMA busy_timeout = 0")
            self._lock = sqlite3.connect(make_url(self.url).database or "", isolation_level=None)
            self._lock.execute("BEGIN IMMEDIATE")
        else:
            await drop_connections(self.url)

    def end(self) -> None:
        if self._lock:
            self._lock.close()


async def on_writer(storage: Storage, statement: str) -> None:
    """Execute *statement* on the one connection that writes to SQLite."""
    async with storage.writing() as tx:
        await tx.change(text(statement))


async def drop_connections(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    await engine.dispose()


async def execute(url: str, statement: str) -> None:
    """Execute a statement outside a transaction."""
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


class LosingTimes:
    """Stands for the function *act*, but loses the connection the first *times* times."""

    def __init__(self, act: Callable[..., Awaitable[Any]], times: int) -> None:
        self.act, self.times = act, times

    async def __call__(self, *arguments: object, **named: object) -> Any:
        if self.times:
            self.times -= 1
            raise DBAPIError("UPDATE", {}, ConnectionResetError(), connection_invalidated=True)
        return await self.act(*arguments, **named)
