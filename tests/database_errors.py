"""Databases that fail and recover."""

import sqlite3
from dataclasses import dataclass

from sqlalchemy import make_url, text
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
