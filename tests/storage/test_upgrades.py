"""Databases of other versions: rows of each release, and a version that this one does not know."""

import asyncio
import gzip
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection

from storage.db.shape import Shape
from storage.migrations.upgrade import alembic_config
from storage.schema import (
    VERSIONS,
    SchemaDiffersError,
    SchemaTooNewError,
    metadata,
    migrate,
    recorded_shape,
    shape_of,
)
from tests.storage.databases import differences, rows_at, run_on, run_sql
from tests.storage.next_version import NextVersion, make_next_version
from tests.storage.released import CHECKSUMS, KEPT, load, migration_checksums, read_rows
from tests.story.processes import PATIENCE

ROOT = Path(__file__).parents[2]
RELEASES = sorted(path.name for path in KEPT.glob("*.sql.gz"))
CONTRACTION = '''"""Drop when a ban began."""

from alembic import op

revision = "9999"
down_revision = "{down}"


def upgrade() -> None:
    with op.batch_alter_table("ban") as batch:
        batch.drop_column("since")
'''


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/dateline.sqlite3"
    return str(request.getfixturevalue("own_postgresql_url"))


# Rows of each release


@pytest.mark.parametrize("release", RELEASES)
async def test_all_rows_of_a_release_are_carried_forward_and_back(empty_url: str, release: str):
    await load((KEPT / release).read_bytes(), empty_url)
    before = await run_on(empty_url, read_rows)
    assert len(before) > 60
    assert all(before.values())

    await migrate(empty_url)
    after = await run_on(empty_url, read_rows)
    assert {name: after[name] for name in before} == before
    assert all((await rows_at(empty_url)).values())  # the models can read them

    version = gzip.decompress((KEPT / release).read_bytes())[3:7].decode()
    await run_on(
        empty_url, lambda connection: command.downgrade(alembic_config(connection), version)
    )
    assert await run_on(empty_url, read_rows) == before
    await migrate(empty_url)
    assert await run_on(empty_url, differences) == []


def test_released_migrations_are_never_changed():
    """If this fails after a release, restore the file, and write `make migration m="…"` instead."""
    released = CHECKSUMS.read_text().splitlines()

    assert released
    assert [line for line in released if line not in migration_checksums()] == []


# The tables of each version


@pytest.mark.parametrize("version", VERSIONS)
async def test_each_migration_makes_the_recorded_tables(empty_url: str, version: str):
    def make(connection: Connection) -> Shape:
        command.upgrade(alembic_config(connection), version)
        return shape_of(connection)

    made = await run_on(empty_url, make)

    tables = {*metadata().tables}
    ours = {line for line in made if line.partition(" ")[0].partition(".")[0] in tables}
    assert ours == recorded_shape(version, empty_url.partition("+")[0])


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("ALTER TABLE ban RENAME COLUMN since TO begun_at", id="column"),
        pytest.param("DROP TABLE pin", id="table"),
        pytest.param("DROP INDEX ix_auditevent_at", id="index"),
    ],
)
async def test_a_database_of_another_build_is_refused_and_unchanged(
    own_database_url: str, statement: str
):
    await run_sql(own_database_url, statement)
    before = await run_on(own_database_url, shape_of)

    with pytest.raises(SchemaDiffersError, match="dateline export FILE"):
        await migrate(own_database_url)

    assert await run_on(own_database_url, shape_of) == before


async def test_an_older_database_of_another_build_is_refused(own_database_url: str):
    await run_sql(own_database_url, "UPDATE alembic_version SET version_num = '0001'")
    await run_sql(own_database_url, "DROP TABLE pin")

    with pytest.raises(SchemaDiffersError, match="migration 0001: it lacks “pin "):
        await migrate(own_database_url)


async def test_additions_of_the_operator_are_ignored(own_database_url: str):
    for statement in (
        "CREATE INDEX ours ON article (title, stored_at)",
        "CREATE TABLE invoices (id INTEGER NOT NULL)",
        "ALTER TABLE chat ADD COLUMN note TEXT",
    ):
        await run_sql(own_database_url, statement)

    await migrate(own_database_url)


@pytest.mark.parametrize(
    ("statement", "hinders"),
    [
        pytest.param("ALTER TABLE ban ADD COLUMN note TEXT", False, id="nullable column"),
        pytest.param(
            "ALTER TABLE ban ADD COLUMN n INTEGER DEFAULT 0 NOT NULL", False, id="default"
        ),
        pytest.param("CREATE TABLE more (id INTEGER NOT NULL)", False, id="table"),
        pytest.param("CREATE INDEX more ON ban (since)", False, id="index"),
        pytest.param("CREATE UNIQUE INDEX more ON ban (since)", True, id="unique index"),
        pytest.param(
            "CREATE TABLE more (chat_id BIGINT REFERENCES chat (id))", True, id="foreign key"
        ),
        pytest.param(
            "CREATE TABLE more (chat_id BIGINT REFERENCES chat (id) ON DELETE CASCADE)",
            False,
            id="foreign key that deletes",
        ),
        pytest.param("DROP TABLE pin", True, id="no table"),
    ],
)
async def test_a_newer_database_is_used_unless_a_change_hinders(
    own_database_url: str, statement: str, hinders
):
    await run_sql(own_database_url, statement)
    await run_sql(own_database_url, "UPDATE alembic_version SET version_num = '9999'")

    if hinders:
        with pytest.raises(SchemaTooNewError):
            await migrate(own_database_url)
    else:
        await migrate(own_database_url)


async def test_a_mandatory_column_of_a_newer_version_hinders(own_postgresql_url: str):
    await migrate(own_postgresql_url)
    await run_sql(own_postgresql_url, "ALTER TABLE ban ADD COLUMN n INTEGER NOT NULL")
    await run_sql(own_postgresql_url, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SchemaTooNewError):
        await migrate(own_postgresql_url)


# A newer version, made here, beside a process of this one


@pytest.fixture
def next_version(tmp_path: Path) -> NextVersion:
    return make_next_version(tmp_path / "next")


@asynccontextmanager
async def old_process(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.storage.writer", url),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert await line_of(process) == "ready"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    async with asyncio.timeout(PATIENCE):
        return (await process.stdout.readline()).decode().strip()


async def ask(process: asyncio.subprocess.Process) -> str:
    assert process.stdin
    process.stdin.write(b"work\n")
    return await line_of(process)


@pytest.mark.slow
async def test_an_old_process_works_on_while_a_newer_version_adds_to_the_tables(
    own_database_url: str, next_version: NextVersion
):
    async with old_process(own_database_url) as process:
        assert await ask(process) == "done"

        await asyncio.to_thread(next_version.migrate, own_database_url)

        added = await run_on(own_database_url, shape_of)
        assert {"pin.colour varchar(7)", "colour primary key (id)"} <= added
        assert [await ask(process) for _ in range(3)] == ["done"] * 3

        contraction = CONTRACTION.format(down=f"{len(VERSIONS) + 1:04}")
        versions = next_version.folder / "storage" / "migrations" / "versions"
        (versions / "9999_contract.py").write_text(contraction)
        record = versions.parent / "tables.txt"
        record.write_text(f"{record.read_text()}[9999]\n- ban.since time not null\n")
        await asyncio.to_thread(next_version.migrate, own_database_url)

        assert "run that version" in await ask(process)

    with pytest.raises(SchemaTooNewError):
        await migrate(own_database_url)
