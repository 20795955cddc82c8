import asyncio

import pytest
import typer
from typer.testing import CliRunner

from bot.app.stops import StopError
from bot.app.tools import alone_on
from bot.cli.data import backup, restore
from storage.db.engine import Storage
from tests.filling import all_rows, fill

app = typer.Typer()
app.command()(backup)
app.command()(restore)


@pytest.fixture
def at_home(monkeypatch, sqlite_url: str, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    asyncio.run(filled(sqlite_url))
    return sqlite_url


async def filled(url: str) -> None:
    storage = Storage.open(url)
    await fill(storage)
    await storage.close()


async def rows_at(url: str):
    storage = Storage.open(url)
    found = await all_rows(storage)
    await storage.close()
    return found


def run(*arguments: str):
    return CliRunner().invoke(app, arguments)


def test_a_backup_is_made_beside_a_running_bot_and_restored_without_one(at_home, tmp_path):
    before = asyncio.run(rows_at(at_home))
    with alone_on(at_home):
        made = run("backup", "news.backup")
        refused = run("restore", "--force", "news.backup")
    (tmp_path / "dateline.sqlite3").unlink()

    restored = run("restore", "news.backup")

    assert made.exit_code == 0, made.output
    assert "Wrote news.backup: " in made.output
    assert isinstance(refused.exception, StopError)
    assert restored.exit_code == 0, restored.output
    assert asyncio.run(rows_at(at_home)) == before


def test_what_is_there_is_replaced_only_with_force(at_home, tmp_path):
    assert at_home
    (tmp_path / "news.backup").write_text("precious")

    refused = run("backup", "news.backup")

    assert refused.exit_code == 2
    assert "exists already; --force" in refused.output
    assert (tmp_path / "news.backup").read_text() == "precious"
    assert run("backup", "--force", "news.backup").exit_code == 0

    refused = run("restore", "news.backup")

    assert refused.exit_code == 2
    assert "There is data in" in refused.output
    restored = run("restore", "--force", "news.backup")
    assert restored.exit_code == 0, restored.output
    (kept,) = tmp_path.glob("dateline.before-restore-*.sqlite3")
    assert kept.name in restored.output.replace("\n", "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(("backup", "absent/news.backup"), "no folder absent", id="no folder"),
        pytest.param(("restore", "absent.backup"), "no file absent.backup", id="no file"),
    ],
)
def test_what_cannot_be_is_one_sentence(at_home, arguments, sentence):
    assert at_home

    result = run(*arguments)

    assert result.exit_code == 2
    assert sentence in result.output


def test_a_database_that_is_not_there_is_not_made(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///absent.sqlite3")

    result = run("backup", "news.backup")

    assert result.exit_code == 2
    assert "no database at absent.sqlite3" in result.output
    assert list(tmp_path.iterdir()) == []
