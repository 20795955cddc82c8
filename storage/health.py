"""How the database is. It is asked without changing it, also where the tables are older or newer.

SQLite is asked past the driver of the bot, whose connections turn a file to WAL.
"""

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import col, select

from storage.db.engine import DatabaseError, Storage, Transaction, database_clock
from storage.db.leases import PRESENCE, Lease
from storage.db.problems import why_not
from storage.enums import Condition, PostgresqlFacts, SqliteFacts, Unusable
from storage.schema import VERSIONS, database_file

_BUSY_SECONDS = 3

_STEPS = 10_000  # of SQLite's machine, between two looks at the clock

_TRIAL = "CREATE TABLE dateline_doctor_was_here (id INTEGER)"


def open_read_only(url: str) -> Storage:
    """Return a storage that changes nothing; on SQLite it cannot. OSError if there is no file."""
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
    """Take a lock that only a database gives that can be written; raise DatabaseError without one.

    It waits as long as any other writer does, in line behind those.
    """
    async with storage.writing() as tx:
        # A standby refuses it. SQLite has locked the file by now.
        await tx.session.exec(select(Lease.name).limit(0).with_for_update())


def condition_of_file(path: Path, seconds: float) -> Condition:
    """Ask the SQLite file at *path*, which is there; at most so long. It blocks."""
    path.open("rb").close()  # the system says better than SQLite why a file cannot be opened
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
        )


def _revision_in(connection: sqlite3.Connection) -> str | None:
    named = "SELECT name FROM sqlite_master WHERE name = 'alembic_version'"
    if not connection.execute(named).fetchone():
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else None


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _integrity(connection: sqlite3.Connection) -> str:
    try:
        said = connection.execute("PRAGMA quick_check(3)").fetchall()
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            return ""
        raise
    return "; ".join(row[0] for row in said)


def _has_full_text() -> bool:
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE trial USING fts5(words)")
        except sqlite3.OperationalError:
            return False
    return True


def _unwritable(path: Path) -> Unusable | None:
    """Write, and take it back."""
    address = f"file:{path.resolve()}?mode=rw"
    try:
        with closing(
            sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
        ) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_TRIAL)
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        return why_not(error)
    return None


def _pending(revision: str | None) -> int | None:
    """Return how many migrations follow *revision*; None if it is none of ours."""
    if revision and revision not in VERSIONS:
        return None
    return sum(number > (revision or "") for number in VERSIONS)


async def condition_of_server(url: str) -> Condition:
    """Ask PostgreSQL; DatabaseError or OSError where that cannot be."""
    storage = Storage.open(url, through_pooler=True)  # nobody knows yet whether there is one
    try:
        async with storage.reading() as tx:
            ahead = datetime.now(UTC) - await database_clock(tx.session)
            revision = await _revision_on(tx)
            version = int(await _one(tx, "SHOW server_version_num"))
            size = int(await _one(tx, "SELECT pg_database_size(current_database())"))
            own = await _of_server(tx)
        return Condition(
            version=divmod(version, 10_000),
            revision=revision,
            pending=_pending(revision),
            unwritable=await _unwritable_on(storage),
            size=size,
            ahead=ahead,
            own=own,
        )
    finally:
        await storage.close()


async def _one(tx: Transaction, asked: str) -> Any:
    connection = await tx.session.connection()
    return (await connection.execute(text(asked))).scalar_one()


async def _revision_on(tx: Transaction) -> str | None:
    if not await _one(tx, "SELECT to_regclass('alembic_version') IS NOT NULL"):
        return None
    revision: str | None = await _one(tx, "SELECT max(version_num) FROM alembic_version")
    return revision


async def _of_server(tx: Transaction) -> PostgresqlFacts:
    oldest = await _one(
        tx,
        "SELECT coalesce(max(clock_timestamp() - xact_start), interval '0') FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    return PostgresqlFacts(
        oldest=oldest,
        has_autovacuum=await _one(tx, "SHOW autovacuum") == "on",
        connections=int(
            await _one(tx, "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'cl%'")
        ),
        most_connections=int(await _one(tx, "SHOW max_connections")),
        is_pooled=await _is_pooled(tx),
    )


async def _is_pooled(tx: Transaction) -> bool:
    """Compare the process that answers with that of the login: a pooler names one of its own."""
    connection = await (await tx.session.connection()).get_raw_connection()
    driver: Any = connection.driver_connection
    return bool(driver.get_server_pid() != await _one(tx, "SELECT pg_backend_pid()"))


async def _unwritable_on(storage: Storage) -> Unusable | None:
    """Write, and take it back."""
    try:
        async with storage.writing() as tx:
            connection = await tx.session.connection()
            await connection.execute(text(_TRIAL))
            await tx.session.rollback()
    except DatabaseError as error:
        return why_not(error)
    return None


async def leases_held(tx: Transaction) -> list[str]:
    """Return who holds a role that only one process may have."""
    is_a_role = ~col(Lease.name).startswith(PRESENCE)
    held = select(Lease.owner).where(col(Lease.lease_until) > tx.now, is_a_role).distinct()
    return list(await tx.session.exec(held.order_by(col(Lease.owner))))
