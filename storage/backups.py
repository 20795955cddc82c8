"""Backups of either database, and their return."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import chain, count
from shutil import disk_usage
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.pool import NullPool

from storage.copies import CannotBackUpError, copy_pages, examine, sizes_of, written_whole
from storage.db.postgresql import admin_engine, exclusive_connection
from storage.dumps import MAGIC, dump, undump, version_in
from storage.schema import database_file, is_current
from storage.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

_FILE: Final = b"SQLite format 3\0"


async def back_up(url: str, target: Path, told: Callable[[int, int], None]) -> None:
    """Write all of the database at *url* to *target*, beside whoever uses it; whole or not."""
    path = database_file(url)
    if path is None:
        async with _connected(url) as driver:
            server = await _major_version(driver)
        await dump(url, server, target, told)
        return
    if not path.is_file():
        raise CannotBackUpError(f"There is no database at {path}.")
    if disk_usage(target.parent).free < sizes_of(path):
        raise CannotBackUpError(f"The disk of {target.parent.resolve()} has no room for {path}.")
    await asyncio.to_thread(_copy_examined, path, target, told)


async def restore(
    url: str, source: Path, told: Callable[[int, int], None], *, force: bool
) -> Path | None:
    """Bring back what *source* holds; return where what was there is kept, if there was anything.

    Nobody runs the bot: of an SQLite file the caller holds the lock.
    """
    with source.open("rb") as file:
        begins = file.read(len(_FILE))
    path = database_file(url)
    if path is not None and begins == _FILE:
        return await asyncio.to_thread(_restore_file, path, source, told, force=force)
    if path is None and begins.startswith(MAGIC):
        return await _restore_dump(url, source, told, force=force)
    if begins == _FILE or begins.startswith(MAGIC):
        raise CannotBackUpError(
            f"{source} is a backup of the other kind of database: restore it to one of its own "
            "kind, and move that with dateline migrate-storage."
        )
    raise CannotBackUpError(f"{source} is no backup: neither an SQLite file nor of pg_dump -Fc.")


def _copy_examined(path: Path, target: Path, told: Callable[[int, int], None]) -> None:
    with written_whole(target) as draft:
        try:
            copy_pages(path, draft, told)
        except sqlite3.OperationalError:
            raise  # a full disk, say
        except sqlite3.DatabaseError as error:
            raise CannotBackUpError(f"{path} is damaged: {error}.") from error
        examine(draft)


def _restore_file(
    path: Path, source: Path, told: Callable[[int, int], None], *, force: bool
) -> Path | None:
    is_current(examine(source))
    is_filled = path.exists() and path.stat().st_size > 0  # who holds its lock has made it
    if is_filled and not force:
        raise _there_is_data(str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = _kept_beside(path, path.suffix) if is_filled else None
    with written_whole(path) as draft:
        copy_pages(source, draft, told)
        examine(draft)
        if kept:
            # As it is, for it may be damaged.
            for ending in ("-wal", "-shm", ""):
                if (part := path.with_name(path.name + ending)).exists():
                    part.replace(kept.with_name(kept.name + ending))
    return kept


async def _restore_dump(
    url: str, source: Path, told: Callable[[int, int], None], *, force: bool
) -> Path | None:
    version = await version_in(url, source)
    if version is None:
        raise CannotBackUpError(f"{source} holds no database of Dateline.")
    is_current(version)
    kept = None
    async with exclusive_connection(url) as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        server, name = await _major_version(driver), await driver.fetchval(_NAME)
        tables = [row[0] for row in await driver.fetch(_OURS, list(METADATA.tables))]
        if tables and await _have_rows(driver, tables):
            if not force:
                raise _there_is_data(f"the database {name}")
            kept = _kept_beside(source.parent / name, ".dump")
            await dump(url, server, kept, lambda *_: None)
        if tables:
            await driver.execute(f"DROP TABLE {', '.join(tables)} CASCADE")
        try:
            await undump(url, server, source, told)
        except CannotBackUpError as error:
            raise CannotBackUpError(f"{error} The database is empty now; {_where(kept)}") from error
        await driver.execute("ANALYZE")  # a dump holds no statistics
    return kept


_NAME: Final = "SELECT current_database()"
_OURS: Final = """
    SELECT quote_ident(relname) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    AND relname = ANY ($1::text[] || '{alembic_version}')
"""


async def _have_rows(driver: Any, tables: list[str]) -> bool:
    for name in tables:
        filled = f"SELECT EXISTS (SELECT FROM {name})"  # noqa: S608 - our own
        if name != "alembic_version" and await driver.fetchval(filled):
            return True
    return False


def _where(kept: Path | None) -> str:
    return f"what was there is in {kept}." if kept else "nothing was there before."


def _there_is_data(place: str) -> CannotBackUpError:
    return CannotBackUpError(
        f"There is data in {place}; with --force it is replaced, and what was there is kept."
    )


def _kept_beside(path: Path, suffix: str) -> Path:
    """Return a name for what was there that nothing has: two may be kept in the same second."""
    stem = path.stem if suffix == path.suffix else path.name
    began = f"{stem}.before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    names = (f"{began}{again}{suffix}" for again in chain([""], (f"-{n}" for n in count(2))))
    return next(one for name in names if not (one := path.with_name(name)).exists())


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Any]:
    engine = admin_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            yield (await connection.get_raw_connection()).driver_connection
    finally:
        await engine.dispose()


async def _major_version(driver: Any) -> int:
    return int(await driver.fetchval("SHOW server_version_num")) // 10_000
