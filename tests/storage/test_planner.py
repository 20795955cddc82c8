"""The planner has statistics as soon as many rows were loaded."""

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


async def sampled(url: str) -> set[str]:
    """Return the tables of which PostgreSQL's planner has statistics."""
    storage = Storage.open(url)
    tables = text("SELECT DISTINCT tablename FROM pg_stats WHERE schemaname = current_schema()")
    async with storage.reading() as tx:
        names = {name for (name,) in await tx.rows(tables)}
    await storage.close()
    return names


async def test_only_loaded_tables_are_sampled(own_postgresql_url: str):
    await filled(own_postgresql_url)
    storage = Storage.open(own_postgresql_url)

    await storage.analyze(LOADED)

    await storage.close()
    assert await sampled(own_postgresql_url) - {"alembic_version"} == {"chat", "source"}


async def test_sqlite_keeps_no_statistics(sqlite_url: str):
    await filled(sqlite_url)
    storage = Storage.open(sqlite_url)

    await storage.analyze(LOADED)

    async with storage.reading() as tx:
        statistics = text("SELECT name FROM sqlite_master WHERE name = 'sqlite_stat1'")
        assert await tx.first(statistics) is None
    await storage.close()


async def test_every_copied_table_has_statistics(sqlite_url: str, own_postgresql_url: str):
    await filled(sqlite_url)

    await transfer(sqlite_url, own_postgresql_url, quietly)

    assert await sampled(own_postgresql_url) >= set(metadata().tables) - {"lease"}


async def test_every_restored_table_has_statistics(own_postgresql_url: str, tmp_path: Path):
    if not which("pg_dump"):
        missing("no pg_dump")
    await filled(own_postgresql_url)
    await back_up(own_postgresql_url, tmp_path / "backup", quietly)

    await restore(own_postgresql_url, tmp_path / "backup", quietly, force=True)

    assert await sampled(own_postgresql_url) >= set(metadata().tables)
