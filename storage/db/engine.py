"""The databases: opening them, transactions, the clock, claims.

A transaction is short and holds no network call. `reading()` is deferred; `writing()` takes the
write lock at once (SQLite: a reader that turns writer fails instead of waiting).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import coroutine
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, TypeVarTuple, overload

from sqlalchemy import TableClause, func, literal, make_url, text
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    MultipleResultsFound,
    NoResultFound,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import (
    TimeoutError as PoolTimeoutError,
)
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql.selectable import AliasedReturnsRows
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select, SelectOfScalar

from storage.db.notify import notify
from storage.db.postgresql import COMMAND_SECONDS, DISCONNECTED_CODES, postgresql_engine, sqlstate
from storage.db.sqlite import WRITERS_CACHE_MB, sqlite_engine, truncate_wal

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Callable,
        Collection,
        Coroutine,
        Generator,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from sqlalchemy import Executable
    from sqlalchemy.ext.asyncio import AsyncEngine
    from sqlmodel import SQLModel

    from storage.enums import Notification

# What any transaction may raise: the disk is full, the server is away, the file is locked.
DatabaseError = DBAPIError

Result = TypeVar("Result")
Row = TypeVar("Row")
Columns = TypeVarTuple("Columns")
Model = TypeVar("Model", bound="SQLModel")

SQLITE = "sqlite"

POSTGRESQL = "postgresql"

# How long a connection to PostgreSQL is waited for, while all are in use: as long as a lock of
# SQLite's (`storage.db.sqlite.BUSY_SECONDS`).
POOL_SECONDS: Final = 5.0

# SQLSTATEs of PostgreSQL. A deadlock, a serialization failure:
_CONFLICT_CODES: Final = frozenset({"40P01", "40001"})

# No connection; no room; being stopped, or not yet started; errors of its system; a standby.
_UNAVAILABLE_CODES: Final = ("08", "53", "57P", "58", "25006")

_DISK_FULL: Final = "53100"


def is_unavailable(error: Exception) -> bool:
    """Whether it says that the database could not be reached or used, whatever was asked of it."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError)
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        return True
    return sqlstate(error).startswith(_UNAVAILABLE_CODES)


def is_disconnected(error: Exception) -> bool:
    """Whether the server is, or the file is locked: that may be over at any moment."""
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated or sqlstate(error).startswith(DISCONNECTED_CODES):
        return True
    return getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY")


def is_transient(error: Exception) -> bool:
    """Whether the same transaction may succeed later: the database is away, or two collided."""
    return is_unavailable(error) or sqlstate(error) in _CONFLICT_CODES


def describe_failure(error: Exception) -> str | None:
    """Return what a driver says as one sentence for a command; None if it is no driver's error."""
    from asyncpg import DiskFullError, InterfaceError, PostgresError  # noqa: PLC0415 - SQLite goes without it
    from asyncpg.exceptions import PostgresConnectionError  # noqa: PLC0415 - as above

    said = str(getattr(error, "orig", None) or error).partition("\n")[0].rstrip(".")
    if isinstance(error, DiskFullError) or "disk is full" in said or sqlstate(error) == _DISK_FULL:
        return f"The disk is full: {said}. Make room."
    if isinstance(error, OSError | InterfaceError | PostgresConnectionError | SQLAlchemyError):
        return f"A database cannot be reached or used: {said or type(error).__name__}."
    if isinstance(error, PostgresError | sqlite3.Error):
        return f"A database refuses: {said}."
    return None


async def database_clock(session: AsyncSession) -> datetime:
    """Return the database's own clock, aware UTC, finer than a second.

    SQLite is a library: what it would tell is this machine's clock, and to ask for that takes a
    statement. PostgreSQL's `now()` is the transaction's start. With the same statement PostgreSQL
    learns when to give a transaction up, which goes through a pooler too.
    """
    if session.get_bind().dialect.name == POSTGRESQL:
        moment: datetime = (await session.exec(_READ_CLOCK)).one()[0]
        return moment.astimezone(UTC)
    return datetime.now(UTC)


# A process that stands still, or whose machine is gone, keeps its locks from the others for so
# long; shorter than any lease, so that its transaction cannot end after another took over.
IDLE_TRANSACTION_TIMEOUT: Final = timedelta(seconds=10)

_READ_CLOCK: Final = select(
    func.clock_timestamp(),
    func.set_config(
        "idle_in_transaction_session_timeout",
        str(IDLE_TRANSACTION_TIMEOUT // timedelta(milliseconds=1)),
        literal(value=True),  # for this transaction
    ),
)


class OpenTransactions:
    """The transactions that one context has begun and not ended, with when, by the loop's clock.

    They are counted from the wait for a connection on.
    """

    def __init__(self) -> None:
        self._begun: dict[object, float] = {}

    @property
    def longest_seconds(self) -> float:
        """How long the oldest of them lasts; 0 if there is none."""
        now = asyncio.get_running_loop().time()
        return max((now - begun for begun in self._begun.values()), default=0.0)

    @contextmanager
    def count(self) -> Iterator[None]:
        one = object()
        self._begun[one] = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            del self._begun[one]


_observed: ContextVar[OpenTransactions | None] = ContextVar("_observed", default=None)


@contextmanager
def observing_transactions() -> Iterator[OpenTransactions]:
    """Yield the transactions of this context, and of tasks that it starts."""
    token = _observed.set(opened := OpenTransactions())
    try:
        yield opened
    finally:
        _observed.reset(token)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction: a session inside a transaction, and the moment it happens at."""

    session: AsyncSession
    now: datetime
    notifications: set[Notification] = field(default_factory=set)
    """What the others are notified of when this is committed."""
    made: Counter[str] = field(default_factory=Counter)
    """How many new rows it brings, by table; of those that `storage.db.sql` puts in."""
    clock: DatabaseClock = database_clock
    is_writing: bool = False
    known: dict[str, bytes] = field(default_factory=dict)
    """What the process keeps of this database for good; what is added, once this is committed."""
    running: list[None] = field(default_factory=list)
    """Not empty while a statement runs, so that `at_once` can tell what its work awaits."""

    @property
    def dialect(self) -> str:
        return self.session.get_bind().dialect.name

    @overload
    async def rows(self, statement: SelectOfScalar[Row], **values: object) -> Sequence[Row]: ...

    @overload
    async def rows(
        self, statement: Select[*Columns], **values: object
    ) -> Sequence[tuple[*Columns]]: ...

    @overload
    async def rows(self, statement: Executable, **values: object) -> Sequence[Any]: ...

    async def rows(self, statement: Executable, **values: object) -> Sequence[Any]:
        """Run *statement*, with *values* for its bound parameters, and return all its rows.

        `sqlmodel.select` of one column or one table gives plain values or models; all else gives
        rows that unpack like tuples.
        """
        await self.flush()
        with self._in_statement():
            if _returns_models(statement):
                session: Any = self.session
                return (await session.exec(statement, params=values)).all()  # type: ignore[no-any-return]
            # Past the session, which takes longer than most of our statements do.
            result = await (await self.session.connection()).execute(statement, values)
            is_scalar = isinstance(statement, SelectOfScalar)
            return result.scalars().all() if is_scalar else result.all()

    @overload
    async def first(self, statement: SelectOfScalar[Row], **values: object) -> Row | None: ...

    @overload
    async def first(
        self, statement: Select[*Columns], **values: object
    ) -> tuple[*Columns] | None: ...

    @overload
    async def first(self, statement: Executable, **values: object) -> Any: ...

    async def first(self, statement: Executable, **values: object) -> Any:
        """Return the first row as `rows` gives it, or None if there is none."""
        return next(iter(await self.rows(statement, **values)), None)

    @overload
    async def one(self, statement: SelectOfScalar[Row], **values: object) -> Row: ...

    @overload
    async def one(self, statement: Select[*Columns], **values: object) -> tuple[*Columns]: ...

    @overload
    async def one(self, statement: Executable, **values: object) -> Any: ...

    async def one(self, statement: Executable, **values: object) -> Any:
        """Return the only row as `rows` gives it, such as a count.

        Raises NoResultFound or MultipleResultsFound.
        """
        rows = await self.rows(statement, **values)
        if not rows:
            raise NoResultFound
        if len(rows) > 1:
            raise MultipleResultsFound
        return rows[0]

    async def change(
        self,
        statement: Executable,
        many: Sequence[Mapping[str, object]] = (),
        /,
        **values: object,
    ) -> int:
        """Run an INSERT, UPDATE or DELETE; return how many rows it changed.

        With *many* it runs once for each of these sets of values. Models loaded earlier in the
        transaction keep what they were loaded with.
        """
        await self.flush()
        with self._in_statement():
            connection = await self.session.connection()
            done = await connection.execute(statement, many or values)
            return done.rowcount

    async def get(self, table: type[Model], key: object) -> Model | None:
        """Return the row with this primary key, or None if there is none."""
        with self._in_statement():
            return await self.session.get(table, key)

    async def get_one(self, table: type[Model], key: object) -> Model:
        """Return the row with this primary key. Raises NoResultFound if there is none."""
        with self._in_statement():
            return await self.session.get_one(table, key)

    async def add(self, row: Model) -> Model:
        """Insert *row* and return it with its id."""
        self.session.add(row)
        await self.flush()
        return row

    async def delete(self, row: SQLModel) -> None:
        """Delete a row that this transaction loaded."""
        await self.session.delete(row)
        await self.flush()

    async def flush(self) -> None:
        """Write the attributes that were set on loaded rows."""
        session = self.session
        if session.new or session.deleted or session.identity_map.check_modified():
            with self._in_statement():
                await session.flush()

    @contextmanager
    def _in_statement(self) -> Iterator[None]:
        self.running.append(None)
        try:
            yield
        finally:
            self.running.pop()

    async def at_once(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run *work*, which awaits nothing but statements of this transaction; return its result.

        On SQLite all of it runs on the database's thread, because a round trip to that thread costs
        more than most statements do. Raises RuntimeError if *work* awaits anything else.
        """
        if self.dialect == POSTGRESQL:
            return await work  # the check: _only_statements(work, self.running)
        from storage.db.onehop import in_one_hop  # noqa: PLC0415 - its driver is for SQLite alone

        try:
            connection = await (await self.session.connection()).get_raw_connection()
        except BaseException:
            work.close()  # else Python warns that nobody awaited it
            raise
        driver: Any = connection.driver_connection
        return await in_one_hop(driver, work)

    async def anew(self) -> Transaction:
        """Return this transaction with the time that it is by now: a lock may have taken long."""
        with self._in_statement():
            return replace(self, now=await self.clock(self.session))


def _returns_models(statement: Any) -> bool:
    # No public attribute says so in less time than the statement takes.
    columns = getattr(statement, "_raw_columns", None) or getattr(statement, "_returning", None)
    return any(isinstance(column, TableClause | AliasedReturnsRows) for column in columns or ())


@coroutine
def _only_statements(
    work: Coroutine[Any, Any, Result], running: Collection[None]
) -> Generator[Any, Any, Result]:
    """Drive *work*, and raise as soon as it waits while no statement is running."""
    answer: Any = None
    error: BaseException | None = None
    while True:
        try:
            awaited = work.throw(error) if error else work.send(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        if not running:
            work.close()
            raise RuntimeError("only statements can be awaited in at_once")
        answer = error = None
        try:
            answer = yield awaited
        except BaseException as raised:  # noqa: BLE001 - the work gets it, as from an await
            error = raised


class GivesNotifications(Protocol):
    def give(self, notifications: Collection[Notification], /) -> None: ...


class DatabaseClock(Protocol):
    async def __call__(self, session: AsyncSession, /) -> datetime: ...


class Storage:
    """The only truth. Open it once in a process; close it when nothing uses it any more."""

    def __init__(
        self, engine: AsyncEngine, clock: DatabaseClock, writing_engine: AsyncEngine | None = None
    ) -> None:
        self._engine = engine
        self._engine_of_writers = writing_engine or engine
        self._writing_engine = self._engine_of_writers.execution_options(dateline_writing=True)
        self._clock = clock
        self._known: dict[str, bytes] = {}
        self.latest = datetime.min.replace(tzinfo=UTC)
        """The latest time that a transaction had, by which a clock that is set back is noticed."""
        self._notifier: GivesNotifications | None = None
        self.on_made: Callable[[Mapping[str, int]], None] = lambda _made: None
        # Waiting in line here is cheaper than SQLite's busy polling, and fair.
        self._writer = asyncio.Lock() if engine.dialect.name == SQLITE else None

    @classmethod
    def open(
        cls,
        url: str,
        *,
        clock: DatabaseClock = database_clock,
        pool_size: int = 10,
        command_seconds: float | None = COMMAND_SECONDS,
        through_pooler: bool = False,
    ) -> Storage:
        """Return a storage on *url* (`sqlite+aiosqlite:///…`, `postgresql+asyncpg://…`).

        The schema is `storage.schema.migrate`'s business and must be there already.
        *pool_size* is how many connections there are at most to PostgreSQL, *command_seconds* how
        long a server may take to answer (None for work that takes long). *through_pooler*: at the
        other end is PgBouncer or its like, which gives each transaction another session.
        """
        if make_url(url).get_backend_name() != SQLITE:
            options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 0}
            options |= {"pool_timeout": POOL_SECONDS}
            options |= {"command_seconds": command_seconds, "through_pooler": through_pooler}
            return cls(postgresql_engine(url, **options), clock)
        from storage.db.onehop import OneHop  # noqa: PLC0415 - its driver is for SQLite alone

        engine = sqlite_engine(url, pool_size=pool_size, module=OneHop())
        # One connection writes, so that what others wrote does not empty its cache each time.
        writers: dict[str, Any] = {"pool_size": 1, "max_overflow": 0, "module": OneHop()}
        return cls(engine, clock, sqlite_engine(url, cache_mb=WRITERS_CACHE_MB, **writers))

    @property
    def dialect(self) -> str:
        return self._engine.dialect.name

    @property
    def connections_in_use(self) -> int:
        pools = {self._engine.pool, self._engine_of_writers.pool}
        return sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        async with AsyncExitStack() as stack:
            stack.enter_context(_connected())
            session = AsyncSession(self._engine, expire_on_commit=False)
            await stack.enter_async_context(session)
            await stack.enter_async_context(session.begin())
            tx = Transaction(
                session, await self._clock(session), clock=self._clock, known={**self._known}
            )
            self.latest = max(self.latest, tx.now)
            yield tx
            self._known |= tx.known

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        async with AsyncExitStack() as stack:
            stack.enter_context(_connected())
            if self._writer:
                await stack.enter_async_context(self._writer)
            session = AsyncSession(self._writing_engine, expire_on_commit=False)
            await stack.enter_async_context(session)
            await stack.enter_async_context(session.begin())
            tx = Transaction(
                session,
                await self._clock(session),
                clock=self._clock,
                is_writing=True,
                known={**self._known},
            )
            self.latest = max(self.latest, tx.now)
            yield tx
            if tx.notifications and self.dialect == POSTGRESQL and self._notifier is None:
                await notify(session, tx.notifications)
        self._known |= tx.known
        self.on_made(tx.made)
        if tx.notifications and self._notifier:
            self._notifier.give(tx.notifications)

    async def cut_log(self) -> bool:
        """Leave nothing that was deleted in SQLite's log; False where somebody read meanwhile."""
        if self._writer is None:
            return True
        async with self._writer:
            return await truncate_wal(self._engine_of_writers)

    async def analyze(self, tables: Iterable[type[SQLModel]]) -> None:
        """Let PostgreSQL's planner sample *tables*, of which many rows were loaded at once.

        Autovacuum does so some minutes later; until then a claim may take fifteen times as long.
        Each table has a transaction of its own. SQLite plans by its indexes alone: with statistics
        claims took as long as without, and deleting messages a hundred times as long.
        """
        if self.dialect != POSTGRESQL:
            return
        for table in tables:
            async with self.writing() as tx:
                connection = await tx.session.connection()
                await connection.execute(text(f'ANALYZE "{table.__tablename__}"'))

    @contextmanager
    def notifying(self, notifier: GivesNotifications) -> Iterator[None]:
        """Within the block *notifier* is given what was committed; else transactions notify."""
        self._notifier = notifier
        try:
            yield
        finally:
            self._notifier = None

    async def close(self) -> None:
        await self._engine_of_writers.dispose()
        await self._engine.dispose()


@contextmanager
def _connected() -> Iterator[None]:
    """Let a pool that has no connection left be a database that cannot be reached, as it is."""
    opened = _observed.get()
    try:
        with opened.count() if opened else nullcontext():
            yield
    except PoolTimeoutError as error:
        raise OperationalError(None, None, error) from error
