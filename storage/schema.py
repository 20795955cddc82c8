"""The schema: bringing a database up to this version, one process at a time."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage.connecting import server_engine
from storage.engine import POSTGRESQL, SQLITE
from storage.filelock import file_lock

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

# An arbitrary number that nothing else in the database locks.
_ADVISORY_LOCK = 0xDA7E_11FE


class SchemaTooNewError(RuntimeError):
    """The database was migrated by a newer version than this one."""


def database_file(url: str) -> Path | None:
    """Return the file of an SQLite *url*; None for a database without one."""
    parsed = make_url(url)
    if parsed.get_backend_name() != SQLITE or not parsed.database:
        return None
    return Path(parsed.database)


async def migrate(url: str) -> None:
    """Bring the database at *url* up to date; whoever comes second waits and finds it done."""
    path = database_file(url)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Waiting for another process must not stop this one's loop.
        await asyncio.to_thread(_migrate_under_lock, path, url)
    else:
        await _migrate(url)


def _migrate_under_lock(path: Path, url: str) -> None:
    with file_lock(path.with_name(path.name + ".migrate.lock"), wait=True):
        # aiosqlite's thread outlives a file that does not open, and complains of the closed loop.
        path.open("ab").close()
        asyncio.run(_migrate(url))


async def _migrate(url: str) -> None:
    engine = _engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _engine(url: str) -> AsyncEngine:
    """A migration may take as long as it needs."""
    if database_file(url):
        return create_async_engine(url)
    return server_engine(url, command_seconds=None)


def _upgrade(connection: Connection) -> None:
    postgresql = connection.dialect.name == POSTGRESQL
    with connection.begin() if postgresql else nullcontext():
        if postgresql:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        try:
            command.upgrade(migrations(connection), "head")
        except CommandError as error:
            raise SchemaTooNewError(
                "The database was written by a newer version of Dateline; run that version."
            ) from error


def migrations(connection: Connection | None = None) -> Config:
    """Return alembic's configuration; the migrations run on *connection*."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
