"""A database of a run's own on a PostgreSQL server, dropped at the end."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage.schema import migrate


@asynccontextmanager
async def own_database(server: str) -> AsyncIterator[str]:
    """Yield the URL of a new one, migrated, on *server*."""
    name = f"dateline_chaos_{os.getpid()}"
    own = make_url(server).set(database=name).render_as_string(hide_password=False)
    await _on(server, f'CREATE DATABASE "{name}"')
    try:
        await migrate(own)
        yield own
    finally:
        await _on(server, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _on(server: str, statement: str) -> None:
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
