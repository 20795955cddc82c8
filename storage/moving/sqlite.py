"""An SQLite file as the target."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Final

from sqlalchemy.dialects import sqlite

from storage.moving.notes import READ, TABLE, WHOLE, Note, notes_in, refuse_other_version
from storage.moving.shapes import CannotMoveError
from storage.moving.targets import refuse_full
from storage.schema import latest_version, moving
from storage.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from sqlalchemy import Dialect

    from storage.moving.shapes import Rows, Shape

_NOTE: Final = "INSERT OR REPLACE INTO moving (name, reached, moved, digest) VALUES (?, ?, ?, ?)"
_VERSION: Final = "UPDATE alembic_version SET version_num = ?"
_NUMBER_ON: Final = "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)"
_AT_ONCE: Final = 2_000  # rows that are read back


class SqliteTarget:
    """Keys to others are checked at the end: rows may come before those that they refer to."""

    def __init__(self, path: Path) -> None:
        self.dialect: Dialect = sqlite.dialect()
        # One thread at a time has it.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    async def begin(self, mark: str) -> dict[str, Note]:
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA foreign_keys=OFF")
        ((version,),) = self._connection.execute("SELECT version_num FROM alembic_version")
        if version == latest_version():
            self._prepare(mark)
        else:
            refuse_other_version(version)
        return notes_in(self._connection.execute(READ).fetchall(), mark)

    def _prepare(self, mark: str) -> None:
        counts = {}
        for table in METADATA.sorted_tables:
            asked = f'SELECT count(*) FROM "{table.name}"'  # noqa: S608 - ours
            ((counts[table.name],),) = self._connection.execute(asked)
        refuse_full(counts)
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute(TABLE)
        self._connection.execute(_NOTE, Note(WHOLE, (mark,)).row)
        self._connection.execute(_VERSION, (moving(latest_version()),))
        self._connection.execute("COMMIT")

    async def put(self, shape: Shape, rows: Rows, note: Note) -> None:
        await asyncio.to_thread(self._put, shape, rows, note)

    def _put(self, shape: Shape, rows: Rows, note: Note) -> None:
        columns = ", ".join(f'"{name}"' for name in shape.columns)
        places = ", ".join("?" * len(shape.columns))
        statement = f'INSERT INTO "{shape.name}" ({columns}) VALUES ({places})'  # noqa: S608 - ours
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(statement, rows)
        self._connection.execute(_NOTE, note.row)
        self._connection.execute("COMMIT")

    async def build(self) -> AsyncIterator[tuple[int, int]]:
        rebuild = "INSERT INTO folded_index(folded_index) VALUES ('rebuild')"
        await asyncio.to_thread(self._connection.execute, rebuild)
        yield 1, 2
        orphans = await asyncio.to_thread(self._connection.execute, "PRAGMA foreign_key_check")
        if row := orphans.fetchone():
            raise CannotMoveError(f"Rows of {row[0]} refer to others that are not there.")
        yield 2, 2

    async def all_rows(self, shape: Shape) -> AsyncIterator[Rows]:
        columns = ", ".join(f'"{name}"' for name in shape.columns)
        cursor = self._connection.execute(f'SELECT {columns} FROM "{shape.name}"')  # noqa: S608 - ours
        while rows := await asyncio.to_thread(cursor.fetchmany, _AT_ONCE):
            yield rows

    async def end(self, last_numbers: Mapping[str, int]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute("DELETE FROM sqlite_sequence")
        self._connection.executemany(_NUMBER_ON, last_numbers.items())
        self._connection.execute("DROP TABLE moving")
        self._connection.execute(_VERSION, (latest_version(),))
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()
