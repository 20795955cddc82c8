"""Examines the health of a database of any schema version, without changing it.

An SQLite file is opened without the bot's own engine, because that would switch it to WAL.
"""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import col, select

from storage.db.clock import database_clock
from storage.db.engine import POSTGRESQL, SQLITE, Storage, Transaction
from storage.db.leases import PRESENCE, Lease
from storage.db.problems import DatabaseError, Unusable
from storage.db.shape import Shape, shape_of_sqlite
from storage.schema import VERSIONS, database_file, obstacles, shape_of

_BUSY_SECONDS = 3

_STEPS = 10_000  # of SQLite's virtual machine between two checks of the clock

_TRIAL = "dateline_doctor_was_here"


@dataclass(frozen=True, slots=True)
class SqliteFacts:
    """*integrity*: "ok", the damage, or "" if there was no time to finish the check."""

    journal: str
    integrity: str
    has_full_text: bool


@dataclass(frozen=True, slots=True)
class PostgresqlFacts:
    oldest: timedelta  # the age of the longest open transaction
    has_autovacuum: bool
    connections: int
    most_connections: int
    is_pooled: bool  # connected through a pooler, which may give each transaction another session


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition of a database.

    *pending*: the number of migrations from its *revision* to ours; None if the revision is not
    ours. *obstacles*: what keeps us from using its tables (`storage.schema.obstacles`).
    *unwritable*: why it cannot be written to; None if it can. *ahead*: by how much this host's
    clock is ahead of the database's.
    """

    version: tuple[int, ...]
    revision: str | None
    pending: int | None
    unwritable: Unusable | None
    size: int
    ahead: timedelta
    own: SqliteFacts | PostgresqlFacts
    obstacles: tuple[str, ...] = ()


def open_read_only(url: str) -> Storage:
    """Return a storage for reading; an SQLite file is opened read-only.

    Raises OSError if the file does not exist.
    """
    file = database_file(url)
    if file is None:
        return Storage.open(url)
    file.stat()
    engine = create_async_engine(
        f"{make_url(url).drivername}:///file:{file.resolve()}?mode=ro&uri=true",
        hide_parameters=True,
    )
    return Storage(engine, database_clock)


async def try_to_write(storage: Storage) -> None:
    """Take a lock that only a writable database grants; raise DatabaseError if it fails.

    Waits as long as any other writer, in the same queue.
    """
    async with storage.writing() as tx:
        # A standby refuses FOR UPDATE. On SQLite, `writing` has already locked the file.
        await tx.rows(select(Lease.name).limit(0).with_for_update())


def condition_of_file(path: Path, seconds: float) -> Condition:
    """Examine the SQLite file at *path* for at most *seconds*. Blocks the event loop."""
    path.open("rb").close()  # raises OSError, whose message is clearer than SQLite's
    until = time.monotonic() + seconds
    address = f"file:{path.resolve()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)) as connection:
        connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
        revision = _revision_in(connection)
        pages, size = (_pragma(connection, name) for name in ("page_count", "page_size"))
        return Condition(
            version=sqlite3.sqlite_version_info,
            revision=revision,
            pending=_pending(revision),
            unwritable=_unwritable(path),
            size=pages * size,
            ahead=timedelta(),
            own=SqliteFacts(
                journal=_pragma(connection, "journal_mode"),
                integrity=_integrity(connection),
                has_full_text=_has_full_text(),
            ),
            obstacles=_obstacles(
                revision, shape_of_sqlite(lambda sql: connection.execute(sql).fetchall()), SQLITE
            ),
        )


def _revision_in(connection: sqlite3.Connection) -> str | None:
    is_there = "SELECT name FROM sqlite_master WHERE name = 'alembic_version'"
    if not connection.execute(is_there).fetchone():
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else None


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _integrity(connection: sqlite3.Connection) -> str:
    try:
        rows = connection.execute("PRAGMA quick_check(3)").fetchall()
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            return ""
        raise
    return "; ".join(row[0] for row in rows)


def _has_full_text() -> bool:
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE trial USING fts5(words)")
        except sqlite3.OperationalError:
            return False
    return True


def _unwritable(path: Path) -> Unusable | None:
    """Return why a table cannot be created in the file; None if it can. Rolls back."""
    address = f"file:{path.resolve()}?mode=rw"
    try:
        with closing(
            sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
        ) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"CREATE TABLE {_TRIAL} (id INTEGER)")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        return Unusable.because_of(error)
    return None


def _pending(revision: str | None) -> int | None:
    """Return the number of migrations after *revision*; None if it is not ours."""
    if revision and revision not in VERSIONS:
        return None
    return sum(number > (revision or "") for number in VERSIONS)


def _obstacles(revision: str | None, shape: Shape, dialect: str) -> tuple[str, ...]:
    return tuple(obstacles(revision, shape, dialect)) if revision else ()


async def condition_of_server(url: str) -> Condition:
    """Examine PostgreSQL. Raises DatabaseError or OSError if it cannot be reached."""
    storage = Storage.open(url, through_pooler=True)  # works without a pooler, too
    try:
        async with storage.reading() as tx:
            ahead = datetime.now(UTC) - tx.now
            revision = await _revision_on(tx)
            version = int(await _value(tx, "SHOW server_version_num"))
            size = int(await _value(tx, "SELECT pg_database_size(current_database())"))
            own = await _of_server(tx)
            shape = await tx.connection.run_sync(shape_of)
        return Condition(
            version=divmod(version, 10_000),
            revision=revision,
            pending=_pending(revision),
            unwritable=await _unwritable_on(storage),
            size=size,
            ahead=ahead,
            own=own,
            obstacles=_obstacles(revision, shape, POSTGRESQL),
        )
    finally:
        await storage.close()


async def _value(tx: Transaction, sql: str) -> Any:
    (value,) = await tx.one(text(sql))
    return value


async def _revision_on(tx: Transaction) -> str | None:
    if not await _value(tx, "SELECT to_regclass('alembic_version') IS NOT NULL"):
        return None
    revision: str | None = await _value(tx, "SELECT max(version_num) FROM alembic_version")
    return revision


async def _of_server(tx: Transaction) -> PostgresqlFacts:
    oldest = await _value(
        tx,
        "SELECT coalesce(max(clock_timestamp() - xact_start), interval '0') FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    return PostgresqlFacts(
        oldest=oldest,
        has_autovacuum=await _value(tx, "SHOW autovacuum") == "on",
        connections=int(
            await _value(tx, "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'cl%'")
        ),
        most_connections=int(await _value(tx, "SHOW max_connections")),
        is_pooled=await _is_pooled(tx),
    )


async def _is_pooled(tx: Transaction) -> bool:
    """Return whether the login reported another process id than the server: a pooler's own."""
    driver = await tx.driver()
    return bool(driver.get_server_pid() != await _value(tx, "SELECT pg_backend_pid()"))


async def _unwritable_on(storage: Storage) -> Unusable | None:
    """Return why a table cannot be created; None if it can. Drops it in the same transaction."""
    try:
        async with storage.writing() as tx:
            await tx.change(text(f"CREATE TABLE {_TRIAL} (id INTEGER)"))
            await tx.change(text(f"DROP TABLE {_TRIAL}"))
    except DatabaseError as error:
        return Unusable.because_of(error)
    return None


async def leases_held(tx: Transaction) -> list[str]:
    """Return the processes that hold a role which only one process may have."""
    is_role = ~col(Lease.name).startswith(PRESENCE)
    owners = select(Lease.owner).where(col(Lease.lease_until) > tx.now, is_role).distinct()
    return list(await tx.rows(owners.order_by(col(Lease.owner))))
