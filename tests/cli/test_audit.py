"""`dateline audit`, through the command itself."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from bot.subscribers import audit
from storage.db.engine import Storage
from storage.enums import AuditAction


async def fill(url: str) -> None:
    storage = Storage.open(url)
    await audit.record(storage, 7, AuditAction.SOURCE_ADDED, "https://news.example/feed")
    await storage.close()


@pytest.fixture
def run(sqlite_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *arguments: CliRunner().invoke(app, ["audit", *arguments])


def test_it_says_when_nothing_was_done(run):
    assert run().output == "The activity log is empty.\n"


def test_it_shows_who_did_what(run, sqlite_url):
    asyncio.run(fill(sqlite_url))

    shown = run().output

    assert "source add" in shown
    assert "https://news.example/feed" in shown


def test_it_speaks_json(run, sqlite_url):
    asyncio.run(fill(sqlite_url))

    (event,) = (json.loads(line) for line in run("--json").output.splitlines())

    assert (event["user_id"], event["action"]) == (7, "source add")
