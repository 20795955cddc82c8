"""A PostgreSQL server as the driver has it: one connection, which nobody shares."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import make_url
from sqlalchemy.pool import NullPool

from storage.db.postgresql import admin_engine
from storage.moving.shapes import CannotMoveError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Dialect

_OTHERS: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
    AND pid <> pg_backend_pid()
"""
# An arbitrary number that nothing else in the database locks.
_LOCK: Final = 0xDA7E_3055
_PATIENCE: Final = 20
_PAUSE_SECONDS: Final = 0.05


@asynccontextmanager
async def alone_on_server(url: str) -> AsyncIterator[Any]:
    """Yield asyncpg's connection; `CannotMoveError` where others are connected, such as a bot."""
    engine = admin_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await refuse_others(driver)
            # As its text, which is the same on both databases.
            await driver.set_type_codec(
                "json", schema="pg_catalog", format="binary", encoder=str.encode, decoder=_text
            )
            yield driver
    finally:
        await engine.dispose()


def server_dialect() -> Dialect:
    return make_url("postgresql+asyncpg://").get_dialect()()


async def refuse_others(driver: Any) -> None:
    """Whoever runs the bot is always connected, if only to listen."""
    if not await driver.fetchval(f"SELECT pg_try_advisory_lock({_LOCK})"):
        raise CannotMoveError("Another process moves, backs up or restores that database just now.")
    for _ in range(_PATIENCE):
        if not (others := await driver.fetchval(_OTHERS)):
            return
        await asyncio.sleep(_PAUSE_SECONDS)  # a connection that was closed just now is still told
    name = await driver.fetchval("SELECT current_database()")
    raise CannotMoveError(
        f"The database {name} is in use by {others} other connection(s); stop the bot and "
        "whatever else is connected to it."
    )


def _text(written: bytes) -> str:
    return bytes(written).decode()
