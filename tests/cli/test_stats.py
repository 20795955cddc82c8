import asyncio
import json

import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from storage.db.engine import Storage
from tests.delivery.conftest import Outbox
from tests.storage.test_statistics import watch

pytestmark = pytest.mark.slow


@pytest.fixture
def stats(monkeypatch, database_url, tmp_path):
    async def fill() -> None:
        storage = Storage.open(database_url)
        ann = await Outbox(storage).chat(123456789, name="Ann Example")
        await watch(storage, ann, "Japan", "japan")
        await watch(storage, ann, "a secret of Ann", None)
        await storage.close()

    asyncio.run(fill())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    return lambda *options: CliRunner().invoke(app, ["stats", *options])


def test_the_numbers_are_printed_in_lines(stats):
    lines = [line.split() for line in stats().output.splitlines()]

    assert ["chats", "1", "private", "active"] in lines
    assert ["1", "Japan"] in lines


def test_a_small_table_has_no_line(stats):
    printed, document = stats().output, json.loads(stats("--json").output)

    assert " 0.0 " not in printed
    assert min(size["count"] for size in document["bytes"]) < 50_000


def test_a_document_has_the_same(stats):
    found = json.loads(stats("--json", "--days", "2").output)

    assert found["now"]["chats"] == [{"what": ["private", "active"], "count": 1, "at_least": False}]
    assert len(found["articles_a_day"]) == 2
    assert set(found["lag_seconds"]) == {"read", "match", "publish", "send"}


@pytest.mark.parametrize("option", ["--days=7", "--json"])
def test_no_user_is_named(stats, option):
    output = stats(option).output

    assert not any(word in output for word in ("Ann", "secret", "123456789"))


def test_a_missing_database_is_one_sentence(stats, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/none.sqlite3")

    result = stats()

    assert result.exit_code
    assert "DATABASE_URL" in str(result.exception)
    assert not (tmp_path / "none.sqlite3").exists()
