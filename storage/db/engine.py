"""Opens the databases, and provides transactions.

A transaction is short and contains no network call. `reading()` takes no lock at its start.
`writing()` takes SQLite's write lock at once, because a reader that becomes a writer there fails
instead of waiting.
"""

from __future__ import annotations

import asyncio
from asyncio.events import _get_running_loop
from collections import Counter
from contextlib import asynccontextmanager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import coroutine
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, TypeVarTuple, overload

from sqlalchemy import Connection, TableClause, UpdateBase, make_url, text
from sqlalchemy.exc import (
    MultipleResultsFound,
    NoResultFound,
    OperationalError,
)
from sqlalchemy.exc import (
    TimeoutError as PoolTimeoutError,
)
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql.selectable import AliasedReturnsRows
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select, SelectOfScalar

from storage.db.clock import LIMIT_IDLING, POOLED, DatabaseClock, database_clock
from storage.db.notify import notify
from storage.db.postgresql import (
    COMMAND_SECONDS,
    postgresql_engine,
    set_autocommit,
)
from storage.db.sqlite import WRITERS_CACHE_MB, begin, begin_to_write, sqlite_engine, truncate_wal

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

    from sqlalchemy import CursorResult, Executable
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from sqlmodel import SQLModel

    from storage.enums import Notification

Result = TypeVar("Result")
Row = TypeVar("Row")
Columns = TypeVarTuple("Columns")
Model = TypeVar("Model", bound="SQLModel")

SQLITE = "sqlite"

POSTGRESQL = "postgresql"

# How long a transaction waits for a connection to PostgreSQL while all are in use; the same as the
# wait for SQLite's lock (`storage.db.sqlite.BUSY_SECONDS`).
POOL_SECONDS: Final = 5.0


class OpenTransactions:
    """The open transactions of one context, with their start times on the event loop's clock.

    A transaction starts when it begins to wait for a connection.
    """

    def __init__(self) -> None:
        self._begun: dict[object, float] = {}

    @property
    def longest_seconds(self) -> float:
        """The age of the oldest one; 0 if there is none."""
        now = asyncio.get_running_loop().time()
        return max((now - begun for begun in self._begun.values()), default=0.0)

    @contextmanager
    def count(self) -> Iterator[None]:
        transaction = object()
        self._begun[transaction] = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            del self._begun[transaction]


_observed: ContextVar[OpenTransactions | None] = ContextVar("_observed", default=None)


@contextmanager
def observing_transactions() -> Iterator[OpenTransactions]:
    """Record the open transactions of this context and of the tasks that it starts."""
    token = _observed.set(opened := OpenTransactions())
    try:
        yield opened
    finally:
        _observed.reset(token)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction: its connection, and its timestamp *now* by the database's clock."""

    connection: AsyncConnection
    now: datetime
    notifications: set[Notification] = field(default_factory=set)
    """Notifications to send once the transaction is committed."""
    made: Counter[str] = field(default_factory=Counter)
    """The number of rows inserted by `storage.db.sql`, by table."""
    clock: DatabaseClock = database_clock
    is_writing: bool = False
    known: dict[str, bytes] = field(default_factory=dict)
    """Constants of this database that the process caches. Additions are kept after the commit."""
    running: list[None] = field(default_factory=list)
    """Not empty while a statement runs; `at_once` uses it to see what its work awaits."""
    sessions: list[AsyncSession] = field(default_factory=list)
    """The session, once one was needed."""

    @property
    def dialect(self) -> str:
        return self.connection.dialect.name

    @property
    def session(self) -> AsyncSession:
        """The session, for models. Most transactions use none and save the time to make one."""
        if not self.sessions:
            options: dict[str, Any] = {"join_transaction_mode": "control_fully"}
            self.sessions.append(AsyncSession(self.connection, expire_on_commit=False, **options))
        return self.sessions[0]

    @asynccontextmanager
    async def committing_session(self) -> AsyncIterator[None]:
        """Commit by the session, if one was made in the block; roll it back after an error.

        The session then knows whether its new rows were stored, or can be added again.
        """
        try:
            yield
            for session in self.sessions:
                await session.commit()
        except BaseException:
            for session in self.sessions:
                await session.rollback()
            raise
        finally:
            for session in self.sessions:
                await session.close()

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

        `sqlmodel.select` of one column or one table returns plain values or models. Any other
        statement returns rows that unpack like tuples.
        """
        await self.flush()
        with self._in_statement():
            if _returns_models(statement):
                session: Any = self.session
                options = _RETURNED_MODELS if isinstance(statement, UpdateBase) else {}
                result = await session.exec(statement, params=values, execution_options=options)
                return result.all()  # type: ignore[no-any-return]
            # Bypass the session, whose overhead exceeds the time of most of our statements.
            rows = await self._call(Connection.execute, statement, values)
            is_scalar = isinstance(statement, SelectOfScalar)
            found: Sequence[Any] = rows.scalars().all() if is_scalar else rows.all()
            return found

    @overload
    async def first(self, statement: SelectOfScalar[Row], **values: object) -> Row | None: ...

    @overload
    async def first(
        self, statement: Select[*Columns], **values: object
    ) -> tuple[*Columns] | None: ...

    @overload
    async def first(self, statement: Executable, **values: object) -> Any: ...

    async def first(self, statement: Executable, **values: object) -> Any:
        """Return the first row, in the form of `rows`; None if there is none."""
        return next(iter(await self.rows(statement, **values)), None)

    @overload
    async def one(self, statement: SelectOfScalar[Row], **values: object) -> Row: ...

    @overload
    async def one(self, statement: Select[*Columns], **values: object) -> tuple[*Columns]: ...

    @overload
    async def one(self, statement: Executable, **values: object) -> Any: ...

    async def one(self, statement: Executable, **values: object) -> Any:
        """Return the only row, such as a count, in the form of `rows`.

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

        With *many* it runs once for each of these sets of values. Does not refresh models that were
        loaded earlier in the transaction.
        """
        await self.flush()
        with self._in_statement():
            result = await self._call(Connection.execute, statement, many or values)
            return result.rowcount

    async def execute_in_driver(
        self, sql: str, parameters: tuple[Any, ...] | list[tuple[Any, ...]]
    ) -> CursorResult[Any]:
        """Run *sql*, in the driver's own parameter style, once or for each of many rows.

        For inserts of many short rows, where SQLAlchemy's compiler would cost the most.
        """
        with self._in_statement():
            return await self._call(Connection.exec_driver_sql, sql, parameters)

    async def _call(
        self, method: Callable[..., CursorResult[Any]], *arguments: Any
    ) -> CursorResult[Any]:
        """Call a method of SQLAlchemy's synchronous connection.

        On the database's thread, where no event loop runs, nothing waits. A greenlet, as in
        `AsyncConnection.execute`, would cost a third of a statement there.
        """
        if _get_running_loop() is None:
            return method(self.connection.sync_connection, *arguments)
        return await self.connection.run_sync(method, *arguments)

    async def driver(self) -> Any:
        """Return the driver's own connection, for operations that SQLAlchemy does not offer."""
        with self._in_statement():
            return (await self.connection.get_raw_connection()).driver_connection

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
        """Write pending changes of loaded rows to the database."""
        for session in self.sessions:
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
        """Run *work*, which may await only statements of this transaction; return its result.

        On SQLite all of it runs on the database's thread, because a round trip to that thread costs
        more than most statements. Raises RuntimeError if *work* awaits anything else.
        """
        if self.dialect == POSTGRESQL:
            return await _only_statements(work, self.running)
        from storage.db.onehop import in_one_hop  # noqa: PLC0415 - its driver is for SQLite alone

        try:
            driver = await self.driver()
        except BaseException:
            work.close()  # else Python warns that nobody awaited it
            raise
        return await in_one_hop(driver, work)

    async def anew(self) -> Transaction:
        """Return this transaction with `now` read again, for use after a long wait for a lock."""
        with self._in_statement():
            return replace(self, now=await self.clock(self.connection))


# Options of an UPDATE that returns models: they get the new values, and the session does not search
# for other models to update.
_RETURNED_MODELS: Final = {"synchronize_session": False, "populate_existing": True}


def _returns_models(statement: Any) -> bool:
    # Private attributes, because the public ones take longer than the statement itself.
    columns = getattr(statement, "_raw_columns", None) or getattr(statement, "_returning", None)
    return any(isinstance(column, TableClause | AliasedReturnsRows) for column in columns or ())


@coroutine
def _only_statements(
    work: Coroutine[Any, Any, Result], running: Collection[None]
) -> Generator[Any, Any, Result]:
    """Drive *work*, and raise RuntimeError if it awaits anything while no statement is running."""
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            awaited = work.throw(error) if error else work.send(result)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        if not running:
            work.close()
            raise RuntimeError("only statements can be awaited in at_once")
        result = error = None
        try:
            result = yield awaited
        except BaseException as raised:  # noqa: BLE001 - the work gets it, as from an await
            error = raised


class GivesNotifications(Protocol):
    def give(self, notifications: Collection[Notification], /) -> None: ...


class Storage:
    """The database. A process opens it once and closes it at its end."""

    def __init__(
        self, engine: AsyncEngine, clock: DatabaseClock, writing_engine: AsyncEngine | None = None
    ) -> None:
        self._engine = engine
        self._writing_engine = writing_engine or engine
        # Behind a pooler, every statement would get another session than its preparation.
        is_pooled = engine.get_execution_options().get(POOLED)
        self._can_autocommit = engine.dialect.name == POSTGRESQL and not is_pooled
        self._clock = clock
        self._known: dict[str, bytes] = {}
        self.latest = datetime.min.replace(tzinfo=UTC)
        """The latest timestamp of any transaction; reveals a clock that was set back."""
        self._notifier: GivesNotifications | None = None
        self.on_made: Callable[[Mapping[str, int]], None] = lambda _made: None
        # A queue inside the process is cheaper than SQLite's busy polling, and it is fair.
        self._writer = asyncio.Lock() if engine.dialect.name == SQLITE else None
        self._kept: AsyncConnection | None = None

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

        `storage.schema.migrate` must have created the tables. *pool_size* limits the connections to
        PostgreSQL. *command_seconds*: how long a server may take to respond (None for long work).
        *through_pooler*: a pooler such as PgBouncer may give each transaction another session.
        """
        if make_url(url).get_backend_name() != SQLITE:
            options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 0}
            options |= {"pool_timeout": POOL_SECONDS}
            options |= {"command_seconds": command_seconds, "through_pooler": through_pooler}
            options |= {"on_connect": None if through_pooler else LIMIT_IDLING}
            engine = postgresql_engine(url, execution_options={POOLED: through_pooler}, **options)
            return cls(engine, clock)
        from storage.db.onehop import OneHop  # noqa: PLC0415 - its driver is for SQLite alone

        engine = sqlite_engine(url, pool_size=pool_size, module=OneHop())
        # A single connection writes, because a write by another one would empty its page cache.
        writers: dict[str, Any] = {"pool_size": 1, "max_overflow": 0, "module": OneHop()}
        return cls(engine, clock, sqlite_engine(url, cache_mb=WRITERS_CACHE_MB, **writers))

    @property
    def dialect(self) -> str:
        return self._engine.dialect.name

    @property
    def connections_in_use(self) -> int:
        pool = self._engine.pool
        readers = pool.checkedout() if isinstance(pool, QueuePool) else 0
        return readers + (self._writer is not None and self._writer.locked())

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Run statements that only read, each of them in a transaction of its own.

        BEGIN and COMMIT would be two more round trips, to PostgreSQL or to the thread of SQLite.
        Each statement shows the latest rows, as it does on PostgreSQL in any transaction of ours.
        """
        async with self._reading(autocommit=True) as tx:
            yield tx

    @asynccontextmanager
    async def reading_in_transaction(self) -> AsyncIterator[Transaction]:
        """Run statements that only read, all in one transaction, as `SET LOCAL` needs it."""
        async with self._reading(autocommit=False) as tx:
            yield tx

    @asynccontextmanager
    async def _reading(self, *, autocommit: bool) -> AsyncIterator[Transaction]:
        with _connected():
            async with _connection(self._engine) as connection:
                if self._can_autocommit:
                    set_autocommit(connection, on=autocommit)
                start = None if autocommit else begin
                async with self._transaction(connection, start) as tx:
                    yield tx
        self._known |= tx.known

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        with _connected():
            async with (
                self._writing_connection() as connection,
                self._transaction(connection, begin_to_write) as tx,
            ):
                yield tx
        self._note_commit(tx)

    async def write_at_once(
        self, work: Callable[[Transaction], Coroutine[Any, Any, Result]]
    ) -> Result:
        """Run *work* in a writing transaction of its own; return its result.

        *work* may await only statements of its transaction, as in `Transaction.at_once`. On SQLite
        all of it, with BEGIN and COMMIT, then is one round trip to the database's thread. Use it
        for short transactions that run often. If the caller is cancelled, the transaction has ended
        before this raises CancelledError.
        """
        if self._writer is None:
            async with self.writing() as tx:
                return await tx.at_once(work(tx))
        from storage.db.onehop import in_one_hop  # noqa: PLC0415 - its driver is for SQLite alone

        committed: list[Transaction] = []
        try:
            with _connected():
                async with self._writing_connection() as connection:
                    sync = _sync(connection)
                    whole = self._write(connection, work, committed)
                    return await in_one_hop(sync.connection.driver_connection, whole)
        finally:
            for tx in committed:
                self._note_commit(tx)

    async def _write(
        self,
        connection: AsyncConnection,
        work: Callable[[Transaction], Coroutine[Any, Any, Result]],
        committed: list[Transaction],
    ) -> Result:
        """Do all of `_transaction` on the database's thread, where nothing has to be awaited."""
        sync = _sync(connection)
        with sync.begin():
            begin_to_write(sync)
            async with self._begun(connection, is_writing=True) as tx:
                result = await work(tx)
        committed.append(tx)
        return result

    @asynccontextmanager
    async def _transaction(
        self, connection: AsyncConnection, start: Callable[[Connection], None] | None
    ) -> AsyncIterator[Transaction]:
        """Begin a transaction; commit it at the end of the block, or roll back after an error.

        *start* begins it on SQLite; None: each statement commits by itself.
        """
        async with connection.begin():
            if start and self.dialect == SQLITE:
                await connection.run_sync(start)
            async with self._begun(connection, is_writing=start is begin_to_write) as tx:
                yield tx

    @asynccontextmanager
    async def _begun(
        self, connection: AsyncConnection, *, is_writing: bool
    ) -> AsyncIterator[Transaction]:
        """Provide the transaction that has begun on *connection*; flush it after the block."""
        now = await self._clock(connection)
        self.latest = max(self.latest, now)
        tx = Transaction(
            connection, now, clock=self._clock, is_writing=is_writing, known={**self._known}
        )
        async with tx.committing_session():
            yield tx
            await tx.flush()
            if tx.notifications and self.dialect == POSTGRESQL and self._notifier is None:
                await notify(connection, tx.notifications)

    def _note_commit(self, tx: Transaction) -> None:
        self._known |= tx.known
        self.on_made(tx.made)
        if tx.notifications and self._notifier:
            self._notifier.give(tx.notifications)

    @asynccontextmanager
    async def _writing_connection(self) -> AsyncIterator[AsyncConnection]:
        """Take a connection from the pool; on SQLite, take the only one that writes.

        That one stays out of the pool until an error, because taking and returning it would cost as
        much as a short transaction.
        """
        if self._writer is None:
            async with _connection(self._writing_engine) as connection:
                if self._can_autocommit:
                    set_autocommit(connection, on=False)
                yield connection
            return
        async with self._writer:
            self._kept = self._kept or await self._writing_engine.connect()
            try:
                yield self._kept
            except BaseException:
                await asyncio.shield(self._return_kept())  # the pool resets it
                raise

    async def _return_kept(self) -> None:
        kept, self._kept = self._kept, None
        if kept:
            await kept.close()

    async def cut_log(self) -> bool:
        """Empty SQLite's log of deleted data; return False if a reader prevented it."""
        if self._writer is None:
            return True
        async with self._writer:
            await self._return_kept()
            return await truncate_wal(self._writing_engine)

    async def analyze(self, tables: Iterable[type[SQLModel]]) -> None:
        """Update the statistics of PostgreSQL's planner after many rows were loaded at once.

        Autovacuum does that some minutes later; until then a claim may take fifteen times as long.
        Each table gets a transaction of its own. SQLite plans without statistics, because with them
        claims were no faster, and deleting messages took a hundred times as long.
        """
        if self.dialect != POSTGRESQL:
            return
        for table in tables:
            async with self.writing() as tx:
                await tx.change(text(f'ANALYZE "{table.__tablename__}"'))

    @contextmanager
    def notifying(self, notifier: GivesNotifications) -> Iterator[None]:
        """Within the block, pass notifications to *notifier* instead of sending them at commit."""
        self._notifier = notifier
        try:
            yield
        finally:
            self._notifier = None

    async def close(self) -> None:
        await self._return_kept()
        await self._writing_engine.dispose()
        await self._engine.dispose()


@asynccontextmanager
async def _connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Take a connection from the pool for the block."""
    connection = await engine.connect()
    try:
        yield connection
    except BaseException:
        # Shielded, because a second cancellation must not keep the connection from the pool. Not
        # done after success, where closing waits for nothing and a task would only cost time.
        await asyncio.shield(connection.close())
        raise
    await connection.close()


def _sync(connection: AsyncConnection) -> Connection:
    """Return the synchronous connection behind an open *connection*."""
    sync = connection.sync_connection
    assert sync  # noqa: S101
    return sync


@contextmanager
def _connected() -> Iterator[None]:
    """Raise OperationalError, as for an unreachable database, if the pool is exhausted.

    Also counts the transaction for `observing_transactions`.
    """
    opened = _observed.get()
    try:
        with opened.count() if opened else nullcontext():
            yield
    except PoolTimeoutError as error:
        raise OperationalError(None, None, error) from error
