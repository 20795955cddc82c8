"""Databases as files, connections and schemas."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from storage.db.engine import Storage
from storage.schema import database_file, metadata
from tests.sample_rows import Rows, all_rows

Result = TypeVar("Result")

# What a newer version leaves behind that dropped a column; this one cannot use the tables.
CONTRACTED = (
    "UPDATE alembic_version SET version_num = '9999'",
    "ALTER TABLE ban RENAME COLUMN since TO begun_at",
)


def file_of(url: str) -> Path:
    path = database_file(url)
    assert path
    return path


async def run_on(url: str, work: Callable[[Connection], Result]) -> Result:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


async def run_sql(url: str, statement: str) -> None:
    await run_on(url, lambda connection: connection.exec_driver_sql(statement))


async def rows_at(url: str) -> Rows:
    storage = Storage.open(url)
    try:
        return await all_rows(storage)
    finally:
        await storage.close()


def differences(connection: Connection) -> list[object]:
    """Return how the schema of the database differs from the models."""

    def is_of_models(_: object, name: str | None, kind: str, *__: object) -> bool:
        return not (kind == "table" and (name or "").startswith("folded_index"))

    options = {"include_object": is_of_models, "compare_type": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata()))
