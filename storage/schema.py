"""The schema: all tables, the version of a database, and its upgrade to this program's version.

At each start the tables are compared with those that the database's version had when it was
released. A table, column or index that somebody added is ignored. A program also works on the
tables of a newer version, as long as all that it knows is there and nothing new hinders it
(`storage.db.shape`). This module needs no alembic, because importing alembic takes longer.
"""

import asyncio
from collections.abc import Sequence
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
from storage.db.shape import Shape, hindrances, shape_of_postgresql, shape_of_sqlite
from storage.db.sql import Leased

MIGRATIONS: Final = Path(__file__).parent / "migrations"

# Read once at import, because an upgrade in place replaces the folder while processes run. The new
# files do not belong to the running code.
VERSIONS: Final = tuple(sorted(path.name[:4] for path in MIGRATIONS.glob("versions/[0-9]*.py")))
LATEST_VERSION: Final = VERSIONS[-1]  # such as `0042`

# The lines that each migration adds to the shape of a database (+) and removes from it (-);
# written by `make migration`.
_RECORDED: Final = (MIGRATIONS / "tables.txt").read_text(encoding="utf-8")

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
    """A newer version of the program changed the tables so that this one cannot use them."""

    def __init__(self) -> None:
        super().__init__(
            "The database was written by a newer version of Dateline; run that version."
        )


class SchemaTooOldError(SchemaError):
    """The database has an older version than the program, or no tables at all."""

    def __init__(self, version: str | None) -> None:
        state = "was written by an older version of Dateline" if version else "has no tables yet"
        super().__init__(f"The database {state}; dateline migrate brings it up to date.")


class SchemaDiffersError(SchemaError):
    """The tables are not those of the version that the database claims to have."""

    def __init__(self, version: str, missing: Sequence[str]) -> None:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        differs = f": it lacks “{missing[0]}”{more}" if missing else ", which does not exist here"
        super().__init__(
            f"The database does not have the tables of migration {version}{differs}. {REPAIR}"
        )


REPAIR: Final = (
    "Another build of Dateline made it, or somebody changed it. Restore a backup; or write its "
    "chats to a file with the build that made it (dateline export FILE), and add them to a new "
    "database (dateline import FILE)."
)


def stored_version(connection: Connection) -> str | None:
    """Return the version of the database; None if it has no tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(_STORED_VERSION).scalar()


def recorded_lines(version: str) -> set[str]:
    """Return the shape after the migration *version*; the type of row ids is `rowid`."""
    lines: set[str] = set()
    for line in _RECORDED.splitlines():
        if line.startswith("[") and line[1:-1] > version:
            break
        if line.startswith("+ "):
            lines.add(line[2:])
        elif line.startswith("- "):
            lines.remove(line[2:])
    return lines


def recorded_shape(version: str, dialect: str) -> Shape:
    row_id = " integer" if dialect == SQLITE else " bigint"
    return frozenset(line.replace(" rowid", row_id) for line in recorded_lines(version))


def shape_of(connection: Connection) -> Shape:
    read = shape_of_sqlite if connection.dialect.name == SQLITE else shape_of_postgresql
    return read(lambda sql: connection.exec_driver_sql(sql).all())


def obstacles(version: str, shape: Shape, dialect: str) -> list[str]:
    """Return what keeps this program from using a database that claims to be of *version*."""
    known = recorded_shape(version, dialect)
    new = hindrances(known, shape) if version > LATEST_VERSION else []
    return [*sorted(known - shape), *new]


def is_usable(connection: Connection) -> bool:
    """Return whether this program can use the database as it is; False if it must be migrated.

    Raises `SchemaTooNewError` or `SchemaDiffersError` if it cannot be used at all.
    """
    version = stored_version(connection)
    if version is None:
        return False
    found = obstacles(version, shape_of(connection), connection.dialect.name)
    if found and version > LATEST_VERSION:
        raise SchemaTooNewError
    if found or (version < LATEST_VERSION and version not in VERSIONS):
        raise SchemaDiffersError(version, found)
    return version >= LATEST_VERSION


def is_current(version: str | None) -> bool:
    """Return whether a copy of the database needs no upgrade.

    Raises `SchemaTooNewError` if it is newer, because a copy by this program would lose columns.
    """
    if version is None or version < LATEST_VERSION:
        return False
    if version > LATEST_VERSION:
        raise SchemaTooNewError
    return True


async def require_usable(tx: Transaction) -> None:
    """Raise `SchemaError` unless the tables can be used. For callers that do not migrate."""
    if not await tx.connection.run_sync(is_usable):
        raise SchemaTooOldError(await tx.connection.run_sync(stored_version))


async def is_still_usable(tx: Transaction) -> bool:
    """Check a database in use, whose tables are compared only after its version has changed."""
    row = await tx.first(_STORED_VERSION)
    is_same = row is not None and row[0] == LATEST_VERSION
    return is_same or await tx.connection.run_sync(is_usable)


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

    Raises `SchemaError` if its tables cannot be used, or if the disk is too small.
    """
    path = database_file(url)
    if path is None:
        if not await _is_usable_at(url):
            from storage.migrations.upgrade import upgrade  # noqa: PLC0415 - alembic is slow to import

            await upgrade(url)
        return
    if not path.exists() or not await _is_file_usable(path, url):
        path.parent.mkdir(parents=True, exist_ok=True)
        # In a thread, because waiting for another process must not block the event loop.
        await asyncio.to_thread(_migrate_under_lock, path, url)


async def _is_file_usable(path: Path, url: str) -> bool:
    _must_open(path)
    return await _is_usable_at(url)


async def _is_usable_at(url: str) -> bool:
    engine = admin_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(is_usable)
    finally:
        await engine.dispose()


def _migrate_under_lock(path: Path, url: str) -> None:
    from storage.migrations.upgrade import upgrade  # noqa: PLC0415 - alembic is slow to import

    with file_lock(lock_beside(path, "migrate"), wait=True):
        _must_open(path)
        asyncio.run(upgrade(url, lambda: _keep_copy(path)))


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
