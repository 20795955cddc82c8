"""Backups of either database, and their return.

SQLite: a copy of the file, made beside its users, complete or not there at all. PostgreSQL: its own
programs pg_dump and pg_restore, as they are on the PATH.
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

from storage.db.copies import CannotBackUpError, copy_pages, examine, sizes_of, written_atomically
from storage.db.postgresql import admin_engine, exclusive_connection
from storage.schema import database_file, is_current, metadata

# PostgreSQL's own programs. They get the address of the server and the password in their
# environment, which other users cannot see.

MAGIC: Final = b"PGDMP"  # how a dump begins
_SERVER_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")
_DUMPING: Final = re.compile(r"dumping contents of table|processing data for table")
_STORED: Final = re.compile(r"^COPY \S*alembic_version .*\n(\S+)$", re.MULTILINE)
_OPTIONS: Final = {"ssl": "PGSSLMODE", "host": "PGHOST", "port": "PGPORT"}
_INHERITED: Final = ("PATH", "HOME", "PG")


async def dump(url: str, server: int, target: Path, progress: Callable[[int, int], None]) -> None:
    """Write all of the database to *target*; *server*: the number of its major version."""
    program = await _program("pg_dump", server)
    with _written(target) as draft:
        arguments = ("--format=custom", "--verbose", f"--file={draft}")
        await _run(url, program, *arguments, on_line=_counting(progress))
        await _run(url, _found("pg_restore"), "--list", str(draft))


async def restore_dump(
    url: str, server: int, source: Path, progress: Callable[[int, int], None]
) -> None:
    """Bring back what a dump holds, all or nothing, into a database without our tables."""
    program = await _program("pg_restore", server)
    database = make_url(url).database or ""
    arguments = ("--no-owner", "--exit-on-error", "--single-transaction", "--verbose")
    await _run(
        url, program, *arguments, f"--dbname={database}", str(source), on_line=_counting(progress)
    )


async def version_in(url: str, source: Path) -> str | None:
    """The version of the schema that a dump holds; None where it is none of ours."""
    arguments = ("--data-only", "--table=alembic_version", "--file=-", str(source))
    said = await _run(url, _found("pg_restore"), *arguments)
    found = _STORED.search(said)
    return found[1] if found else None


def _counting(progress: Callable[[int, int], None]) -> Callable[[str], None]:
    """How many of our tables the program has named."""
    done, total = 0, len(metadata().tables) + 1

    def hear(line: str) -> None:
        nonlocal done
        if _DUMPING.search(line):
            done += 1
            progress(min(done, total), total)

    return hear


def _found(name: str) -> str:
    if path := shutil.which(name):
        return path
    raise CannotBackUpError(
        f"{name} is not on the PATH; install PostgreSQL's client programs, such as the package "
        "postgresql-client."
    )


async def _program(name: str, server: int) -> str:
    path = _found(name)
    said = await _run("postgresql://", path, "--version")
    own = int(found[1]) if (found := _SERVER_VERSION.search(said)) else 0
    if own < server:
        raise CannotBackUpError(
            f"{path} is of PostgreSQL {own}, the server of {server}; install the client programs "
            f"of {server} or newer, and put them first on the PATH."
        )
    return path


async def _run(url: str, *arguments: str, on_line: Callable[[str], None] = lambda _: None) -> str:
    """Return what the program says; `CannotBackUpError` with its last words if it fails."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        env=_environment(url),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, last = await asyncio.gather(_all(process.stdout), _last(process.stderr, on_line))
        if await process.wait():
            raise CannotBackUpError(f"{last or arguments[0]}.")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    return said


async def _all(stream: asyncio.StreamReader | None) -> str:
    return (await stream.read()).decode(errors="replace") if stream else ""


async def _last(stream: asyncio.StreamReader | None, on_line: Callable[[str], None]) -> str:
    """Return the first error that is named, else the last line."""
    error = last = ""
    while stream and (line := await stream.readline()):
        last = line.decode(errors="replace").strip()
        on_line(last)
        error = error or (last if "error:" in last else "")
    return error or last


def _environment(url: str) -> dict[str, str]:
    parsed = make_url(url)
    named: dict[str, object] = {
        "PGHOST": parsed.host,
        "PGPORT": parsed.port,
        "PGUSER": parsed.username,
        "PGPASSWORD": parsed.password,
        "PGDATABASE": parsed.database,
        "PGTARGETSESSIONATTRS": "read-write",
    }
    named |= {name: parsed.query.get(option, named.get(name)) for option, name in _OPTIONS.items()}
    # What libpq reads by itself, such as PGPASSWORD or the place of .pgpass, is not ours to know.
    own = {name: value for name, value in os.environ.items() if name.startswith(_INHERITED)}  # noqa: TID251
    return {**own, **{name: str(value) for name, value in named.items() if value}, "LC_ALL": "C"}


# Either database

_FILE: Final = b"SQLite format 3\0"


async def back_up(url: str, target: Path, progress: Callable[[int, int], None]) -> None:
    """Write all of the database at *url* to *target*, beside its users; whole or not."""
    path = database_file(url)
    if path is None:
        async with _connected(url) as driver:
            server = await _major_version(driver)
        await dump(url, server, target, progress)
        return
    if not path.is_file():
        raise CannotBackUpError(f"There is no database at {path}.")
    if disk_usage(target.parent).free < sizes_of(path):
        raise CannotBackUpError(f"The disk of {target.parent.resolve()} has no room for {path}.")
    await asyncio.to_thread(_copy_examined, path, target, progress)


async def restore(
    url: str, source: Path, progress: Callable[[int, int], None], *, force: bool
) -> Path | None:
    """Bring back what *source* holds; return where what was there is kept, if there was anything.

    Nobody runs the bot: of an SQLite file the caller holds the lock.
    """
    with source.open("rb") as file:
        begins = file.read(len(_FILE))
    path = database_file(url)
    if path is not None and begins == _FILE:
        return await asyncio.to_thread(_restore_file, path, source, progress, force=force)
    if path is None and begins.startswith(MAGIC):
        return await _restore_dump(url, source, progress, force=force)
    if begins == _FILE or begins.startswith(MAGIC):
        raise CannotBackUpError(
            f"{source} is a backup of the other kind of database: restore it to one of its own "
            "kind, and move that with dateline migrate-storage."
        )
    raise CannotBackUpError(f"{source} is no backup: neither an SQLite file nor of pg_dump -Fc.")


def record_of_backups(url: str, folder: Path) -> Path:
    """Return the file that is written after each backup of the database at *url*.

    It lies beside an SQLite file, and for a server in *folder*.
    """
    path = database_file(url)
    return path.with_name(f"{path.name}.backed-up") if path else folder / "backed-up"


def last_backup(url: str, folder: Path) -> datetime | None:
    """Return when the last backup was made; None if none is known. Raises OSError."""
    try:
        written_at = record_of_backups(url, folder).stat().st_mtime
    except FileNotFoundError:
        return None
    return datetime.fromtimestamp(written_at, UTC)


@contextmanager
def _written(target: Path) -> Iterator[Path]:
    """Yield where to write the backup *target*; `CannotBackUpError` where nobody lets us."""
    try:
        with written_atomically(target) as draft:
            yield draft
    except OSError as error:
        raise CannotBackUpError(f"{target} cannot be written: {error.strerror}.") from error


def _copy_examined(path: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    with _written(target) as draft:
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
    is_filled = path.exists() and path.stat().st_size > 0  # who holds its lock has made it
    if is_filled and not force:
        raise _there_is_data(str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = _kept_beside(path, path.suffix) if is_filled else None
    with written_atomically(path) as draft:
        copy_pages(source, draft, progress)
        examine(draft)
        if kept:
            # As it is, for it may be damaged.
            for ending in ("-wal", "-shm", ""):
                if (part := path.with_name(path.name + ending)).exists():
                    part.replace(kept.with_name(kept.name + ending))
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


def _kept_as(kept: Path | None) -> str:
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
