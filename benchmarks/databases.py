"""Empty databases for a run: an SQLite file, or a database of its own on a PostgreSQL server."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage.db.clock import DatabaseClock, database_clock
from storage.db.engine import Storage


@asynccontextmanager
async def database(server: str | None = None) -> AsyncIterator[str]:
    """Yield the URL of an empty, migrated database, on *server* or in a temporary folder."""
    if server:
        async with unmigrated_database(server) as url:
            await migrate_in_child(url)
            yield url
        return
    with TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/benchmark.sqlite3"
        await migrate_in_child(url)
        yield url


async def migrate_in_child(url: str) -> None:
    """Migrate the database in a process of its own.

    Modules that migrate are 12 MB, and a bot loads them only when it first starts a new version.
    """
    migrate = "from storage.schema import migrate; asyncio.run(migrate(sys.argv[1]))"
    command = (sys.executable, "-c", f"import asyncio, sys; {migrate}", url)
    child = await asyncio.create_subprocess_exec(*command)
    if await child.wait():
        raise SystemExit("The database could not be migrated.")


@asynccontextmanager
async def empty_storage(
    server: str | None = None, clock: DatabaseClock = database_clock
) -> AsyncIterator[Storage]:
    """Yield a storage on an empty database."""
    async with database(server) as url:
        storage = Storage.open(url, clock=clock)
        try:
            yield storage
        finally:
            await storage.close()


@asynccontextmanager
async def unmigrated_database(server: str) -> AsyncIterator[str]:
    """Yield the URL of a new database on *server*; it is dropped at the end."""
    name = f"dateline_benchmark_{os.getpid()}"
    await _execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await _execute(server, f'CREATE DATABASE "{name}"')
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        await _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _execute(server: str, statement: str) -> None:
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


def server_or_skip(server: str | None) -> str:
    """Return *server* or the PostgreSQL server of the tests; exit with 0 if there is neither."""
    if server := server or os.environ.get("DATELINE_TEST_POSTGRESQL"):
        return server
    print("Skipped: give --server, or set DATELINE_TEST_POSTGRESQL to the URL of a server.")
    raise SystemExit(0)
