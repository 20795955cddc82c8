"""Connections to an SQLite file."""

from hashlib import sha256
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

# Seconds that a writer waits for another program's lock before it fails.
BUSY_SECONDS: Final = 5

_IMPATIENT: Final = "dateline_impatient"

# Seconds that truncating the log waits for readers. Nobody can write meanwhile.
CUT_SECONDS: Final = 1

_CACHE_MB: Final = 2

WRITERS_CACHE_MB: Final = 32  # enough for the pages that a busy minute changes

_CHECKPOINT_PAGES: Final = 4_000  # 16 MB of log; a page that changes often is then copied once


def sqlite_engine(url: str, *, cache_mb: int = _CACHE_MB, **options: Any) -> AsyncEngine:
    """Return an engine on an SQLite file. Its errors, which are logged, contain no parameters."""
    engine = create_async_engine(url, hide_parameters=True, **options)

    @event.listens_for(engine.sync_engine, "connect")
    def _open(connection: Any, _entry: ConnectionPoolEntry) -> None:
        # The driver must not begin transactions by itself, because `begin` chooses their kind.
        connection.isolation_level = None
        connection.create_function("keyed_sha256", 2, _keyed_sha256, deterministic=True)
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",  # deleted data is overwritten, in freed pages too
            _busy_timeout(BUSY_SECONDS),
            f"cache_size={-1000 * cache_mb}",
            f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def _keyed_sha256(secret: bytes, text: str) -> str:
    return sha256(secret + text.encode()).hexdigest()


async def truncate_wal(engine: AsyncEngine) -> bool:
    """Copy the write-ahead log into the file and empty it; return False if a reader prevented it.

    Until it is emptied, the log still contains old pages with deleted data.
    """
    async with engine.connect() as connection:  # outside a transaction, as a checkpoint must be
        await connection.exec_driver_sql(f"PRAGMA {_busy_timeout(CUT_SECONDS)}")
        result = await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        is_busy = bool(result.one()[0])
        await connection.exec_driver_sql(f"PRAGMA {_busy_timeout(BUSY_SECONDS)}")
    return not is_busy


def begin(connection: Connection) -> None:
    """Begin a transaction that reads.

    Not a listener for SQLAlchemy's "begin", because an engine with such a listener looks for others
    several times per statement.
    """
    connection.exec_driver_sql("BEGIN")


def begin_to_write(connection: Connection) -> None:
    """Take the write lock. Bounds the total wait for a lock, not the wait of each queued writer.

    Once a writer has waited in vain, the writers queued behind it fail at once. Otherwise they
    would fail one after another, the last of them minutes later.
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
