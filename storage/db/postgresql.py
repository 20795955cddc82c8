"""Connections to PostgreSQL; of several servers, to the one that accepts writes.

A server that vanishes sends nothing, so every wait is bounded. A server that became a standby still
responds. If an error shows that the server is gone or a standby, the connection is dropped, and so
are all older connections.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final

from sqlalchemy import event, make_url
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

# Seconds that one server may take to accept a connection before the next one is tried.
CONNECT_SECONDS: Final = 3.0

# Seconds that a server may take to respond in normal work, where nothing takes over a second. Only
# this bound detects a frozen server, because its operating system still accepts packets. It is
# longer than `IDLE_TRANSACTION_TIMEOUT`, the time for which a frozen process may hold a lock, so
# that a statement that waits for that lock can still succeed.
COMMAND_SECONDS: Final = 15.0

# No connection; stopping or starting; a server that became a standby.
DISCONNECTED_CODES: Final = ("08", "57P", "25006")

# After these errors the next server is tried: no connection, no resources, not ready, or a database
# that accepts no connections, from anybody or from this role.
_UNAVAILABLE_CODES: Final = ("08", "53", "57P", "55000", "42501")

# Through a pooler, nothing is prepared, because the next transaction may get another session.
_WITHOUT_SESSION: Final = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",
}

_AGE: Final = "dateline_age"

Server = tuple[str | None, int | None]

# TCP keepalive: the idle seconds before the first probe, the number of probes, and the seconds
# between them.
_SILENT_SECONDS, _PROBES, _STEP_SECONDS = 5, 3, 3


def sqlstate(error: BaseException | None) -> str:
    """Return the SQLSTATE of the error; "" if it has none."""
    code = getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)
    return code or ""


def postgresql_engine(
    url: str,
    *,
    command_seconds: float | None = COMMAND_SECONDS,
    through_pooler: bool = False,
    on_connect: str | None = None,
    **options: Any,
) -> AsyncEngine:
    """Return an engine on PostgreSQL. Its errors, which are logged, contain no parameters.

    *command_seconds*: how long a server may take to respond; None for long work. *through_pooler*:
    prepare no statements, because the next transaction may get another session. *on_connect*: SQL
    that each new connection runs first.
    """
    connector = Connector()
    arguments: dict[str, Any] = {"async_creator_fn": connector, "command_timeout": command_seconds}
    if through_pooler:
        arguments |= _WITHOUT_SESSION
    engine = create_async_engine(url, hide_parameters=True, connect_args=arguments, **options)
    event.listen(engine.sync_engine, "connect", connector.note_age)
    if on_connect:
        event.listen(engine.sync_engine, "connect", partial(_run_first, on_connect))
    event.listen(engine.sync_engine, "checkout", connector.refuse_if_lost)
    event.listen(engine.sync_engine, "handle_error", connector.drop_if_gone)
    return engine


def _run_first(sql: str, connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.run_async(lambda driver: driver.execute(sql))


def set_autocommit(connection: AsyncConnection, *, on: bool) -> None:
    """Choose whether each statement of this connection commits by itself from now on.

    SQLAlchemy's option `isolation_level` does the same, but takes longer than a round trip, because
    it is undone whenever the connection returns to the pool.
    """
    adapter: Any = connection.sync_connection and connection.sync_connection.connection
    adapter.dbapi_connection.autocommit = on


def admin_engine(url: str, **options: Any) -> AsyncEngine:
    """Return an engine on either database, without a time limit for statements."""
    if make_url(url).get_backend_name() == "postgresql":
        return postgresql_engine(url, command_seconds=None, **options)
    return create_async_engine(url, **options)


# An arbitrary key of an advisory lock, used for nothing else in the database.
_EXCLUSIVE_LOCK: Final = 0xDA7E_3055

_OTHER_CONNECTIONS: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
    AND pid <> pg_backend_pid()
"""

# How often to check again, because the server lists a closed connection for a moment longer.
_LISTED_ATTEMPTS, _LISTED_PAUSE_SECONDS = 20, 0.05


class DatabaseInUseError(RuntimeError):
    """Other clients are connected to the database; the message is one sentence."""


@asynccontextmanager
async def exclusive_connection(url: str) -> AsyncIterator[AsyncConnection]:
    """Yield a connection to a database that no other client is connected to.

    Raises `DatabaseInUseError` if there are others. A running bot is always connected, if only to
    listen for notifications.
    """
    engine = admin_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await _refuse_others((await connection.get_raw_connection()).driver_connection)
            yield connection
    finally:
        await engine.dispose()


async def _refuse_others(driver: Any) -> None:
    if not await driver.fetchval(f"SELECT pg_try_advisory_lock({_EXCLUSIVE_LOCK})"):
        raise DatabaseInUseError("Another process copies or restores that database at the moment.")
    for _ in range(_LISTED_ATTEMPTS):
        if not (others := await driver.fetchval(_OTHER_CONNECTIONS)):
            return
        await asyncio.sleep(_LISTED_PAUSE_SECONDS)
    name = await driver.fetchval("SELECT current_database()")
    raise DatabaseInUseError(
        f"The database {name} is in use by {others} other connection(s); stop the bot and "
        "whatever else is connected to it."
    )


class Connector:
    """Connects to the first server that accepts writes, and tries it first next time.

    A server that did not respond is tried last.
    """

    def __init__(self) -> None:
        self._order: list[Server] = []
        self._losses = 0

    async def __call__(
        self,
        *,
        host: str | list[str] | None = None,
        port: int | list[int] | None = None,
        timeout: float | str = CONNECT_SECONDS,  # noqa: ASYNC109 - the driver's, for one server
        **arguments: Any,
    ) -> Any:
        from asyncpg import CannotConnectNowError  # noqa: PLC0415 - not used on SQLite
        from asyncpg import ReadOnlySQLTransactionError as NoneTakesWritesError  # noqa: PLC0415

        self._order = self._order or _servers(host, port)
        arguments = {
            "target_session_attrs": "read-write",
            "timeout": float(timeout),
            **arguments,
        }
        reasons, are_standbys = [], True
        for server in list(self._order):
            name, number = server
            try:
                connection = await _connect(host=name, port=number, **arguments)
            except _ServerUnavailableError as error:
                reasons.append(f"{name or 'localhost'}: {error}")
                are_standbys = are_standbys and isinstance(error, _StandbyError)
                if isinstance(error, _SilentServerError):
                    self._order = [*self._others(server), server]
                continue
            self._order = [server, *self._others(server)]
            return connection
        raise (NoneTakesWritesError if are_standbys else CannotConnectNowError)("; ".join(reasons))

    def _others(self, server: Server) -> list[Server]:
        return [other for other in self._order if other != server]

    def note_age(self, _connection: object, entry: ConnectionPoolEntry) -> None:
        entry.info[_AGE] = self._losses

    def refuse_if_lost(self, connection: Any, entry: ConnectionPoolEntry, _proxy: object) -> None:
        """Make the pool reconnect if the connection is closed or older than the last loss."""
        if connection.driver_connection.is_closed() or entry.info[_AGE] < self._losses:
            raise DisconnectionError

    def drop_if_gone(self, context: ExceptionContext) -> Exception | None:
        """Drop the connection, and all older ones, if the server is gone or a standby.

        Ages are counted in losses. The pool would compare them by the machine's clock, which may be
        set back.
        """
        error = context.original_exception
        is_late = isinstance(error, TimeoutError)
        if is_late or isinstance(error, OSError) or sqlstate(error).startswith(DISCONNECTED_CODES):
            context.is_disconnect = True
        if context.is_disconnect and context.connection is not None:
            context.invalidate_pool_on_disconnect = False
            self._losses += 1
        if not is_late:
            return None
        late = TimeoutError("the server did not answer in time")
        return OperationalError(None, None, late, connection_invalidated=True)


class _ServerUnavailableError(Exception):
    """The server cannot be used now; another one may take its place, or it may come back."""


class _StandbyError(_ServerUnavailableError):
    """The server responds, but accepts no writes."""


class _SilentServerError(_ServerUnavailableError):
    """The server did not respond in time."""


async def _connect(**arguments: Any) -> Any:
    """Return a connection of the driver with keepalive. Raises `_ServerUnavailableError`."""
    from asyncpg import (  # noqa: PLC0415 - not used on SQLite
        InternalClientError,
        PostgresError,
        TargetServerAttributeNotMatched,
        connect,
    )

    try:
        connection = await connect(**arguments)
    except TimeoutError:
        raise _SilentServerError("no answer in time") from None
    except TargetServerAttributeNotMatched:
        raise _StandbyError("it takes no writes") from None
    except (OSError, InternalClientError) as error:
        raise _ServerUnavailableError(str(error)) from error
    except PostgresError as error:
        if not sqlstate(error).startswith(_UNAVAILABLE_CODES):
            raise
        raise _ServerUnavailableError(str(error)) from error
    _set_keepalive(connection._transport.get_extra_info("socket"))  # noqa: SLF001 - no other way
    return connection


def _servers(host: str | list[str] | None, port: int | list[int] | None) -> list[Server]:
    if not isinstance(host, list):
        return [(host, port if isinstance(port, int) else None)]
    return list(zip(host, port if isinstance(port, list) else [port] * len(host), strict=True))


def _set_keepalive(sock: Any) -> None:
    """Make the operating system detect within seconds that the peer is gone."""
    if sock is None or sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    seconds = _SILENT_SECONDS + _PROBES * _STEP_SECONDS
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _SILENT_SECONDS),
        ("TCP_KEEPCNT", _PROBES),
        ("TCP_KEEPINTVL", _STEP_SECONDS),
        ("TCP_USER_TIMEOUT", seconds * 1000),  # for unacknowledged data
    ):
        with suppress(AttributeError, OSError):  # not every system has each option
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
