"""Backups of whole databases, and their restoration."""

import sqlite3
from contextlib import closing
from pathlib import Path
from shutil import which

import pytest
from sqlmodel import select

from storage import backup
from storage.backup import back_up, restore
from storage.db.copies import CannotBackUpError, copy_database
from storage.db.engine import Storage
from storage.db.postgresql import DatabaseInUseError
from storage.schema import SchemaTooNewError, migrate
from storage.stories import Story
from tests.conftest import missing
from tests.sample_rows import fill
from tests.storage.databases import file_of, rows_at, run_sql


def quietly(_done: int, _total: int) -> None:
    pass


@pytest.fixture
async def rows(own_database_url: str):
    """Fill the database; skip if the server's programs are missing."""
    if own_database_url.startswith("postgresql") and not which("pg_dump"):
        missing("no pg_dump")
    storage = Storage.open(own_database_url)
    await fill(storage)
    await storage.close()
    return await rows_at(own_database_url)


async def add_story(url: str) -> None:
    storage = Storage.open(url)
    async with storage.writing() as tx:
        await tx.add(Story(created_at=tx.now))
    await storage.close()


async def test_a_backup_restores_every_row(own_database_url: str, rows, tmp_path: Path):
    progress = []
    file = tmp_path / "news.backup"
    await back_up(own_database_url, file, lambda *how_far: progress.append(how_far))
    await add_story(own_database_url)
    after = await rows_at(own_database_url)

    kept = await restore(own_database_url, file, quietly, force=True)

    assert progress[-1][0] == progress[-1][1]
    assert file.stat().st_mode & 0o077 == 0
    assert await rows_at(own_database_url) == rows
    assert kept
    # The data that was replaced is kept.
    await restore(own_database_url, kept, quietly, force=True)
    assert await rows_at(own_database_url) == after


async def test_data_is_not_replaced_without_force(own_database_url: str, rows, tmp_path: Path):
    await back_up(own_database_url, tmp_path / "backup", quietly)
    await add_story(own_database_url)

    with pytest.raises(CannotBackUpError, match="with --force"):
        await restore(own_database_url, tmp_path / "backup", quietly, force=False)

    assert len((await rows_at(own_database_url))["story"]) == len(rows["story"]) + 1


async def test_a_backup_of_a_newer_version_is_refused(own_database_url: str, tmp_path: Path):
    newer = "UPDATE alembic_version SET version_num = '9999'"
    await run_sql(own_database_url, newer)
    await back_up(own_database_url, tmp_path / "backup", quietly)

    with pytest.raises(SchemaTooNewError):
        await restore(own_database_url, tmp_path / "backup", quietly, force=True)


async def test_another_file_is_refused_as_a_backup(own_database_url: str, tmp_path: Path):
    (tmp_path / "backup").write_text("hello")

    with pytest.raises(CannotBackUpError, match="is no backup"):
        await restore(own_database_url, tmp_path / "backup", quietly, force=True)


async def test_a_backup_of_the_other_kind_is_refused(
    sqlite_url: str, own_postgresql_url: str, tmp_path: Path
):
    await back_up(sqlite_url, tmp_path / "backup", quietly)

    with pytest.raises(CannotBackUpError, match="migrate-storage"):
        await restore(own_postgresql_url, tmp_path / "backup", quietly, force=True)


async def test_a_restore_into_a_server_in_use_is_refused(own_postgresql_url: str, tmp_path: Path):
    await migrate(own_postgresql_url)
    await back_up(own_postgresql_url, tmp_path / "backup", quietly)
    storage = Storage.open(own_postgresql_url)
    async with storage.reading() as tx:
        await tx.rows(select(Story))
        with pytest.raises(DatabaseInUseError, match="in use"):
            await restore(own_postgresql_url, tmp_path / "backup", quietly, force=True)
    await storage.close()


async def test_programs_that_are_too_old_for_the_server_are_refused(
    monkeypatch, own_postgresql_url: str, tmp_path: Path
):
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    with pytest.raises(CannotBackUpError, match="is of PostgreSQL 9, the server of"):
        await back_up(own_postgresql_url, tmp_path / "backup", quietly)


async def test_absent_programs_are_reported(monkeypatch, own_postgresql_url: str, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CannotBackUpError, match="pg_dump is not on the PATH"):
        await back_up(own_postgresql_url, tmp_path / "backup", quietly)


async def test_a_damaged_file_is_not_backed_up(sqlite_url: str, rows_of_file, tmp_path: Path):
    path = file_of(sqlite_url)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\x7f" * 20_000)

    with pytest.raises(CannotBackUpError, match="damaged"):
        await back_up(sqlite_url, tmp_path / "backup", quietly)

    assert files_in(tmp_path) == []


def files_in(folder: Path) -> list[Path]:
    return list(folder.glob("backup*"))


@pytest.fixture
async def rows_of_file(sqlite_url: str) -> None:
    storage = Storage.open(sqlite_url)
    await fill(storage)
    await storage.close()
    with closing(sqlite3.connect(file_of(sqlite_url))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_a_copy_has_one_state_while_another_program_writes(sqlite_url: str, tmp_path: Path):
    path, copy = file_of(sqlite_url), tmp_path / "copy.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")  # as the bot has it
        writer.execute("CREATE TABLE ballast (number INTEGER, bytes BLOB)")
        writer.execute("INSERT INTO ballast VALUES (0, zeroblob(30000000))")

        def write(done: int, _total: int) -> None:
            writer.execute("INSERT INTO ballast VALUES (?, zeroblob(100000))", (done,))

        copy_database(path, copy, write)

        assert writer.execute("SELECT count(*) FROM ballast").fetchone()[0] > 2
    with closing(sqlite3.connect(copy)) as copied:
        assert copied.execute("SELECT count(*) FROM ballast").fetchone() == (1,)
        assert copied.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize(("own", "server"), [(15, 17), (17, 15)], ids=["too old", "too new"])
async def test_programs_of_another_version_are_refused(monkeypatch, own, server):
    async def version(*_: str) -> str:
        return f"pg_restore (PostgreSQL) {own}.2"

    monkeypatch.setattr(backup, "_path_of", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(backup, "_run", version)

    with pytest.raises(CannotBackUpError, match=f"of PostgreSQL {own}"):
        await backup._program("pg_restore", server)
