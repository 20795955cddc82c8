import asyncio

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage.schema import SchemaTooNewError, migrate, migrations
from storage.tables import METADATA, TABLES


def differences(connection: Connection) -> list[object]:
    def ours(_: object, name: str | None, kind: str, *__: object) -> bool:
        return not (kind == "table" and (name or "").startswith("folded_index"))

    options = {"include_object": ours, "compare_type": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))


async def run_on(url: str, work):
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


async def test_the_migrations_make_exactly_the_models(database_url: str):
    assert await run_on(database_url, differences) == []


async def test_every_table_is_named_in_one_place():
    assert {table.__tablename__ for table in TABLES} == set(METADATA.tables)


async def test_migrating_twice_changes_nothing(database_url: str):
    await asyncio.gather(migrate(database_url), migrate(database_url))

    assert await run_on(database_url, differences) == []


async def test_every_migration_can_be_undone_and_done_again(sqlite_url: str):
    await run_on(sqlite_url, lambda connection: command.downgrade(migrations(connection), "base"))

    await migrate(sqlite_url)

    assert await run_on(sqlite_url, differences) == []


async def test_a_schema_of_a_newer_version_is_refused_with_a_sentence(sqlite_url: str):
    await run_on(
        sqlite_url,
        lambda connection: connection.execute(
            text("UPDATE alembic_version SET version_num = '9999'")
        ),
    )

    with pytest.raises(SchemaTooNewError, match="newer version"):
        await migrate(sqlite_url)
