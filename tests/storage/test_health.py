from datetime import timedelta

import pytest
from sqlalchemy import delete, text

from bot.ops.doctor.checks import make_checks, run_checks
from bot.ops.doctor.findings import HealthLevel
from bot.ops.doctor.judgements import judge_database
from bot.settings import Settings
from storage.chats import Chat
from storage.db.engine import DatabaseError, Storage
from storage.db.leases import acquire_lease
from storage.enums import Condition
from storage.health import condition_of_file, condition_of_server, leases_held, open_read_only
from storage.schema import database_file


async def condition(url: str) -> Condition:
    file = database_file(url)
    return condition_of_file(file, 10) if file else await condition_of_server(url)


async def test_a_database_that_is_up_to_date_says_so(database_url):
    seen = await condition(database_url)

    assert seen.pending == 0
    assert seen.unwritable is None
    assert seen.size > 0
    assert abs(seen.ahead) < timedelta(minutes=10)
    codes = {one.code for one in judge_database(seen) if one.health is HealthLevel.UNHEALTHY}
    assert codes <= {"database.no-autovacuum"}  # as servers for tests have it


@pytest.mark.parametrize(
    ("revision", "pending"),
    [pytest.param("0001", True, id="behind"), pytest.param("9999", None, id="of a newer version")],
)
async def test_older_and_newer_tables_are_told_apart(sqlite_url, revision, pending):
    storage = Storage.open(sqlite_url)
    async with storage.writing() as tx:
        connection = await tx.session.connection()
        moved = text("UPDATE alembic_version SET version_num = :revision")
        await connection.execute(moved, {"revision": revision})
    await storage.close()

    seen = await condition(sqlite_url)

    assert (seen.pending and seen.pending > 0) is pending


async def test_what_is_opened_to_read_cannot_be_written_to(sqlite_url):
    storage = open_read_only(sqlite_url)

    with pytest.raises(DatabaseError):
        async with storage.writing() as tx:
            await tx.session.exec(delete(Chat))
    await storage.close()


async def test_a_damaged_file_is_reported(tmp_path):
    file = tmp_path / "a.sqlite3"
    file.write_bytes(b"no database at all" * 100)
    settings = Settings.model_validate(
        {"database_url": f"sqlite:///{file}", "bot_token": "123456789:" + "A" * 35}
    )

    found = await run_checks(
        check for check in make_checks(settings, quick=True) if check.name == "the database"
    )

    assert [one.code for one in found] == ["database.no-database"]


async def test_who_holds_a_lease_runs(storage, clock):
    async with storage.writing() as tx:
        await acquire_lease(tx, "polling", "a", timedelta(minutes=1))
        assert await leases_held(tx) == ["a"]

    clock.turn(timedelta(minutes=2))

    async with storage.reading() as tx:
        assert await leases_held(tx) == []
