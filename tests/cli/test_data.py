"""`dateline backup`, `restore` and `migrate-storage`."""

import errno
import re
import sqlite3
from datetime import datetime

import asyncpg
import pytest

from bot.app.resources import alone_on
from bot.app.stops import StopError
from storage.backup import last_backup
from storage.db.engine import Storage
from storage.db.problems import describe_failure
from tests.cli.conftest import execute_at, with_storage_at
from tests.sample_rows import all_rows, fill


@pytest.fixture
def at_home(dateline, sqlite_url: str) -> str:
    """A database with a bit of everything, which the commands use."""
    assert dateline
    with_storage_at(sqlite_url, fill)
    return sqlite_url


def test_a_backup_is_made_beside_a_running_bot_and_restored_without_one(
    dateline, at_home, tmp_path
):
    before = with_storage_at(at_home, all_rows)
    earlier = with_storage_at(at_home, last_backup_of)
    with alone_on(at_home):
        made = dateline("backup", "news.backup")
        refused = dateline("restore", "--force", "news.backup")
    noted = with_storage_at(at_home, last_backup_of)
    (tmp_path / "dateline.sqlite3").unlink()

    restored = dateline("restore", "news.backup")

    assert earlier
    assert noted
    assert noted > earlier

    assert made.exit_code == 0, made.output
    assert "Wrote news.backup: " in made.output
    assert isinstance(refused.exception, StopError)
    assert restored.exit_code == 0, restored.output
    assert with_storage_at(at_home, all_rows) == before


async def last_backup_of(storage: Storage) -> datetime | None:
    async with storage.reading() as tx:
        return await last_backup(tx)


def test_a_folder_keeps_the_newest_backups(dateline, at_home, tmp_path):
    assert at_home
    folder = tmp_path / "backups"
    folder.mkdir()
    for day in (1, 2, 3):
        (folder / f"dateline-2026010{day}-031500.backup").touch()
    (folder / "dateline-mine.backup").touch()

    refused = dateline("backup", "backups")
    made = dateline("backup", "--keep", "2", "backups")

    assert (refused.exit_code, made.exit_code) == (2, 0), made.output
    names = sorted(path.name for path in folder.iterdir())
    assert names[0] == "dateline-20260103-031500.backup"
    assert names[2] == "dateline-mine.backup"
    assert len(names) == 3
    assert dateline("restore", "--force", f"backups/{names[1]}").exit_code == 0


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        pytest.param(".", ". is a folder; with --keep 7, the newest seven backups", id="a folder"),
        pytest.param("gone/news.backup", "There is no folder gone.", id="a folder that is absent"),
    ],
)
@pytest.mark.parametrize("options", [(), ("--force",)], ids=["", "with force"])
def test_a_backup_needs_the_name_of_a_file_in_a_folder(dateline, at_home, file, sentence, options):
    assert at_home

    refused = dateline("backup", *options, file)

    assert refused.exit_code == 2
    assert sentence in refused.output


def test_only_the_last_two_replaced_databases_are_kept(dateline, at_home, tmp_path):
    assert at_home
    assert dateline("backup", "news.backup").exit_code == 0
    for _ in range(3):
        assert dateline("restore", "--force", "news.backup").exit_code == 0

    assert len(list(tmp_path.glob("dateline.before-restore-*.sqlite3"))) == 2


def test_existing_data_is_replaced_only_with_force(dateline, at_home, tmp_path):
    assert at_home
    (tmp_path / "news.backup").write_text("precious")

    refused = dateline("backup", "news.backup")

    assert refused.exit_code == 2
    assert "exists already; --force" in refused.output
    assert (tmp_path / "news.backup").read_text() == "precious"
    assert dateline("backup", "--force", "news.backup").exit_code == 0

    refused = dateline("restore", "news.backup")

    assert refused.exit_code == 2
    assert "There is data in" in refused.output
    restored = dateline("restore", "--force", "news.backup")
    assert restored.exit_code == 0, restored.output
    (kept,) = tmp_path.glob("dateline.before-restore-*.sqlite3")
    assert kept.name in restored.output.replace("\n", "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(("backup", "absent/news.backup"), "no folder absent", id="no folder"),
        pytest.param(("backup", "x" * 300), "cannot be written: File name too long", id="name"),
        pytest.param(("restore", "absent.backup"), "no file absent.backup", id="no file"),
    ],
)
def test_an_impossible_backup_or_restore_is_one_sentence(dateline, at_home, arguments, sentence):
    assert at_home

    result = dateline(*arguments)

    assert result.exit_code == 2
    assert sentence in result.output


def test_a_read_only_folder_is_reported_in_one_sentence(dateline, at_home, monkeypatch):
    assert at_home

    def refuse(path: str, *_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr("storage.db.copies.os.open", refuse)
    result = dateline("backup", "news.backup")

    assert result.exit_code == 2
    assert "news.backup cannot be written: Permission denied." in result.output


def test_a_missing_database_is_not_created(dateline, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///absent.sqlite3")

    result = dateline("backup", "news.backup")

    assert result.exit_code == 2
    assert "no database at absent.sqlite3" in result.output
    assert {path.name for path in tmp_path.iterdir()} <= {"dateline.sqlite3"}  # the fixture's


SERVER = "postgresql://u:secret@127.0.0.1:1/news"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(("dateline.sqlite3", SERVER), "FROM is wrong: write sqlite", id="no address"),
        pytest.param(("sqlite:///a.db", "mysql://u@h/d"), "TO is wrong: write", id="another kind"),
        pytest.param(
            ("sqlite:///a.db", "sqlite:///b.db"), "use dateline backup", id="two of a kind"
        ),
        pytest.param(("sqlite:///a/b.db", SERVER), "no database at a/b.db", id="no such file"),
    ],
)
def test_an_impossible_copy_is_one_sentence_and_makes_nothing(
    dateline, tmp_path, arguments, sentence
):
    result = dateline("migrate-storage", *arguments)

    assert result.exit_code == 2
    assert sentence in result.output
    assert {path.name for path in tmp_path.iterdir()} <= {"dateline.sqlite3"}  # the fixture's


def test_a_missing_server_is_one_sentence_without_the_password(dateline, sqlite_url: str):
    result = dateline("migrate-storage", sqlite_url, SERVER)

    assert result.exit_code == 2
    assert "cannot be reached" in result.output
    assert "secret" not in result.output


def test_a_file_of_another_program_is_left_alone(dateline, tmp_path):
    path = tmp_path / "other.sqlite3"
    path.touch()

    result = dateline("migrate-storage", f"sqlite:///{path}", SERVER)

    assert result.exit_code == 2
    assert "no database of Dateline" in result.output
    assert not path.stat().st_size


def test_a_newer_source_is_left_alone(dateline, sqlite_url: str):
    execute_at(sqlite_url, "UPDATE alembic_version SET version_num = '9999'")

    result = dateline("migrate-storage", sqlite_url, SERVER)

    assert result.exit_code == 2
    assert "newer version of Dateline" in result.output


def test_everything_is_copied_and_the_setting_is_printed(
    dateline, sqlite_url: str, own_postgresql_url: str
):
    with_storage_at(sqlite_url, fill)

    result = dateline("migrate-storage", sqlite_url, own_postgresql_url)

    assert result.exit_code == 0, result.output
    assert re.search(r"(?m)^chat +3$", result.output)
    assert result.output.rstrip().endswith("in .env and start the bot.")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(asyncpg.DiskFullError("no space left"), "disk is full", id="server"),
        pytest.param(
            sqlite3.OperationalError("database or disk is full"), "disk is full", id="file"
        ),
        pytest.param(OSError(errno.ECONNREFUSED, "refused"), "cannot be reached", id="no server"),
        pytest.param(asyncpg.InvalidPasswordError("who?"), "refuses: who", id="no entry"),
        pytest.param(
            asyncpg.StringDataRightTruncationError("too long"), "refuses: too long", id="a value"
        ),
    ],
)
def test_an_error_of_a_driver_is_a_sentence(error: Exception, said: str):
    assert said in (describe_failure(error) or "")


def test_an_error_in_the_program_is_no_sentence():
    assert describe_failure(KeyError("x")) is None
