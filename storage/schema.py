"""Which schema a database has, and which one this version needs.

Asked at each start and each minute, so without alembic, whose import takes longer than the answer.
"""

import asyncio
from pathlib import Path
from shutil import disk_usage
from typing import Final

import structlog
from sqlalchemy import inspect, make_url, text
from sqlalchemy.engine import Connection

from storage.db.copies import copy_database, sizes_of
from storage.db.engine import SQLITE, Transaction
from storage.db.filelock import file_lock, lock_beside
from storage.db.postgresql import admin_engine

MIGRATIONS: Final = Path(__file__).parent / "migrations"

# Read once, because an upgrade in place replaces the folder under running processes: whatever lies
# there later belongs to another version than the code that runs.
VERSIONS: Final = tuple(sorted(path.name[:4] for path in MIGRATIONS.glob("versions/[0-9]*.py")))
LATEST_VERSION: Final = VERSIONS[-1]  # such as `0042`

_STORED: Final = text("SELECT version_num FROM alembic_version")


class SchemaError(RuntimeError):
    """The database is not one that this version can use; the message says what to do."""


class SchemaTooNewError(SchemaError):
    """The database was migrated by a newer version than this one."""

    def __init__(self) -> None:
        super().__init__(
            "The database was written by a newer version of Dateline; run that version."
        )


class SchemaTooOldError(SchemaError):
    """The database is of an older version than this one, or has no tables at all."""

    def __init__(self, version: str | None) -> None:
        was = "was written by an older version of Dateline" if version else "has no tables yet"
        super().__init__(f"The database {was}; dateline migrate brings it up to date.")


def stored_version(connection: Connection) -> str | None:
    """The version that the database has; None for one without tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(_STORED).scalar()


def is_current(version: str | None) -> bool:
    """Whether nothing is to be done; `SchemaError` where nothing can be."""
    if version is None or version < LATEST_VERSION:
        return False
    if version > LATEST_VERSION:
        raise SchemaTooNewError
    return True


async def require_current(tx: Transaction) -> None:
    """For commands that do not migrate: `SchemaError` unless the tables are of this version."""
    connection = await tx.session.connection()
    version = await connection.run_sync(stored_version)
    if not is_current(version):
        raise SchemaTooOldError(version)


async def is_still_current(tx: Transaction) -> bool:
    """`is_current`, of a database that is in use."""
    connection = await tx.session.connection()
    return is_current((await connection.execute(_STORED)).scalar())


# The schema: bringing a database up to this version, one process at a time.


log = structlog.get_logger(__name__)

_KEPT = 2  # copies of the file as it was before a migration

_MEGABYTE = 2**20


class DiskTooSmallError(SchemaError):
    """There is no room for a copy of the file and for what the migrations write."""


def database_file(url: str) -> Path | None:
    """Return the file of an SQLite *url*; None for a database without one."""
    parsed = make_url(url)
    if parsed.get_backend_name() != SQLITE or not parsed.database:
        return None
    return Path(parsed.database)


async def migrate(url: str) -> None:
    """Bring the database at *url* up to date; a second process waits and finds it done.

    `SchemaError` where that cannot be: it is of a newer version, or the disk is too small.
    """
    path = database_file(url)
    if path is None:
        if not is_current(await version_of(url)):
            from storage.migrations.upgrade import upgrade  # noqa: PLC0415 - alembic is for those who need it

            await upgrade(url)
        return
    if not path.exists() or not await _is_file_current(path, url):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Waiting for another process must not stop this one's loop.
        await asyncio.to_thread(_migrate_under_lock, path, url)


async def _is_file_current(path: Path, url: str) -> bool:
    _must_open(path)
    return is_current(await version_of(url))


async def version_of(url: str) -> str | None:
    """The version of the schema there; None without one. A file must be there already."""
    engine = admin_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(stored_version)
    finally:
        await engine.dispose()


def _migrate_under_lock(path: Path, url: str) -> None:
    from storage.migrations.upgrade import upgrade  # noqa: PLC0415 - alembic is for those who need it

    with file_lock(lock_beside(path, "migrate"), wait=True):
        _must_open(path)
        asyncio.run(upgrade(url, lambda _: _keep_a_copy(path)))


def _must_open(path: Path) -> None:
    """Aiosqlite's thread outlives a file that does not open, and complains of the closed loop."""
    path.open("ab").close()


def _keep_a_copy(path: Path) -> None:
    """Copy the file before it is changed; only the last copies are kept."""
    size, free = sizes_of(path), disk_usage(path.parent).free
    # Once for the copy, and at most once for the log of the migrations.
    if free < 2 * size + _MEGABYTE:
        raise DiskTooSmallError(
            f"{path} is of an older version. To bring it to this one takes "
            f"{_megabytes(2 * size)} MB of free disk, for a copy and for the change itself; "
            f"{path.parent.resolve()} has {_megabytes(free)} MB. Nothing was changed."
        )
    copy = path.with_name(f"{path.stem}.before-{LATEST_VERSION}{path.suffix}")
    copy_database(path, copy)
    log.info("the database was copied before it is changed", copy=str(copy))
    copies = sorted(path.parent.glob(f"{path.stem}.before-[0-9]???{path.suffix}"))
    for older in copies[:-_KEPT]:
        older.unlink()


def _megabytes(size: int) -> str:
    return f"{-(-size // _MEGABYTE):,}"
