"""An SQLite driver that switches to its thread only once per statement, or once for many.

SQLAlchemy's adapter switches four times: to create a cursor, execute, fetch and close. Each switch
("hop") wakes the other thread and then the event loop, and costs more than most of our statements.

Only this module uses private names of aiosqlite and of SQLAlchemy's adapter. pyproject.toml limits
their versions, and the storage tests fail at once if a new version breaks this module.
"""

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple, TypeVar, cast

import aiosqlite
from sqlalchemy.connectors.asyncio import AsyncAdapt_dbapi_connection
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util import EMPTY_DICT, await_only

Result = TypeVar("Result")


async def in_one_hop(driver: Any, work: Coroutine[Any, Any, Result]) -> Result:
    """Run *work*, which may await only statements on *driver*, on the driver's own thread.

    On that thread a statement is a plain call, so *work* never suspends. A cancelled caller still
    waits until the thread is done, because both use the same session.
    """
    try:
        return await driver._execute(_run, work)  # type: ignore[no-any-return] # noqa: SLF001
    except asyncio.CancelledError:
        while not await _is_idle(driver):
            pass
        raise


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    try:
        work.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    work.close()
    raise RuntimeError("only statements can be awaited in at_once")


async def _is_idle(driver: Any) -> bool:
    """Wait until the thread is done; return False if this wait is cancelled, too."""
    try:
        await driver._execute(bool)  # noqa: SLF001
    except asyncio.CancelledError:
        return False
    return True


class _Done(NamedTuple):
    """The result of a closed cursor of the driver."""

    rows: list[Any]
    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None


class Cursor(AsyncAdapt_aiosqlite_cursor):
    __slots__ = ("_done", "_own")

    def __init__(self, adapt_connection: AsyncAdapt_dbapi_connection) -> None:
        # Does not call the parent's `__init__`, which creates the driver's cursor in another hop.
        self._adapt_connection = adapt_connection
        self._own = cast("Connection", adapt_connection)
        self._connection = adapt_connection._connection  # noqa: SLF001 - of the adapter
        self._soft_closed_memoized = EMPTY_DICT
        self._keep(_Done([]))

    @property
    def description(self) -> Any:
        return self._done.description

    @property
    def rowcount(self) -> int:
        return self._done.rowcount

    @property
    def lastrowid(self) -> Any:
        return self._done.lastrowid

    def execute(self, operation: Any, parameters: Any = None) -> None:
        self._act(sqlite3.Cursor.execute, operation, parameters or ())

    def executemany(self, operation: Any, seq_of_parameters: Any) -> None:
        self._act(sqlite3.Cursor.executemany, operation, seq_of_parameters)

    def _act(self, act: Callable[..., object], operation: str, parameters: Any) -> None:
        call = (self._connection._conn, act, operation, parameters)  # noqa: SLF001 - as the adapter
        if self._own.is_own_thread():
            self._keep(_done(*call))
        else:
            await_only(self._hop(call))

    async def _hop(self, call: tuple[Any, ...]) -> None:
        async with self._adapt_connection._execute_mutex:  # noqa: SLF001 - of the adapter
            self._keep(await self._connection._execute(_done, *call))  # noqa: SLF001

    def _keep(self, done: _Done) -> None:
        self._done = done
        self._rows = deque(done.rows)

    async def _async_soft_close(self) -> None:
        """Do nothing, because `_done` has closed the cursor."""

    def close(self) -> None:
        self._rows.clear()


def _done(
    driver: sqlite3.Connection,
    act: Callable[..., object],
    operation: str,
    parameters: Sequence[Any],
) -> _Done:
    cursor = driver.cursor()
    try:
        act(cursor, operation, parameters)
        rows = cursor.fetchall() if cursor.description else []
        return _Done(rows, cursor.description, cursor.rowcount, cursor.lastrowid)
    finally:
        cursor.close()


class Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()
    _cursor_cls = Cursor

    def commit(self) -> None:
        """Commit; skip the hop if no transaction is open, as after statements that only read."""
        if self.is_own_thread():
            self._connection._conn.commit()  # noqa: SLF001 - as the adapter
        elif self._connection._connection and self._connection.in_transaction:  # noqa: SLF001 - as the parent
            super().commit()

    def rollback(self) -> None:
        """Roll back; skip the hop if no transaction is open, as is usual when the pool calls it."""
        if self.is_own_thread():
            self._connection._conn.rollback()  # noqa: SLF001 - as the adapter
        elif self._connection._connection and self._connection.in_transaction:  # noqa: SLF001 - as the parent
            super().rollback()

    def is_own_thread(self) -> bool:
        """Return whether the caller runs on the driver's thread, in one hop with others."""
        return bool(threading.get_ident() == self._connection._thread.ident)  # noqa: SLF001


class OneHop(AsyncAdapt_aiosqlite_dbapi):
    """The DBAPI module that the engine gets."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *arg: Any, **kw: Any) -> AsyncAdapt_aiosqlite_connection:
        adapted = super().connect(*arg, async_creator_fn=_opened, **kw)
        return Connection(self, adapted._connection)  # noqa: SLF001 - of the adapter


async def _opened(*arg: Any, **kw: Any) -> aiosqlite.Connection:
    """Open a database file; if that fails or is cancelled, leave no file and no thread behind.

    A cancelled aiosqlite forgets the file that its thread is opening, and the thread later reports
    to an event loop that may be closed.
    """
    files: list[sqlite3.Connection] = []
    driver = aiosqlite.connect(*arg, **kw)
    connector, thread = driver._connector, driver._thread  # noqa: SLF001 - it shows neither

    def connect() -> sqlite3.Connection:
        files.append(connector())
        return files[0]

    def end() -> None:
        thread.join()  # the driver has asked the thread to end
        for file in files:
            file.close()

    driver._connector = connect  # noqa: SLF001 - the same
    thread.daemon = True  # as the adapter has it
    try:
        return await driver
    except BaseException:
        await asyncio.to_thread(end)
        raise
