import asyncio
import subprocess
import sys
from types import SimpleNamespace

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from storage.db.engine import Storage
from storage.migrations.upgrade import alembic_config
from storage.schema import (
    LATEST_VERSION,
    DiskTooSmallError,
    SchemaTooNewError,
    metadata,
    migrate,
    stored_version,
)
from storage.transfer import is_numbered
from tests.sample_rows import fill
from tests.storage.databases import CONTRACTED, differences, file_of, rows_at, run_on, run_sql


async def test_the_migrations_make_exactly_the_models(database_url: str):
    assert await run_on(database_url, differences) == []


async def test_no_row_gets_the_number_of_one_that_is_gone(sqlite_url: str):
    """PostgreSQL never reuses a number; SQLite does, unless the table says otherwise."""

    def tables(connection: Connection) -> dict[str, str]:
        rows = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
        )
        return {row.name: row.sql for row in rows}

    await migrate(sqlite_url)
    created = await run_on(sqlite_url, tables)

    numbered = [name for name, table in metadata().tables.items() if is_numbered(table)]
    assert len(numbered) > 20
    assert [name for name in numbered if "AUTOINCREMENT" not in created[name]] == []


def test_the_newest_migration_is_known_without_alembic():
    script = ScriptDirectory.from_config(alembic_config())

    assert script.get_heads() == [LATEST_VERSION]


async def test_all_migrations_can_be_taken_back(own_database_url: str):
    await go_down(own_database_url, "base")

    tables = await run_on(
        own_database_url, lambda connection: inspect(connection).get_table_names()
    )
    assert tables == ["alembic_version"]


async def test_migrating_twice_changes_nothing(database_url: str):
    await asyncio.gather(migrate(database_url), migrate(database_url))

    assert await run_on(database_url, differences) == []


async def test_a_schema_of_a_newer_version_is_refused_with_a_sentence(own_database_url: str):
    for statement in CONTRACTED:
        await run_sql(own_database_url, statement)

    with pytest.raises(SchemaTooNewError, match="newer version"):
        await migrate(own_database_url)


def test_a_start_on_a_current_database_goes_without_alembic(sqlite_url: str):
    program = (
        "import asyncio, sys; from storage.schema import migrate;"
        f"asyncio.run(migrate({sqlite_url!r})); print('alembic' in sys.modules)"
    )

    process = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert process.stdout == b"False\n"


async def test_a_file_is_copied_before_it_is_changed(sqlite_url: str):
    path = file_of(sqlite_url)
    storage = Storage.open(sqlite_url)
    await fill(storage)
    await storage.close()
    before = await rows_at(sqlite_url)
    await go_down(sqlite_url, "-1")

    await migrate(sqlite_url)

    copy = path.with_name(f"dateline.before-{LATEST_VERSION}.sqlite3")
    copy_url = f"sqlite+aiosqlite:///{copy}"
    assert await version_of(sqlite_url) == LATEST_VERSION
    assert await version_of(copy_url) < LATEST_VERSION
    await migrate(copy_url)
    assert (await rows_at(copy_url))["article"] == before["article"]


async def test_only_the_last_two_copies_are_kept(sqlite_url: str):
    folder = file_of(sqlite_url).parent
    for number in ("0000", "0001"):
        (folder / f"dateline.before-{number}.sqlite3").touch()
    (folder / "dateline.before-christmas.sqlite3").touch()
    await go_down(sqlite_url, "-1")

    await migrate(sqlite_url)

    assert sorted(path.name for path in folder.glob("*.before-*")) == [
        "dateline.before-0001.sqlite3",
        f"dateline.before-{LATEST_VERSION}.sqlite3",
        "dateline.before-christmas.sqlite3",
    ]


async def test_a_current_file_is_not_copied(sqlite_url: str):
    await migrate(sqlite_url)

    assert list(file_of(sqlite_url).parent.glob("*before*")) == []


async def test_without_room_for_the_copy_nothing_is_changed(monkeypatch, sqlite_url: str):
    await go_down(sqlite_url, "-1")
    version = await version_of(sqlite_url)
    full = SimpleNamespace(free=2**20)
    monkeypatch.setattr("storage.schema.disk_usage", lambda _: full)

    with pytest.raises(DiskTooSmallError, match=r"MB of free disk.*has 1 MB"):
        await migrate(sqlite_url)

    assert await version_of(sqlite_url) == version


async def test_migrations_that_fail_in_the_middle_leave_nothing(monkeypatch, own_database_url: str):
    await go_down(own_database_url, "-2")
    version = await version_of(own_database_url)
    upgrade = command.upgrade

    def fail(config, _target):
        upgrade(config, "+1")
        raise OSError("the lights went out")

    monkeypatch.setattr(command, "upgrade", fail)
    with pytest.raises(OSError, match="lights"):
        await migrate(own_database_url)
    monkeypatch.undo()

    assert await version_of(own_database_url) == version
    await migrate(own_database_url)
    assert await run_on(own_database_url, differences) == []


async def go_down(url: str, how_far: str) -> None:
    await run_on(url, lambda connection: command.downgrade(alembic_config(connection), how_far))


async def version_of(url: str) -> str:
    return str(await run_on(url, stored_version))
