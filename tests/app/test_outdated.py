import asyncio

import pytest
from sqlalchemy import text

from bot.app.outdated import Outdated
from bot.app.stops import StopError
from storage.db.engine import Storage


async def set_version(storage: Storage, version: str) -> None:
    async with storage.writing() as tx:
        connection = await tx.session.connection()
        await connection.execute(
            text("UPDATE alembic_version SET version_num = :version"), {"version": version}
        )


async def watched(storage: Storage) -> Outdated:
    outdated, stopping = Outdated(storage, every_seconds=0.001), asyncio.Event()
    await outdated.watch(stopping)
    return outdated


@pytest.fixture
async def own_storage(own_database_url: str):
    storage = Storage.open(own_database_url)
    yield storage
    await storage.close()


async def test_a_running_process_stops_when_the_schema_is_not_its_own_any_more(
    own_storage: Storage,
):
    await set_version(own_storage, "9999")

    outdated = await watched(own_storage)

    with pytest.raises(StopError, match="newer version of Dateline; run that"):
        outdated.tell()


async def test_a_process_of_the_same_version_goes_on(storage: Storage):
    assert not await Outdated(storage)._is_so()


async def test_a_database_that_is_away_stops_nobody(tmp_path):
    storage = Storage.open(f"sqlite+aiosqlite:///{tmp_path}/nothing.sqlite3")

    assert not await Outdated(storage)._is_so()

    await storage.close()
