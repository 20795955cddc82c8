"""Hints between processes, by PostgreSQL's NOTIFY: what was committed for whom.

One that is lost costs a tick, never a row. A unit of work gives each of its hints once, however
much it stored, since giving them stands in line with every other commit that does. LISTEN needs a
connection of its own, and a server itself at the other end: a pooler in transaction mode gives
no hints.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import func, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from sqlmodel import select

from storage.connecting import server_engine
from storage.words import Hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy.ext.asyncio import AsyncEngine
    from sqlmodel.ext.asyncio.session import AsyncSession

log = structlog.get_logger(__name__)

_CHANNEL = "dateline"
_LONGEST_PAUSE_SECONDS = 30.0
_PROBED_EVERY_SECONDS = 60
_PROBE_SECONDS = 10
_BY_NAME = {hint.value: hint for hint in Hint}


async def give(session: AsyncSession, hints: Iterable[Hint]) -> None:
    """Tell the *hints* to whoever listens, when this transaction is committed and only then."""
    told = [func.pg_notify(_CHANNEL, hint.value) for hint in sorted(hints)]
    await session.exec(select(*told))


async def listen(url: str, told: Callable[[Hint], None], *, pause_seconds: float = 1.0) -> None:
    """Call *told* with each hint, without end; on a database that gives none return at once.

    Once it is connected, and again after each loss of the connection, *told* is called with all
    of them: some may have been missed. *pause_seconds* is the first pause after a loss; it doubles.
    """
    if make_url(url).get_backend_name() != "postgresql":
        return
    from asyncpg import InterfaceError, InternalClientError, PostgresError  # noqa: PLC0415 - SQLite goes without it

    losses = (DBAPIError, PostgresError, InterfaceError, InternalClientError, OSError)
    engine = server_engine(url, poolclass=NullPool)
    pause = pause_seconds

    def connected() -> None:
        nonlocal pause
        pause = pause_seconds
        for hint in Hint:
            told(hint)

    while True:
        try:
            await _listen_once(engine, told, connected)
        except losses as error:
            log.warning("hints.lost", reason=str(error))
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


async def _listen_once(
    engine: AsyncEngine, told: Callable[[Hint], None], connected: Callable[[], None]
) -> None:
    """Raise once the connection is lost."""
    lost = asyncio.Event()

    def take(_connection: object, _process: int, _channel: str, name: object) -> None:
        if hint := _BY_NAME.get(str(name)):  # a newer version may give others
            told(hint)

    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        try:
            driver.add_termination_listener(lambda _: lost.set())
            await driver.add_listener(_CHANNEL, take)
            connected()
            await _until_lost(driver, lost)
            raise ConnectionResetError("the server closed the connection")
        finally:
            driver.terminate()  # a goodbye to a server that is gone would have to be waited for


async def _until_lost(driver: Any, lost: asyncio.Event) -> None:
    """A network that fails says nothing by itself, so ask now and then."""
    while not lost.is_set():
        try:
            async with asyncio.timeout(_PROBED_EVERY_SECONDS):
                await lost.wait()
        except TimeoutError:
            await driver.execute("SELECT 1", timeout=_PROBE_SECONDS)
