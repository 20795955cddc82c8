"""PostgreSQL as the target: COPY into tables without indexes, which are built at the end."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from storage.articles import Folded, FoldedText, indexed_words
from storage.moving.notes import LATER, READ, TABLE, WHOLE, Note, notes_in, refuse_other_version
from storage.moving.servers import server_dialect
from storage.moving.targets import refuse_full
from storage.schema import latest_version, moving
from storage.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from sqlalchemy import Dialect

    from storage.moving.shapes import Rows, Shape

# An index or a key is of the database's own words, as the migrations have made it.
_INDEXES: Final = """
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made_by
    FROM pg_index WHERE indrelid = ANY ($1::text[]::regclass[]) AND NOT indisunique
    ORDER BY 1
"""
_KEYS: Final = """
    SELECT conrelid::regclass::text AS name, quote_ident(conname) AS key,
        pg_get_constraintdef(oid) AS made_by
    FROM pg_constraint WHERE conrelid = ANY ($1::text[]::regclass[]) AND contype = 'f'
    ORDER BY 1, 2
"""
_NOTE: Final = """
    INSERT INTO moving (name, reached, moved, digest) VALUES ($1, $2, $3, $4)
    ON CONFLICT (name) DO UPDATE
    SET reached = excluded.reached, moved = excluded.moved, digest = excluded.digest
"""
_NUMBER_ON: Final = "SELECT setval(pg_get_serial_sequence($1, 'id')::regclass, $2)"
_AT_ONCE: Final = 2_000  # rows that are read back


class PostgresqlTarget:
    def __init__(self, driver: Any) -> None:
        self.dialect: Dialect = server_dialect()
        self._driver = driver
        self._tables = [f'"{table.name}"' for table in METADATA.sorted_tables]

    async def begin(self, mark: str) -> dict[str, Note]:
        await self._driver.set_type_codec(
            "tsvector", schema="pg_catalog", format="binary", encoder=bytes, decoder=bytes
        )
        # A crash of the server may cost the last batches; their notes go with them.
        await self._driver.execute("SET synchronous_commit = off")
        await self._driver.execute("SET maintenance_work_mem = '256MB'")
        version = await self._driver.fetchval("SELECT version_num FROM alembic_version")
        async with self._driver.transaction():
            if version == latest_version():
                await self._prepare(mark)
            else:
                refuse_other_version(version)
        return notes_in([tuple(row) for row in await self._driver.fetch(READ)], mark)

    async def _prepare(self, mark: str) -> None:
        counts = {
            name: await self._driver.fetchval(f"SELECT count(*) FROM {name}")  # noqa: S608 - ours
            for name in self._tables
        }
        refuse_full(counts)
        await self._driver.execute(TABLE)
        await self._driver.execute(LATER)
        await self._write(Note(WHOLE, (mark,)))
        await self._leave_for_later()
        await self._driver.execute(
            "UPDATE alembic_version SET version_num = $1", moving(latest_version())
        )

    async def _leave_for_later(self) -> None:
        indexes = await self._driver.fetch(_INDEXES, self._tables)
        keys = await self._driver.fetch(_KEYS, self._tables)
        later = [row["made_by"] for row in indexes]
        later += [f"ALTER TABLE {n} ADD CONSTRAINT {key} {made_by}" for n, key, made_by in keys]
        await self._driver.copy_records_to_table("moving_later", records=list(enumerate(later)))
        for name, key, _ in keys:
            await self._driver.execute(f"ALTER TABLE {name} DROP CONSTRAINT {key}")
        for row in indexes:
            await self._driver.execute(f"DROP INDEX {row['name']}")

    async def put(self, shape: Shape, rows: Rows, note: Note) -> None:
        columns: tuple[str, ...] = shape.columns
        async with self._driver.transaction():
            if shape.name == Folded.__tablename__:
                columns, rows = (*columns, "tokens"), await self._indexed(rows)
            await self._driver.copy_records_to_table(shape.name, records=rows, columns=columns)
            await self._write(note)

    async def _indexed(self, rows: Rows) -> Rows:
        """The folded texts with the words that their index holds; articles came before."""
        asked = "SELECT id, language FROM article WHERE id = ANY ($1)"
        languages = dict(await self._driver.fetch(asked, [row[0] for row in rows]))
        whole = [FoldedText(number, title, text, languages[number]) for number, title, text in rows]
        return [(*row[:-1], vector_of(indexed_words(row))) for row in whole]

    async def _write(self, note: Note) -> None:
        await self._driver.execute(_NOTE, *note.row)

    async def build(self) -> AsyncIterator[tuple[int, int]]:
        later = await self._driver.fetch("SELECT place, statement FROM moving_later ORDER BY place")
        for done, (place, statement) in enumerate(later, 1):
            async with self._driver.transaction():
                await self._driver.execute(statement)
                await self._driver.execute("DELETE FROM moving_later WHERE place = $1", place)
            yield done, len(later)

    async def all_rows(self, shape: Shape) -> AsyncIterator[Rows]:
        columns = ", ".join(f'"{name}"' for name in shape.columns)
        async with self._driver.transaction():
            cursor = await self._driver.cursor(f'SELECT {columns} FROM "{shape.name}"')  # noqa: S608 - ours
            while rows := await cursor.fetch(_AT_ONCE):
                yield [tuple(row) for row in rows]

    async def end(self, last_numbers: Mapping[str, int]) -> None:
        await self._driver.execute("ANALYZE")
        async with self._driver.transaction():
            await self._driver.execute("SET LOCAL synchronous_commit = on")
            for name, number in last_numbers.items():
                if number:
                    await self._driver.execute(_NUMBER_ON, f'"{name}"', number)
            await self._driver.execute("DROP TABLE moving, moving_later")
            await self._driver.execute(
                "UPDATE alembic_version SET version_num = $1", latest_version()
            )


def vector_of(words: Iterable[str]) -> bytes:
    """A tsvector as the server takes it: each word once, ended by NUL, at no places."""
    written = sorted(word.encode() for word in words)
    return struct.pack("!I", len(written)) + b"".join(word + b"\0\0\0" for word in written)
