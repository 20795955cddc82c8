"""Where rows come from: one snapshot of a database that nobody changes meanwhile."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.dialects import sqlite

from storage.moving.servers import server_dialect
from storage.moving.shapes import CannotMoveError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Dialect

    from storage.moving.shapes import Rows, Shape


class Origin(Protocol):
    @property
    def dialect(self) -> Dialect: ...

    async def mark(self) -> str:
        """What is another after each change, so that half a move is not gone on with."""

    async def count(self, shape: Shape, /) -> int: ...

    async def last_number(self, shape: Shape, /) -> int:
        """The last that a row was given, though it may be gone; 0 before the first."""

    async def after(self, shape: Shape, key: Sequence[Any] | None, limit: int, /) -> Rows:
        """The next rows behind the one with the *key*, in the order of their keys."""


class SqliteOrigin:
    """An SQLite file; the caller holds the lock of who runs the bot on it."""

    def __init__(self, path: Path) -> None:
        self.dialect: Dialect = sqlite.dialect()
        self._path = path
        self._connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            check_same_thread=False,  # one thread at a time has it
        )

    def begin(self) -> None:
        """From now on read what is there at this moment; `CannotMoveError` if it is damaged."""
        # What stands in the log only is not in the file's date.
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._connection.execute("BEGIN")
        self._refuse_orphans()

    def _refuse_orphans(self) -> None:
        found = self._connection.execute("PRAGMA foreign_key_check").fetchmany(1000)
        if found:
            tables = ", ".join(sorted({row[0] for row in found}))
            raise CannotMoveError(
                f"{self._path} is damaged: rows of {tables} refer to others that are not there."
            )

    async def mark(self) -> str:
        facts = self._path.stat()
        return f"{self._path.resolve()} {facts.st_size} {facts.st_mtime_ns}"

    async def count(self, shape: Shape) -> int:
        ((number,),) = await self._rows(f'SELECT count(*) FROM "{shape.name}"')  # noqa: S608 - ours
        return int(number)

    async def last_number(self, shape: Shape) -> int:
        rows = await self._rows("SELECT seq FROM sqlite_sequence WHERE name = ?", (shape.name,))
        return int(rows[0][0]) if rows else 0

    async def after(self, shape: Shape, key: Sequence[Any] | None, limit: int) -> Rows:
        places = ", ".join("?" * len(shape.keys))
        return await self._rows(page_of(shape, places if key else None, limit), key or ())

    async def _rows(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        return await asyncio.to_thread(
            lambda: self._connection.execute(statement, values).fetchall()
        )

    async def aclose(self) -> None:
        self._connection.close()


class PostgresqlOrigin:
    """A PostgreSQL database, as it is when the first rows are read."""

    def __init__(self, driver: Any) -> None:
        self.dialect: Dialect = server_dialect()
        self._driver = driver

    async def mark(self) -> str:
        changes = await self._driver.fetchval(_CHANGES)
        return f"{changes}"

    async def count(self, shape: Shape) -> int:
        return int(await self._driver.fetchval(f'SELECT count(*) FROM "{shape.name}"'))  # noqa: S608 - ours

    async def last_number(self, shape: Shape) -> int:
        asked = "SELECT pg_sequence_last_value(pg_get_serial_sequence($1, 'id')::regclass)"
        return int(await self._driver.fetchval(asked, f'"{shape.name}"') or 0)

    async def after(self, shape: Shape, key: Sequence[Any] | None, limit: int) -> Rows:
        # As text, so that a key that was written down for later is of the right type again.
        casts = ", ".join(f"${n}::text::{kind}" for n, kind in enumerate(shape.kinds, 1))
        page = page_of(shape, casts if key else None, limit)
        return [tuple(row) for row in await self._driver.fetch(page, *map(str, key or ()))]


_CHANGES = """
    SELECT concat_ws(' ', current_database(), sum(n_tup_ins + n_tup_upd + n_tup_del))
    FROM pg_stat_user_tables
"""


def page_of(shape: Shape, key: str | None, limit: int) -> str:
    """The statement for the rows behind *key*, places or casts; from the first one without it."""
    columns, keys = (
        ", ".join(f'"{name}"' for name in names) for names in (shape.columns, shape.keys)
    )
    where = f"WHERE ({keys}) > ({key})" if key else ""
    return f'SELECT {columns} FROM "{shape.name}" {where} ORDER BY {keys} LIMIT {limit}'  # noqa: S608 - ours
