import errno
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, make_url, text
from sqlalchemy.exc import OperationalError

from bot.ops.doctor.checks import make_checks, run_checks
from bot.ops.doctor.database import judge_database
from bot.ops.doctor.findings import HealthLevel
from bot.settings import Settings
from storage.articles import claim_new_articles, put_aside
from storage.chats import Chat
from storage.db.engine import Storage
from storage.db.leases import acquire_lease
from storage.db.problems import DatabaseError, database_problem
from storage.enums import DatabaseProblem
from storage.health import (
    Condition,
    condition_of_file,
    condition_of_server,
    leases_held,
    open_read_only,
    try_to_write,
)
from storage.pace import advance_all
from storage.schema import database_file
from tests.database_errors import DatabaseFailure
from tests.matching.stored import stored_article
from tests.pgbouncer import pooled
from tests.storage.databases import run_on


async def condition(url: str) -> Condition:
    file = database_file(url)
    return condition_of_file(file, 10) if file else await condition_of_server(url)


async def test_a_current_database_is_healthy(database_url):
    seen = await condition(database_url)

    assert seen.pending == 0
    assert seen.unwritable is None
    assert seen.size > 0
    assert abs(seen.ahead) < timedelta(minutes=10)
    codes = {one.code for one in judge_database(seen) if one.health is HealthLevel.UNHEALTHY}
    assert codes <= {"database.no-autovacuum"}  # which servers for tests switch off


@pytest.mark.parametrize(
    ("revision", "pending"),
    [pytest.param("0001", True, id="behind"), pytest.param("9999", None, id="of a newer version")],
)
async def test_older_and_newer_tables_are_distinguished(sqlite_url, revision, pending):
    storage = Storage.open(sqlite_url)
    async with storage.writing() as tx:
        moved = text("UPDATE alembic_version SET version_num = :revision")
        await tx.change(moved, revision=revision)
    await storage.close()

    seen = await condition(sqlite_url)

    assert (seen.pending and seen.pending > 0) is pending


async def test_a_storage_opened_for_reading_takes_no_writes(sqlite_url):
    storage = open_read_only(sqlite_url)

    with pytest.raises(DatabaseError):
        async with storage.writing() as tx:
            await tx.change(delete(Chat))
    await storage.close()


async def checked(url: str, **settings: object) -> list[str]:
    """Return the codes of the doctor's unhealthy findings in the database at *url*."""
    given = {"database_url": url, "bot_token": "123456789:" + "A" * 35, **settings}
    checks = make_checks(Settings.model_validate(given), quick=True)
    found = await run_checks(check for check in checks if check.name == "the database")
    return [one.code for one in found if one.health is HealthLevel.UNHEALTHY]


def replace_by_text(file: Path) -> None:
    file.write_bytes(b"no database at all" * 100)


def damage(file: Path) -> None:
    """Overwrite all pages but the first, which has the header."""
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def replace_by_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        pytest.param(replace_by_text, "no-database", id="another program's file"),
        pytest.param(damage, "damaged", id="damaged"),
        pytest.param(replace_by_folder, "no-database", id="a folder"),
    ],
)
async def test_each_problem_of_a_file_has_its_own_finding(sqlite_url, harm, code):
    file = database_file(sqlite_url)
    assert file

    harm(file)

    assert await checked(sqlite_url) == [f"database.{code}"]


async def test_a_folder_that_may_not_be_listed_is_reported(sqlite_url, monkeypatch):
    def refuse(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)

    assert await checked(sqlite_url) == ["database.forbidden"]


async def test_a_file_that_another_program_locks_is_reported(sqlite_url, monkeypatch):
    monkeypatch.setattr("storage.health._BUSY_SECONDS", 0)
    file = database_file(sqlite_url)
    with closing(sqlite3.connect(str(file), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        assert await checked(sqlite_url) == ["database.locked"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        pytest.param("SQLITE_READONLY_DIRECTORY", DatabaseProblem.READ_ONLY, id="read-only"),
        pytest.param("SQLITE_FULL", DatabaseProblem.FULL, id="disk full"),
        pytest.param("SQLITE_IOERR_READ", DatabaseProblem.DISK, id="disk fails"),
        pytest.param("SQLITE_BUSY_SNAPSHOT", DatabaseProblem.BUSY, id="locked"),
        pytest.param("SQLITE_CANTOPEN", DatabaseProblem.FORBIDDEN, id="forbidden"),
        pytest.param("SQLITE_CORRUPT_VTAB", DatabaseProblem.DAMAGED, id="damaged"),
    ],
)
def test_the_codes_of_sqlite_are_distinguished(name, problem):
    error = sqlite3.OperationalError("it broke")
    error.sqlite_errorname = name

    assert database_problem(error) is problem
    assert database_problem(OperationalError("SELECT", None, error)) is problem


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        pytest.param(errno.EACCES, DatabaseProblem.FORBIDDEN, id="forbidden"),
        pytest.param(errno.ENOSPC, DatabaseProblem.FULL, id="disk full"),
        pytest.param(errno.EROFS, DatabaseProblem.READ_ONLY, id="read-only"),
        pytest.param(errno.ECONNREFUSED, DatabaseProblem.UNREACHABLE, id="no server"),
    ],
)
def test_the_errors_of_the_system_are_distinguished(number, problem):
    assert database_problem(OSError(number, "so it is")) is problem


async def test_a_server_that_takes_no_writes_is_a_standby(postgresql_url, own_postgresql_url):
    name = make_url(own_postgresql_url).database
    shut = f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
    await run_on(postgresql_url, lambda connection: connection.exec_driver_sql(shut))

    assert await checked(own_postgresql_url) == ["database.standby"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"database": "nonesuch"}, "missing", id="no such database"),
        pytest.param({"username": "nobody"}, "login", id="no such user"),
        pytest.param({"port": 1}, "unreachable", id="no server"),
    ],
)
async def test_each_problem_of_a_server_has_its_own_finding(postgresql_url, change, code):
    url = make_url(postgresql_url).set(**change).render_as_string(hide_password=False)

    assert await checked(url) == [f"database.{code}"]


async def test_a_pooler_without_a_direct_address_is_found(postgresql_url):
    async with pooled(postgresql_url) as url:
        behind = await checked(url)
        past = await checked(url, database_direct_url=postgresql_url)

    assert "database.pooler" in behind
    assert "database.pooler" not in past


async def test_owners_of_roles_are_listed(storage, clock):
    async with storage.writing() as tx:
        await acquire_lease(tx, "polling", "a", timedelta(minutes=1))
        assert await leases_held(tx) == ["a"]

    clock.turn(timedelta(minutes=2))

    async with storage.reading() as tx:
        assert await leases_held(tx) == []


async def test_a_writable_database_can_be_locked(storage):
    await try_to_write(storage)


async def test_a_file_that_another_program_locks_cannot_be_written(sqlite_url):
    storage = Storage.open(sqlite_url)
    failure = DatabaseFailure(storage, sqlite_url)
    await failure.begin()

    with pytest.raises(DatabaseError):
        await try_to_write(storage)

    failure.end()
    await try_to_write(storage)
    await storage.close()


@pytest.mark.parametrize(
    ("ahead", "code"),
    [(timedelta(), "clock.stored"), (timedelta(hours=2), "clock.stored-ahead")],
    ids=["right", "two hours ahead"],
)
async def test_the_doctor_finds_times_that_a_wrong_clock_stored(sqlite_url, ahead, code):
    storage = Storage.open(sqlite_url)
    async with storage.writing() as tx:
        await advance_all(tx, {"bot:a": tx.now + ahead})
    await storage.close()

    settings = Settings(_env_file=None, database_url=sqlite_url)  # type: ignore[call-arg]
    checks = [one for one in make_checks(settings, quick=True) if one.name == "the stored times"]
    found = await run_checks(checks)

    assert [one.code for one in found] == [code]


@pytest.mark.parametrize("error", [None, "ValueError"], ids=["none", "one"])
async def test_the_doctor_finds_articles_that_were_put_aside(sqlite_url, error):
    storage = Storage.open(sqlite_url)
    article = await stored_article(storage, "Harbour opens")
    async with storage.writing() as tx:
        await claim_new_articles(tx, owner="us", limit=1)
        if error:
            await put_aside(tx, article, error, owner="us")
    await storage.close()

    settings = Settings(_env_file=None, database_url=sqlite_url)  # type: ignore[call-arg]
    checks = [one for one in make_checks(settings, quick=True) if one.name == "the articles"]
    (found,) = await run_checks(checks)

    assert found.health is (HealthLevel.WARNING if error else HealthLevel.HEALTHY)
    assert (f"{article} (ValueError)" in found.sentence) is bool(error)
