"""Empties a PostgreSQL database, as if it had just been migrated.

TRUNCATE creates new files for all tables and indexes, which takes a tenth of a second. A test fills
a few tables with a few rows, and deleting those takes a hundredth of that.
"""

from typing import Final

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


async def empty(url: str) -> None:
    """Delete all rows, and restart all ids at one."""
    connection = await asyncpg.connect(url.replace("+asyncpg", "", 1))
    try:
        async with connection.transaction():
            await _empty(connection)
    finally:
        await connection.close()


async def _empty(connection: Connection) -> None:
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
