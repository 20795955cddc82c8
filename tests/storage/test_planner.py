"""After much was loaded, the planner knows of it at once."""

from pathlib import Path
from shutil import which

from sqlalchemy import text

from storage.backup import back_up, restore
from storage.chats import Chat
from storage.db.engine import Storage
from storage.schema import metadata, migrate
from storage.sources import Source
from storage.transfer import transfer
from tests.conftest import missing
from tests.sample_rows import fill

LOADED = (Chat, Source)


def quietly(*_: object) -> None:
    pass


async def filled(url: str) -> None:
    await migrate(url)
    storage = Storage.open(url)
    await fill(storage)
    await storage.close()


async def known(url: str) -> set[str]:
    """Return the tables of which PostgreSQL's planner knows what they hold."""
    storage = Storage.open(url)
    asked = text("SELECT DISTINCT tablename FROM pg_stats WHERE schemaname = current_schema()")
    async with storage.reading() as tx:
        found = await (await tx.session.connection()).execute(asked)
        names = {row[0] for row in found}
    await storage.close()
    return names


async def test_only_the_tables_that_were_loaded_are_looked_at(own_postgresql_url: str):
    await filled(own_postgresql_url)
    storage = Storage.open(own_postgresql_url)

    await storage.analyze(LOADED)

    await storage.close()
    assert await known(own_postgresql_url) - {"alembic_version"} == {"chat", "source"}


async def test_sqlite_plans_by_its_indexes(sqlite_url: str):
    await filled(sqlite_url)
    storage = Storage.open(sqlite_url)

    await storage.analyze(LOADED)

    async with storage.reading() as tx:
        asked = text("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")
        found = await (await tx.session.connection()).execute(asked)
        assert found.scalar_one() == 0
    await storage.close()


async def test_the_planner_knows_all_that_was_copied(sqlite_url: str, own_postgresql_url: str):
    await filled(sqlite_url)

    await transfer(sqlite_url, own_postgresql_url, quietly)

    assert await known(own_postgresql_url) >= set(metadata().tables) - {"lease"}


async def test_the_planner_knows_all_that_was_restored(own_postgresql_url: str, tmp_path: Path):
    if not which("pg_dump"):
        missing("no pg_dump")
    await filled(own_postgresql_url)
    await back_up(own_postgresql_url, tmp_path / "backup", quietly)

    await restore(own_postgresql_url, tmp_path / "backup", quietly, force=True)

    assert await known(own_postgresql_url) >= set(metadata().tables)
