"""Empties a PostgreSQL database, as if it had just been migrated.

TRUNCATE creates new files for all tables and indexes, which takes a tenth of a second. A test fills
a few tables with a few rows, and deleting those takes a hundredth of that, on a connection that is
kept. On a new one the server would read its catalogue and plan anew, which takes ten times as long.
"""

import asyncio
from types import TracebackType
from typing import Final, Self

import asyncpg
from asyncpg import Connection

from storage.schema import metadata

_TABLES: Final = tuple(f'"{table.name}"' for table in metadata().sorted_tables)
# Every later test would read past the deleted rows, which stay in the file until it is vacuumed.
_MUCH: Final = 2**20  # bytes
_IN_USE: Final = " UNION ALL ".join(
    f"SELECT '{name}', pg_relation_size('{name}') WHERE EXISTS (SELECT FROM {name})"  # noqa: S608 - of our own
    for name in _TABLES
)
_FROM_ONE: Final = """
    SELECT setval(quote_ident(schemaname) || '.' || quote_ident(sequencename), start_value, false)
    FROM pg_sequences WHERE last_value IS NOT NULL"""


class Emptier:
    """Empties the database *url* whenever no event loop is running."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("+asyncpg", "", 1)
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._connection:
            self._connection.terminate()
        self._runner.close()

    def empty(self) -> None:
        """Delete all rows, and restart all ids at one."""
        self._runner.run(self._empty_once())

    async def _empty_once(self) -> None:
        if self._connection:
            try:
                return await _empty(self._connection)
            except (asyncpg.PostgresError, asyncpg.InterfaceError):
                self._connection.terminate()  # a test may have ended all connections
        self._connection = await asyncpg.connect(self._url)
        await _empty(self._connection)
        return None


async def _empty(connection: Connection) -> None:
    async with connection.transaction():
        await _delete_all(connection)


async def _delete_all(connection: Connection) -> None:
    # The last transaction of a killed process may still be running.
    await connection.execute(f"LOCK {', '.join(_TABLES)}")
    used = dict(await connection.fetch(_IN_USE))
    large = [name for name, size in used.items() if size > _MUCH]
    if large:
        await connection.execute(f"TRUNCATE {', '.join(large)} CASCADE")
    for name in reversed(_TABLES):  # referring rows first
        if name in used and name not in large:
            await connection.execute(f"DELETE FROM {name}")  # noqa: S608 - of our own
    await connection.execute(_FROM_ONE)
