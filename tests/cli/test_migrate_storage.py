import asyncio
import errno
import re
import sqlite3

import asyncpg
import pytest
import typer
from typer.testing import CliRunner

from bot.cli.data import migrate_storage
from storage.db.engine import Storage, describe_failure
from tests.filling import fill
from tests.storage.test_schema import run_on

app = typer.Typer()
app.command()(migrate_storage)

SERVER = "postgresql://u:secret@127.0.0.1:1/news"


def run(*arguments: str):
    return CliRunner().invoke(app, arguments)


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
def test_what_cannot_be_is_one_sentence_and_makes_nothing(
    monkeypatch, tmp_path, arguments, sentence
):
    monkeypatch.chdir(tmp_path)

    result = run(*arguments)

    assert result.exit_code == 2
    assert sentence in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_one_sentence_without_the_password(sqlite_url: str):
    result = run(sqlite_url, SERVER)

    assert result.exit_code == 2
    assert "cannot be reached" in result.output
    assert "secret" not in result.output


def test_a_file_of_another_program_is_left_alone(tmp_path):
    path = tmp_path / "other.sqlite3"
    path.touch()

    result = run(f"sqlite:///{path}", SERVER)

    assert result.exit_code == 2
    assert "no database of Dateline" in result.output
    assert not path.stat().st_size


def test_a_newer_source_is_left_alone(sqlite_url: str):
    newer = "UPDATE alembic_version SET version_num = '9999'"
    asyncio.run(run_on(sqlite_url, lambda connection: connection.exec_driver_sql(newer)))

    result = run(sqlite_url, SERVER)

    assert result.exit_code == 2
    assert "newer version of Dateline" in result.output


def test_everything_is_copied_and_the_setting_is_printed(sqlite_url: str, own_postgresql_url: str):
    asyncio.run(filled(sqlite_url))

    result = run(sqlite_url, own_postgresql_url)

    assert result.exit_code == 0, result.output
    assert re.search(r"(?m)^chat +3$", result.output)
    assert result.output.rstrip().endswith("in .env and start the bot.")


async def filled(url: str) -> None:
    storage = Storage.open(url)
    await fill(storage)
    await storage.close()


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
def test_what_the_drivers_say_is_a_sentence(error: Exception, said: str):
    assert said in (describe_failure(error) or "")


def test_an_error_of_ours_is_no_sentence():
    assert describe_failure(KeyError("x")) is None
