"""Backups of PostgreSQL, by its own programs: pg_dump and pg_restore, as they are on the PATH.

Where the server is and the password go by the environment, which other users cannot see.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sqlalchemy import make_url

from storage.copies import CannotBackUpError, written_whole
from storage.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAGIC: Final = b"PGDMP"  # how a dump begins
_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")
_DUMPING: Final = re.compile(r"dumping contents of table|processing data for table")
_STORED: Final = re.compile(r"^COPY \S*alembic_version .*\n(\S+)$", re.MULTILINE)
_OPTIONS: Final = {"ssl": "PGSSLMODE", "host": "PGHOST", "port": "PGPORT"}
_INHERITED: Final = ("PATH", "HOME", "PG")


async def dump(url: str, server: int, target: Path, told: Callable[[int, int], None]) -> None:
    """Write all of the database to *target*; *server*: the number of its major version."""
    program = await _program("pg_dump", server)
    with written_whole(target) as draft:
        arguments = ("--format=custom", "--verbose", f"--file={draft}")
        await _run(url, program, *arguments, heard=_counting(told))
        await _run(url, _found("pg_restore"), "--list", str(draft))


async def undump(url: str, server: int, source: Path, told: Callable[[int, int], None]) -> None:
    """Bring back what a dump holds, all or nothing, into a database without our tables."""
    program = await _program("pg_restore", server)
    database = make_url(url).database or ""
    arguments = ("--no-owner", "--exit-on-error", "--single-transaction", "--verbose")
    await _run(url, program, *arguments, f"--dbname={database}", str(source), heard=_counting(told))


async def version_in(url: str, source: Path) -> str | None:
    """The version of the schema that a dump holds; None where it is none of ours."""
    arguments = ("--data-only", "--table=alembic_version", "--file=-", str(source))
    said = await _run(url, _found("pg_restore"), *arguments)
    found = _STORED.search(said)
    return found[1] if found else None


def _counting(told: Callable[[int, int], None]) -> Callable[[str], None]:
    """How many of our tables the program has told of."""
    done, total = 0, len(METADATA.tables) + 1

    def hear(line: str) -> None:
        nonlocal done
        if _DUMPING.search(line):
            done += 1
            told(min(done, total), total)

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
    own = int(found[1]) if (found := _VERSION.search(said)) else 0
    if own < server:
        raise CannotBackUpError(
            f"{path} is of PostgreSQL {own}, the server of {server}; install the client programs "
            f"of {server} or newer, and put them first on the PATH."
        )
    return path


async def _run(url: str, *arguments: str, heard: Callable[[str], None] = lambda _: None) -> str:
    """Return what the program says; `CannotBackUpError` with its last words if it fails."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        env=_environment(url),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, last = await asyncio.gather(_all(process.stdout), _last(process.stderr, heard))
        if await process.wait():
            raise CannotBackUpError(f"{last or arguments[0]}.")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    return said


async def _all(stream: asyncio.StreamReader | None) -> str:
    return (await stream.read()).decode(errors="replace") if stream else ""


async def _last(stream: asyncio.StreamReader | None, heard: Callable[[str], None]) -> str:
    """Return the first error that is told, else the last line."""
    error = last = ""
    while stream and (line := await stream.readline()):
        last = line.decode(errors="replace").strip()
        heard(last)
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
