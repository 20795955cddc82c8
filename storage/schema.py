"""The schema: all tables, the version of a database, and its upgrade to this program's version.

The version is read at each start and every minute. This module reads it without alembic, because
importing alembic takes longer.
"""

import asyncio
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from shutil import disk_usage
from typing import Final

import structlog
from sqlalchemy import MetaData, inspect, make_url, text
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

from storage.db.copies import copy_database, copy_size
from storage.db.engine import SQLITE, Transaction
from storage.db.filelock import file_lock, lock_beside
from storage.db.postgresql import admin_engine
from storage.db.sql import Leased

MIGRATIONS: Final = Path(__file__).parent / "migrations"

# Read once at import, because an upgrade in place replaces the folder while processes run. The new
# files do not belong to the running code.
VERSIONS: Final = tuple(sorted(path.name[:4] for path in MIGRATIONS.glob("versions/[0-9]*.py")))
LATEST_VERSION: Final = VERSIONS[-1]  # such as `0042`

_STORED_VERSION: Final = text("SELECT version_num FROM alembic_version")

log = structlog.get_logger(__name__)


@cache
def metadata() -> MetaData:
    """Return all tables; imports every module of the package to find them."""
    for module in iter_modules([str(Path(__file__).parent)], prefix="storage."):
        if not module.ispkg:
            import_module(module.name)
    return SQLModel.metadata


def leased_tables() -> list[type[Leased]]:
    """Return all tables whose rows processes lease, sorted by name."""
    metadata()
    return sorted(Leased.__subclasses__(), key=lambda table: table.__name__)


class SchemaError(RuntimeError):
    """This version of the program cannot use the database; the message says what to do."""


class SchemaTooNewError(SchemaError):
    """The database was migrated by a newer version of the program."""

    def __init__(self) -> None:
        super().__init__(
            "The database was written by a newer version of Dateline; run that version."
        )


class SchemaTooOldError(SchemaError):
    """The database has an older version than the program, or no tables at all."""

    def __init__(self, version: str | None) -> None:
        state = "was written by an older version of Dateline" if version else "has no tables yet"
        super().__init__(f"The database {state}; dateline migrate brings it up to date.")


def stored_version(connection: Connection) -> str | None:
    """Return the version of the database; None if it has no tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(_STORED_VERSION).scalar()


def is_current(version: str | None) -> bool:
    """Return whether the database needs no upgrade. Raises `SchemaTooNewError` if it is newer."""
    if version is None or version < LATEST_VERSION:
        return False
    if version > LATEST_VERSION:
        raise SchemaTooNewError
    return True


async def require_current(tx: Transaction) -> None:
    """Raise `SchemaError` unless the tables have this version. For callers that do not migrate."""
    version = await tx.connection.run_sync(stored_version)
    if not is_current(version):
        raise SchemaTooOldError(version)


async def is_still_current(tx: Transaction) -> bool:
    """Check the version of a database in use; see `is_current`."""
    row = await tx.first(_STORED_VERSION)
    return is_current(row[0] if row else None)


# Upgrades: one process at a time migrates a database to this version.


_KEPT = 2  # how many copies from before migrations are kept

_MEGABYTE = 2**20


class DiskTooSmallError(SchemaError):
    """The disk has no room for a copy of the file and for the log of the migrations."""


def database_file(url: str) -> Path | None:
    """Return the file of an SQLite *url*; None for a database without one."""
    parsed = make_url(url)
    if parsed.get_backend_name() != SQLITE or not parsed.database:
        return None
    return Path(parsed.database)


async def migrate(url: str) -> None:
    """Bring the database at *url* up to date. If another process is doing it, wait for that.

    Raises `SchemaError` if the database is newer, or if the disk is too small.
    """
    path = database_file(url)
    if path is None:
        if not is_current(await version_of(url)):
            from storage.migrations.upgrade import upgrade  # noqa: PLC0415 - alembic is slow to import

            await upgrade(url)
        return
    if not path.exists() or not await _is_file_current(path, url):
        path.parent.mkdir(parents=True, exist_ok=True)
        # In a thread, because waiting for another process must not block the event loop.
        await asyncio.to_thread(_migrate_under_lock, path, url)


async def _is_file_current(path: Path, url: str) -> bool:
    _must_open(path)
    return is_current(await version_of(url))


async def version_of(url: str) -> str | None:
    """Return the version of the database at *url*; None if it has no tables.

    An SQLite file must exist.
    """
    engine = admin_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(stored_version)
    finally:
        await engine.dispose()


def _migrate_under_lock(path: Path, url: str) -> None:
    from storage.migrations.upgrade import upgrade  # noqa: PLC0415 - alembic is slow to import

    with file_lock(lock_beside(path, "migrate"), wait=True):
        _must_open(path)
        asyncio.run(upgrade(url, lambda _: _keep_copy(path)))


def _must_open(path: Path) -> None:
    """Raise OSError if the file cannot be opened.

    aiosqlite's thread would report the error to an event loop that may be closed by then.
    """
    path.open("ab").close()


def _keep_copy(path: Path) -> None:
    """Copy the file before a migration, and delete all but the newest copies."""
    size, free = copy_size(path), disk_usage(path.parent).free
    # The copy takes the size once, and the log of the migrations at most once.
    if free < 2 * size + _MEGABYTE:
        raise DiskTooSmallError(
            f"{path} is of an older version. To bring it to this one takes "
            f"{_megabytes(2 * size)} MB of free disk, for a copy and for the change itself; "
            f"{path.parent.resolve()} has {_megabytes(free)} MB. Nothing was changed."
        )
    copy = path.with_name(f"{path.stem}.before-{LATEST_VERSION}{path.suffix}")
    copy_database(path, copy)
    log.info("the database was copied before its migration", copy=str(copy))
    copies = sorted(path.parent.glob(f"{path.stem}.before-[0-9]???{path.suffix}"))
    for older in copies[:-_KEPT]:
        older.unlink()


def _megabytes(size: int) -> str:
    return f"{-(-size // _MEGABYTE):,}"
