"""Notifies other processes of new work, by PostgreSQL's NOTIFY.

- If a notification is lost, a stage starts later, after its time-out. No row is lost.
- Each process has one connection that listens and notifies. It sends at most ten times a second,
  and each name once, because commits with NOTIFY queue behind each other. Transactions pass their
  notifications to it, so that their own commits do not wait.
- LISTEN needs a direct connection to the server, because a pooler in transaction mode delivers no
  notifications.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import func
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import NullPool
from sqlmodel import select

from storage.db.postgresql import postgresql_engine
from storage.enums import Notification

log = structlog.get_logger(__name__)

_CHANNEL = "dateline"
_NOTIFY = "SELECT pg_notify($1, name) FROM unnest($2::text[]) AS name"
_DEBOUNCE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 4.0
_PROBED_EVERY_SECONDS = 20
_PROBE_SECONDS = 10
_BY_NAME = {notification.value: notification for notification in Notification}


async def notify(connection: AsyncConnection, notifications: Iterable[Notification]) -> None:
    """Notify all listeners when this transaction commits.

    For a process without a `Notifier`, such as a command.
    """
    calls = [func.pg_notify(_CHANNEL, name.value) for name in sorted(notifications)]
    await connection.execute(select(*calls))


@dataclass(eq=False)
class Notifier:
    """The notifying and listening connection of a process to the PostgreSQL server at *url*."""

    url: str
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    _waiting: set[Notification] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def give(self, notifications: Iterable[Notification], /) -> None:
        """Queue notifications of committed work, to be sent soon."""
        self._waiting.update(notifications)
        self._changed.set()

    async def exchange(self, on_notification: Callable[[Notification], None]) -> None:
        """Send and receive notifications forever; call *on_notification* with each one received.

        That includes those of this process. After each new connection *on_notification* is called
        with every `Notification`, because some may have been missed.
        """
        from asyncpg import InterfaceError, InternalClientError, PostgresError  # noqa: PLC0415 - not used on SQLite

        losses = (DBAPIError, PostgresError, InterfaceError, InternalClientError, OSError)
        engine = postgresql_engine(self.url, poolclass=NullPool)
        seconds = 1.0

        def connected() -> None:
            nonlocal seconds
            seconds = 1.0
            for notification in Notification:
                on_notification(notification)

        while True:
            try:
                await self._exchange_once(engine, on_notification, connected)
            except losses as error:
                log.warning("notifications.lost", reason=str(error))
            await self.pause(seconds)
            seconds = min(2 * seconds, _LONGEST_PAUSE_SECONDS)

    async def _exchange_once(
        self,
        engine: AsyncEngine,
        on_notification: Callable[[Notification], None],
        connected: Callable[[], None],
    ) -> None:
        """Send and receive notifications until the connection is lost, and then raise."""

        def take(_connection: object, _process: int, _channel: str, name: object) -> None:
            if known := _BY_NAME.get(str(name)):  # a newer version may send others
                on_notification(known)

        async with engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            try:
                driver.add_termination_listener(lambda _: self._changed.set())
                await driver.add_listener(_CHANNEL, take)
                connected()
                while not driver.is_closed():
                    await self._send_or_probe(driver)
                raise ConnectionResetError("the server closed the connection")
            finally:
                driver.terminate()  # closing would wait for a server that is gone

    async def _send_or_probe(self, driver: Any) -> None:
        """Send the queued notifications; without any, probe whether the connection still works."""
        try:
            async with asyncio.timeout(_PROBED_EVERY_SECONDS):
                await self._changed.wait()
        except TimeoutError:
            await driver.execute("SELECT 1", timeout=_PROBE_SECONDS)
            return
        self._changed.clear()
        if self._waiting and not driver.is_closed():
            await self._send(driver)
            await self.pause(_DEBOUNCE_SECONDS)

    async def _send(self, driver: Any) -> None:
        notifications, self._waiting = self._waiting, set()
        try:
            names = sorted(notification.value for notification in notifications)
            await driver.execute(_NOTIFY, _CHANNEL, names, timeout=_PROBE_SECONDS)
        except BaseException:
            self._waiting |= notifications  # sent after the next connection
            self._changed.set()
            raise
