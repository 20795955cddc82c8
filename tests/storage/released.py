"""Keeps a database of each release: `python -m tests.storage.released` writes it, before the tag.

`kept/<version>.sql.gz` has rows for every table, as INSERT statements that both databases read.
`kept/migrations.sha256` has the checksums of the migrations, which nobody may change from then on.
"""

import asyncio
import gzip
import hashlib
import sqlite3
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from alembic import command
from sqlalchemy import Connection, MetaData, select

from storage.db.engine import Storage
from storage.db.postgresql import admin_engine
from storage.migrations.upgrade import alembic_config
from storage.schema import LATEST_VERSION, MIGRATIONS, database_file, metadata, migrate
from tests.sample_rows import Rows, fill
from tests.storage.databases import run_on

KEPT: Final = Path(__file__).parent / "kept"
CHECKSUMS: Final = KEPT / "migrations.sha256"
_PROJECT: Final = Path(__file__).parents[2] / "pyproject.toml"


def migration_checksums() -> list[str]:
    """Return a line for each migration, in the format of sha256sum."""
    files = sorted(MIGRATIONS.glob("versions/*.py"))
    return [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in files]


async def write() -> Path:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "dateline.sqlite3")
        url = f"sqlite+aiosqlite:///{path}"
        await migrate(url)
        storage = Storage.open(url)
        await fill(storage)
        await storage.close()
        with closing(sqlite3.connect(path)) as connection:
            script = "".join(f"{line}\n" for line in _script(connection))
    version = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    target = KEPT / f"{version}.sql.gz"
    target.write_bytes(gzip.compress(script.encode(), mtime=0))
    CHECKSUMS.write_text("\n".join(migration_checksums()) + "\n", encoding="utf-8")
    return target


def _script(connection: sqlite3.Connection) -> Iterator[str]:
    yield f"-- {LATEST_VERSION}"
    for table in metadata().sorted_tables:
        columns = connection.execute(f'PRAGMA table_info("{table.name}")').fetchall()
        names = ", ".join(f'"{column[1]}"' for column in columns)
        keys = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
        query = f'SELECT {names} FROM "{table.name}" ORDER BY {keys}'  # noqa: S608 - our own names
        for row in connection.execute(query):
            values = [
                _literal(value, column[2]) for value, column in zip(row, columns, strict=True)
            ]
            insert = f'INSERT INTO "{table.name}" ({names})'
            yield f"{insert} VALUES ({', '.join(values)});"


def _literal(value: Any, kind: str) -> str:
    if value is None:
        return "NULL"
    if kind == "BOOLEAN":
        return "true" if value else "false"
    if isinstance(value, bytes):
        return f"decode('{value.hex()}', 'hex')"
    return "'{}'".format(value.replace("'", "''")) if isinstance(value, str) else str(value)


async def load(kept: bytes, url: str) -> None:
    """Fill the empty database at *url* with the tables and rows of the release *kept*."""
    script = gzip.decompress(kept).decode()
    version = script[:7].removeprefix("-- ")
    await run_on(url, lambda connection: command.upgrade(alembic_config(connection), version))
    if path := database_file(url):
        with closing(sqlite3.connect(path)) as connection:
            connection.create_function("decode", 2, lambda digits, _hex: bytes.fromhex(digits))
            rebuilt = "INSERT INTO folded_index (folded_index) VALUES ('rebuild');"
            connection.executescript(f"BEGIN;\n{script}\n{rebuilt}\nCOMMIT;")
        return
    engine = admin_engine(url)
    async with engine.connect() as server:
        driver: Any = (await server.get_raw_connection()).driver_connection
        await driver.execute(f"BEGIN; SET LOCAL TIME ZONE 'UTC';\n{script}\nCOMMIT;")
    await engine.dispose()


def read_rows(connection: Connection) -> Rows:
    """Return all rows of all tables by their own columns, whatever the models have."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: not name.startswith(("folded_index", "alembic")))
    return {
        table.name: [
            tuple(row)
            for row in connection.execute(select(table).order_by(*table.primary_key.columns))
        ]
        for table in found.sorted_tables
    }


if __name__ == "__main__":
    print(f"Wrote {asyncio.run(write())}")  # noqa: T201 - a program for developers
