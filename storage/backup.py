"""Backs up either database, even while the bot runs, and restores it while the bot is stopped.

SQLite: copies the file. PostgreSQL: runs pg_dump and pg_restore from the PATH. The time of the last
backup is in the database itself, so that the doctor and the metrics of any process know it.
"""

import asyncio
import os
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from shutil import disk_usage
from typing import Any, Final

from sqlalchemy import make_url
from sqlalchemy.pool import NullPool
from sqlmodel import Field, SQLModel, select

from storage.db.copies import CannotBackUpError, atomic_file, copy_pages, copy_size, examine
from storage.db.engine import Storage, Transaction
from storage.db.postgresql import admin_engine, exclusive_connection
from storage.db.sql import upsert
from storage.schema import database_file, is_current, metadata

_THE_ONE: Final = 1


class LastBackup(SQLModel, table=True):
    """The only row holds when the last backup was made; see `BACKUP_DAYS`."""

    id: int = Field(default=_THE_ONE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    made_at: datetime


async def last_backup(tx: Transaction) -> datetime | None:
    """Return when the last backup was made; None if none is known."""
    made_at: datetime | None = await tx.first(select(LastBackup.made_at))
    return made_at


async def note_backup(url: str) -> None:
    """Store that a backup was made now. Raises DatabaseError, such as for an older schema."""
    storage = Storage.open(url)
    try:
        async with storage.writing() as tx:
            row = {"id": _THE_ONE, "made_at": tx.now}
            await upsert(tx, LastBackup, [row], key="id", changes="made_at = excluded.made_at")
    finally:
        await storage.close()


# PostgreSQL's own programs. They get the server's address and the password through their
# environment, because other users can read a command line.

MAGIC: Final = b"PGDMP"  # the first bytes of a dump
_SETS_MORE: Final = 17  # from then on, pg_restore sets parameters that older servers do not have
_SERVER_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")
_DUMPING: Final = re.compile(r"dumping contents of table|processing data for table")
_STORED: Final = re.compile(r"^COPY \S*alembic_version .*\n(\S+)$", re.MULTILINE)
_OPTIONS: Final = {"ssl": "PGSSLMODE", "host": "PGHOST", "port": "PGPORT"}
_INHERITED: Final = ("PATH", "HOME", "PG")


async def dump(url: str, server: int, target: Path, progress: Callable[[int, int], None]) -> None:
    """Write the database to *target*. *server*: the server's major version."""
    program = await _program("pg_dump", server)
    with _draft_of(target) as draft:
        arguments = ("--format=custom", "--verbose", f"--file={draft}")
        await _run(url, program, *arguments, on_line=_counting(progress))
        await _run(url, _path_of("pg_restore"), "--list", str(draft))


async def restore_dump(
    url: str, server: int, source: Path, progress: Callable[[int, int], None]
) -> None:
    """Restore a dump in one transaction, into a database without our tables."""
    program = await _program("pg_restore", server)
    database = make_url(url).database or ""
    arguments = ("--no-owner", "--exit-on-error", "--single-transaction", "--verbose")
    await _run(
        url, program, *arguments, f"--dbname={database}", str(source), on_line=_counting(progress)
    )


async def version_in(url: str, source: Path) -> str | None:
    """Return the schema version of a dump; None if it is not ours."""
    arguments = ("--data-only", "--table=alembic_version", "--file=-", str(source))
    version = _STORED.search(await _run(url, _path_of("pg_restore"), *arguments))
    return version[1] if version else None


def _counting(progress: Callable[[int, int], None]) -> Callable[[str], None]:
    """Return a callback for the program's lines that reports the number of tables done so far."""
    done, total = 0, len(metadata().tables) + 1

    def read(line: str) -> None:
        nonlocal done
        if _DUMPING.search(line):
            done += 1
            progress(min(done, total), total)

    return read


def _path_of(name: str) -> str:
    if path := shutil.which(name):
        return path
    raise CannotBackUpError(
        f"{name} is not on the PATH; install PostgreSQL's client programs, such as the package "
        "postgresql-client."
    )


async def _program(name: str, server: int) -> str:
    path = _path_of(name)
    version = _SERVER_VERSION.search(await _run("postgresql://", path, "--version"))
    own = int(version[1]) if version else 0
    if own < server:
        raise CannotBackUpError(
            f"{path} is of PostgreSQL {own}, the server of {server}; install the client programs "
            f"of {server} or newer, and put them first on the PATH."
        )
    if name == "pg_restore" and own >= _SETS_MORE > server:
        raise CannotBackUpError(
            f"{path} is of PostgreSQL {own} and cannot restore to a server of {server}; put the "
            f"client programs of {server} first on the PATH."
        )
    return path


async def _run(url: str, *arguments: str, on_line: Callable[[str], None] = lambda _: None) -> str:
    """Return the program's output; raise `CannotBackUpError` with its error text if it fails."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        env=_environment(url),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, error = await asyncio.gather(
            _read_all(process.stdout), _read_error(process.stderr, on_line)
        )
        if await process.wait():
            raise CannotBackUpError(f"{error or arguments[0]}.")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    return output


async def _read_all(stream: asyncio.StreamReader | None) -> str:
    return (await stream.read()).decode(errors="replace") if stream else ""


async def _read_error(stream: asyncio.StreamReader | None, on_line: Callable[[str], None]) -> str:
    """Return the first line with an error, or the last line if there is none."""
    error = last = ""
    while stream and (line := await stream.readline()):
        last = line.decode(errors="replace").strip()
        on_line(last)
        error = error or (last if "error:" in last else "")
    return error or last


def _environment(url: str) -> dict[str, str]:
    parsed = make_url(url)
    variables: dict[str, object] = {
        "PGHOST": parsed.host,
        "PGPORT": parsed.port,
        "PGUSER": parsed.username,
        "PGPASSWORD": parsed.password,
        "PGDATABASE": parsed.database,
        "PGTARGETSESSIONATTRS": "read-write",
    }
    variables |= {
        name: parsed.query.get(option, variables.get(name)) for option, name in _OPTIONS.items()
    }
    # libpq also reads variables of the environment, such as PGPASSWORD and PGPASSFILE.
    inherited = {name: value for name, value in os.environ.items() if name.startswith(_INHERITED)}  # noqa: TID251
    given = {name: str(value) for name, value in variables.items() if value}
    return {**inherited, **given, "LC_ALL": "C"}


# Either database

_FILE: Final = b"SQLite format 3\0"
_BEFORE: Final = ".before-restore-"  # in the names of the former data


async def back_up(url: str, target: Path, progress: Callable[[int, int], None]) -> None:
    """Write the database at *url*, which may be in use, to *target*; on failure write nothing."""
    path = database_file(url)
    if path is None:
        async with _connected(url) as driver:
            server = await _major_version(driver)
        await dump(url, server, target, progress)
        return
    if not path.is_file():
        raise CannotBackUpError(f"There is no database at {path}.")
    if disk_usage(target.parent).free < copy_size(path):
        raise CannotBackUpError(f"The disk of {target.parent.resolve()} has no room for {path}.")
    await asyncio.to_thread(_copy_examined, path, target, progress)


async def restore(
    url: str, source: Path, progress: Callable[[int, int], None], *, force: bool
) -> Path | None:
    """Restore the backup *source*; return the file with the former data, if there was any.

    The bot must not run. For an SQLite file, the caller holds its lock.
    """
    with source.open("rb") as file:
        beginning = file.read(len(_FILE))
    path = database_file(url)
    if path is not None and beginning == _FILE:
        return await asyncio.to_thread(_restore_file, path, source, progress, force=force)
    if path is None and beginning.startswith(MAGIC):
        return await _restore_dump(url, source, progress, force=force)
    if beginning == _FILE or beginning.startswith(MAGIC):
        raise CannotBackUpError(
            f"{source} is a backup of the other kind of database: restore it to one of its own "
            "kind, and move that with dateline migrate-storage."
        )
    raise CannotBackUpError(f"{source} is no backup: neither an SQLite file nor of pg_dump -Fc.")


@contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    """Yield a draft of the backup *target*; raise `CannotBackUpError` if it cannot be written."""
    try:
        with atomic_file(target) as draft:
            yield draft
    except OSError as error:
        raise CannotBackUpError(f"{target} cannot be written: {error.strerror}.") from error


def _copy_examined(path: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    with _draft_of(target) as draft:
        try:
            copy_pages(path, draft, progress)
        except sqlite3.OperationalError:
            raise  # a full disk, say
        except sqlite3.DatabaseError as error:
            raise CannotBackUpError(f"{path} is damaged: {error}.") from error
        examine(draft)


def _restore_file(
    path: Path, source: Path, progress: Callable[[int, int], None], *, force: bool
) -> Path | None:
    is_current(examine(source))
    is_filled = path.exists() and path.stat().st_size > 0  # locking creates an empty file
    if is_filled and not force:
        raise _there_is_data(str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = _kept_beside(path, path.suffix) if is_filled else None
    with atomic_file(path) as draft:
        copy_pages(source, draft, progress)
        examine(draft)
        if kept:
            # Move the former file instead of copying it, because it may be damaged.
            for ending in ("-wal", "-shm", ""):
                if (part := path.with_name(path.name + ending)).exists():
                    part.replace(kept.with_name(kept.name + ending))
    if kept:
        _delete_older(kept)
    return kept


async def _restore_dump(
    url: str, source: Path, progress: Callable[[int, int], None], *, force: bool
) -> Path | None:
    version = await version_in(url, source)
    if version is None:
        raise CannotBackUpError(f"{source} holds no database of Dateline.")
    is_current(version)
    kept = None
    async with exclusive_connection(url) as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        server, name = await _major_version(driver), await driver.fetchval(_NAME)
        await _program("pg_restore", server)  # before anything is dropped
        tables = [row[0] for row in await driver.fetch(_OURS, list(metadata().tables))]
        if tables and await _have_rows(driver, tables):
            if not force:
                raise _there_is_data(f"the database {name}")
            kept = _kept_beside(source.parent / name, ".dump")
            await dump(url, server, kept, lambda *_: None)
        if tables:
            await driver.execute(f"DROP TABLE {', '.join(tables)} CASCADE")
        try:
            await restore_dump(url, server, source, progress)
        except CannotBackUpError as error:
            raise CannotBackUpError(
                f"{error} The database is empty now; {_kept_as(kept)}"
            ) from error
        await driver.execute("ANALYZE")  # a dump contains no planner statistics
    if kept:
        _delete_older(kept)
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


def _kept_as(kept: Path | None) -> str:
    return f"what was there is in {kept}." if kept else "nothing was there before."


def _there_is_data(place: str) -> CannotBackUpError:
    return CannotBackUpError(
        f"There is data in {place}; with --force it is replaced, and what was there is kept."
    )


_KEPT: Final = 2  # how many copies from before restores are kept


def _delete_older(kept: Path) -> None:
    """Delete the former data of earlier restores beside *kept*, except for the newest."""
    stem = kept.name.partition(_BEFORE)[0]
    copies = sorted(kept.parent.glob(f"{stem}{_BEFORE}*{kept.suffix}"))
    for older in copies[:-_KEPT]:
        for ending in ("", "-wal", "-shm"):
            older.with_name(older.name + ending).unlink(missing_ok=True)


def _kept_beside(path: Path, suffix: str) -> Path:
    """Return an unused path for the former data, even for two restores in the same second."""
    stem = path.stem if suffix == path.suffix else path.name
    name = f"{stem}{_BEFORE}{datetime.now(UTC):%Y%m%d-%H%M%S}"
    numbers = chain([""], (f"-{number}" for number in count(2)))
    candidates = (path.with_name(f"{name}{number}{suffix}") for number in numbers)
    return next(candidate for candidate in candidates if not candidate.exists())


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
