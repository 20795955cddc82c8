"""The schema: bringing a database up to this version, one process at a time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from shutil import disk_usage

import structlog
from sqlalchemy import make_url

from storage.connecting import patient_engine
from storage.copies import copy_database, sizes_of
from storage.engine import SQLITE
from storage.filelock import file_lock, lock_beside
from storage.versions import SchemaError, is_current, newest, stored

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
    """Bring the database at *url* up to date; whoever comes second waits and finds it done.

    `SchemaError` where that cannot be: it is of a newer version, or the disk is too small.
    """
    path = database_file(url)
    if path is None:
        if not is_current(await version_at(url)):
            from storage.migrating import upgrade  # noqa: PLC0415 - alembic is for those who need it

            await upgrade(url)
        return
    if not path.exists() or not await _is_file_current(path, url):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Waiting for another process must not stop this one's loop.
        await asyncio.to_thread(_migrate_under_lock, path, url)


async def _is_file_current(path: Path, url: str) -> bool:
    _must_open(path)
    return is_current(await version_at(url))


async def version_at(url: str) -> str | None:
    """The version of the schema there; None without one. A file must be there already."""
    engine = patient_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(stored)
    finally:
        await engine.dispose()


def _migrate_under_lock(path: Path, url: str) -> None:
    from storage.migrating import upgrade  # noqa: PLC0415 - alembic is for those who need it

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
    copy = path.with_name(f"{path.stem}.before-{newest()}{path.suffix}")
    copy_database(path, copy)
    log.info("the database was copied before it is changed", copy=str(copy))
    copies = sorted(path.parent.glob(f"{path.stem}.before-[0-9]???{path.suffix}"))
    for older in copies[:-_KEPT]:
        older.unlink()


def _megabytes(size: int) -> str:
    return f"{-(-size // _MEGABYTE):,}"
