"""Connections to an SQLite file."""

from hashlib import sha256
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

# Seconds that another program's write lock is waited for before an error says so.
BUSY_SECONDS: Final = 5

_IMPATIENT: Final = "dateline_impatient"

# Seconds that cutting the log, in which nobody writes, waits for those who read.
CUT_SECONDS: Final = 1

_CACHE_MB: Final = 2

WRITERS_CACHE_MB: Final = 32  # what a busy minute touches

_CHECKPOINT_PAGES: Final = 4_000  # 16 MB of log: a page that is written again and again goes once


def sqlite_engine(url: str, *, cache_mb: int = _CACHE_MB, **options: Any) -> AsyncEngine:
    """Return an engine on an SQLite file, whose errors hold no people's words either."""
    engine = create_async_engine(url, hide_parameters=True, **options)

    @event.listens_for(engine.sync_engine, "connect")
    def _open(connection: Any, _entry: ConnectionPoolEntry) -> None:
        # The driver must not begin transactions by itself; `_begin` says which kind.
        connection.isolation_level = None
        connection.create_function("keyed_sha256", 2, _keyed_sha256, deterministic=True)
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is deleted is overwritten, in pages that are freed as well
            _busy_timeout(BUSY_SECONDS),
            f"cache_size={-1000 * cache_mb}",
            f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _keyed_sha256(secret: bytes, text: str) -> str:
    return sha256(secret + text.encode()).hexdigest()


async def truncate_wal(engine: AsyncEngine) -> bool:
    """Bring what the write-ahead log holds into the file and cut the log; whether nobody hindered.

    The log still has each page as it was before, with what was deleted.
    """
    async with engine.execution_options(dateline_outside=True).connect() as connection:
        await connection.exec_driver_sql(f"PRAGMA {_busy_timeout(CUT_SECONDS)}")
        found = await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        is_busy = bool(found.one()[0])
        await connection.exec_driver_sql(f"PRAGMA {_busy_timeout(BUSY_SECONDS)}")
    return not is_busy


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("dateline_outside"):
        return  # a checkpoint is part of no transaction
    if options.get("dateline_writing"):
        _begin_to_write(connection)
    else:
        connection.exec_driver_sql("BEGIN")


def _begin_to_write(connection: Connection) -> None:
    """Wait for a lock that lasts once, not once for each who stands in line behind it.

    They have waited as well: one after another they would fail only minutes later.
    """
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError:
        connection.info[_IMPATIENT] = True
        _set(connection, _busy_timeout(0))
        raise
    if connection.info.pop(_IMPATIENT, False):
        _set(connection, _busy_timeout(BUSY_SECONDS))


def _busy_timeout(seconds: int) -> str:
    return f"busy_timeout={seconds * 1000}"


def _set(connection: Connection, pragma: str) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
