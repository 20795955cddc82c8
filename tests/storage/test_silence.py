"""What becomes of connections to a server that says nothing any more."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from asyncpg import ConnectionDoesNotExistError, InternalClientError, TooManyConnectionsError
from sqlalchemy import make_url, text

from storage.db.engine import DatabaseError, is_disconnected, is_unavailable
from storage.db.postgresql import connections_of, postgresql_engine
from storage.silence import SLOW_SECONDS, Connections
from tests.chaos.wire import Wire, wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Place:
    """An engine behind a network of its own."""

    engine: AsyncEngine
    network: Wire
    clock: Clock = field(default_factory=Clock)

    @property
    def connections(self) -> Connections:
        return connections_of(self.engine)

    async def look(self, after: float) -> int:
        self.clock.now += after
        return await self.connections.look()


@pytest.fixture
async def place(postgresql_url: str) -> AsyncIterator[Place]:
    own = make_url(postgresql_url)
    async with wire(own.host or "127.0.0.1", own.port or 5432) as network:
        engine = postgresql_engine(
            own.set(host="127.0.0.1", port=network.port).render_as_string(hide_password=False)
        )
        found = Place(engine, network)
        found.connections.clock = found.clock
        found.connections.answer_seconds = 0.1
        yield found
        await engine.dispose()


async def process_of(connection: AsyncConnection) -> object:
    return (await connection.execute(text("SELECT pg_backend_pid()"))).scalar()


async def outcome(connection: AsyncConnection) -> object:
    try:
        return await process_of(connection)
    except DatabaseError as error:
        return error


@asynccontextmanager
async def waiting(connection: AsyncConnection) -> AsyncIterator[asyncio.Task[object]]:
    """Yield who waits for an answer; it has come, or fails, at the end."""
    async with asyncio.TaskGroup() as group:
        yield group.create_task(outcome(connection))


async def test_a_silent_server_is_left_by_all_connections_at_once(place: Place):
    async with (
        place.engine.connect() as one,
        place.engine.connect() as other,
        place.network.silence(),
        waiting(one) as first,
        waiting(other) as second,
    ):
        assert await place.look(after=SLOW_SECONDS + 1) == 2

    for task in (first, second):
        failed = task.result()
        assert isinstance(failed, DatabaseError)
        assert is_unavailable(failed)
        assert is_disconnected(failed)


async def test_what_was_left_is_made_anew_when_the_server_speaks(place: Place):
    async with place.engine.connect() as one, place.engine.connect() as other:
        before = {await process_of(one), await process_of(other)}
    async with place.engine.connect(), place.network.silence():
        await place.look(after=SLOW_SECONDS + 1)

    async with place.engine.connect() as one, place.engine.connect() as other:
        assert not before & {await process_of(one), await process_of(other)}


async def test_a_statement_that_takes_long_goes_on(place: Place):
    place.connections.answer_seconds = 60

    async with place.engine.connect() as connection:
        assert await place.look(after=600) == 0
        assert await process_of(connection)


async def test_a_server_is_not_asked_for_what_is_in_use_for_a_moment(place: Place):
    async with place.engine.connect(), place.network.silence():
        assert await place.look(after=SLOW_SECONDS) == 0


async def test_a_server_is_not_asked_for_what_nobody_uses(place: Place):
    async with place.engine.connect():
        pass

    async with place.network.silence():
        assert await place.look(after=600) == 0


async def test_a_closed_connection_is_not_taken_from_the_pool(place: Place):
    async with place.engine.connect() as connection:
        before = await process_of(connection)
        driver: Any = (await connection.get_raw_connection()).driver_connection
    driver.terminate()

    async with place.engine.connect() as connection:
        assert await process_of(connection) != before


class Driver:
    """A connection of the driver's."""

    is_there = True

    def is_closed(self) -> bool:
        return not self.is_there

    def terminate(self) -> None:
        self.is_there = False


@pytest.mark.parametrize(
    ("said", "is_left"),
    [
        pytest.param(TooManyConnectionsError("sorry"), False, id="there is no room: it speaks"),
        pytest.param(InternalClientError("what?"), False, id="not understood: it speaks"),
        pytest.param(ConnectionRefusedError(), True, id="nobody is there"),
        pytest.param(TimeoutError(), True, id="silence"),
        pytest.param(ConnectionDoesNotExistError("closed"), True, id="a proxy without a server"),
    ],
)
async def test_whoever_speaks_is_not_silent(said: Exception, is_left: bool):
    async def connect(**_said: Any) -> Any:
        raise said

    clock, left, driver = Clock(), list[object](), Driver()
    connections = Connections(connect, on_silent=left.append, clock=clock)
    connections.add(driver, {"host": "db1", "port": 5432})
    clock.now = SLOW_SECONDS + 1
    connections.add(elsewhere := Driver(), {"host": "db2", "port": 5432})

    assert await connections.look() == int(is_left)
    assert driver.is_closed() is is_left
    assert not elsewhere.is_closed()
    assert left == [("db1", 5432)] * is_left
