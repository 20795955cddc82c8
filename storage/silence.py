"""Connections in use, and what becomes of them when their server falls silent.

A server that vanishes says nothing. So when a connection is in use for longer than a unit of work
takes, its server is asked by a new one; if that is not answered either, all connections to that
server are given up at once, and who waits for it fails now. A statement that only takes long goes
on: its server answers others.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary, WeakSet

import structlog
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy import Engine

log = structlog.get_logger(__name__)

# Seconds for which a unit of work holds a connection at most, as a rule.
SLOW_SECONDS: Final = 2.0
# Seconds that its server then has to let another one in.
ANSWER_SECONDS: Final = 4.0
LOOK_SECONDS: Final = 1.0
_GOODBYE_SECONDS: Final = 1.0
# Of a connection that ends before it is one.
_NO_CONNECTION: Final = "08"

Server = tuple[str | None, int | None]


@dataclass(eq=False)
class Connections:
    """The driver's connections of one engine: how each was made, and since when it is in use."""

    connect: Callable[..., Awaitable[Any]]
    on_silent: Callable[[Server], None] = lambda _server: None
    answer_seconds: float = ANSWER_SECONDS
    clock: Callable[[], float] = time.monotonic
    _made: WeakKeyDictionary[Any, dict[str, Any]] = field(default_factory=WeakKeyDictionary)
    _since: WeakKeyDictionary[Any, float] = field(default_factory=WeakKeyDictionary)
    _aged: WeakSet[Any] = field(default_factory=WeakSet)

    def add(self, driver: Any, said: dict[str, Any]) -> None:
        """Note a new one, in use from now on; *said*: how to make another."""
        self._made[driver] = said
        self._since[driver] = self.clock()

    def follow(self, engine: Engine) -> None:
        """Note what is taken from the pool of *engine*, and put back; none is closed or aged."""
        event.listen(engine, "checkout", self._taken)
        event.listen(engine, "checkin", self._put_back)

    def age(self) -> None:
        """Let the pool give out none of those that there are now."""
        self._aged.update(self._made)

    async def look(self) -> int:
        """Give up all connections to each server that is silent; return how many they were."""
        slow = {_server(self._made[driver]): self._made[driver] for driver in self._slow()}
        return sum([await self._look_at(server, said) for server, said in slow.items()])

    async def watch(self, left: Callable[[], None]) -> None:
        """Look again and again, without end; call *left* when a server was silent."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if await self.look():
                left()

    def _taken(self, connection: Any, *_: object) -> None:
        driver = connection.driver_connection
        if driver.is_closed() or driver in self._aged:
            raise DisconnectionError  # the pool makes another one
        self._since[driver] = self.clock()

    def _put_back(self, connection: Any, *_: object) -> None:
        if connection is not None:
            self._since.pop(connection.driver_connection, None)

    def _slow(self) -> list[Any]:
        before = self.clock() - SLOW_SECONDS
        return [each for each, since in self._since.items() if since < before and _is_open(each)]

    async def _look_at(self, server: Server, said: dict[str, Any]) -> int:
        if await self._answers(said):
            return 0
        gone = [
            each for each, how in self._made.items() if _server(how) == server and _is_open(each)
        ]
        for each in gone:
            each.terminate()
        self.on_silent(server)
        log.warning("the database's server is silent; it is left", connections=len(gone))
        return len(gone)

    async def _answers(self, said: dict[str, Any]) -> bool:
        """Whether the server speaks, were it to say that it has no room."""
        from asyncpg import InterfaceError, InternalClientError, PostgresError  # noqa: PLC0415 - SQLite goes without it

        anyhow = {"target_session_attrs": "any", "timeout": self.answer_seconds}
        try:
            another = await self.connect(**said | anyhow)
        except OSError:  # a time-out, too
            return False
        except PostgresError as error:
            return not error.sqlstate.startswith(_NO_CONNECTION)
        except (InterfaceError, InternalClientError):
            return True
        with suppress(OSError, PostgresError, InterfaceError, InternalClientError):
            await another.close(timeout=_GOODBYE_SECONDS)
        return True


def _server(said: dict[str, Any]) -> Server:
    return said["host"], said["port"]


def _is_open(driver: Any) -> bool:
    return not driver.is_closed()
