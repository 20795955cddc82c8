"""Every migration, down and up again, over tables that have rows."""

from __future__ import annotations

from typing import Any

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage.engine import Storage
from storage.migrating import migrations
from storage.versions import newest
from tests.filling import fill
from tests.storage.test_schema import differences

Columns = dict[str, dict[str, list[Any]]]  # by table and column, in the order of the rows' keys


def test_the_newest_migration_is_known_without_alembic():
    script = ScriptDirectory.from_config(migrations())

    assert script.get_heads() == [newest()]


async def test_each_migration_keeps_what_both_schemas_can_hold(own_database_url: str):
    storage = Storage.open(own_database_url)
    await fill(storage)
    await storage.close()

    lost = await on(own_database_url, walk)

    assert lost == []


async def on(url: str, work):
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def walk(connection: Connection) -> list[str]:
    """Go down to the first schema, up again, and to nothing; return what was lost where."""
    numbers = [
        script.revision for script in ScriptDirectory.from_config(migrations()).walk_revisions()
    ]
    lost: list[str] = []
    before = columns_of(connection)
    for step, number in ((command.downgrade, n) for n in numbers[1:]):
        before = taken(connection, step, number, before, lost)
    for step, number in ((command.upgrade, n) for n in reversed(numbers[:-1])):
        before = taken(connection, step, number, before, lost)
    assert differences(connection) == []
    connection.rollback()
    command.downgrade(migrations(connection), "base")
    connection.commit()
    assert inspect(connection).get_table_names() == ["alembic_version"]
    return lost


def taken(
    connection: Connection, step: Any, number: str, before: Columns, lost: list[str]
) -> Columns:
    step(migrations(connection), number)
    connection.commit()
    after = columns_of(connection)
    lost += [
        f"{step.__name__} to {number}: {name}.{column}"
        for name in before.keys() & after.keys()
        for column in before[name].keys() & after[name].keys()
        if before[name][column] != after[name][column]
    ]
    return after


def columns_of(connection: Connection) -> Columns:
    inspector = inspect(connection)
    found: Columns = {}
    for name in inspector.get_table_names():
        if name == "alembic_version" or name.startswith("folded_index"):
            continue
        keys = ", ".join(inspector.get_pk_constraint(name)["constrained_columns"])
        rows = connection.execute(text(f'SELECT * FROM "{name}" ORDER BY {keys}'))  # noqa: S608 - our own
        names, values = list(rows.keys()), rows.all()
        found[name] = {column: [row[n] for row in values] for n, column in enumerate(names)}
        found[name].pop("tokens", None)  # an index, to which a migration may add
    connection.rollback()
    return found
