"""`dateline invites` and `dateline access`, through the commands themselves."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from storage.db.engine import Storage


@pytest.fixture
def run(sqlite_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("ADMIN_IDS", "9")
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_an_invitation_is_made_listed_and_revoked(run):
    made = run("invites", "add", "--uses", "5", "--until", "2099-01-01")
    code = run("invites", "add", "--uses", "5").stdout.strip()
    listed = json.loads(run("invites", "--json").stdout)
    shown = run("invites", "list").stdout
    ended = run("invites", "remove", str(listed["id"]))

    assert made.exit_code == 2
    assert made.stderr == "--until: name a day from today on, within a year.\n"
    assert (listed["code"], listed["uses"], listed["used"]) == (code, 5, 0)
    assert code in shown
    assert ended.stdout == "Revoked invitation 1.\n"
    assert run("invites").stdout == "There are no invitations.\n"
    assert run("invites", "remove", "1").exit_code == 2


def test_users_and_groups_are_banned_and_allowed(run):
    assert run("access").stdout == "Nobody is banned, and nobody was allowed.\n"
    assert run("access", "ban", "12345").stdout == "User 12345 is banned.\n"
    assert run("access", "ban", "-100123").stdout == "Group -100123 is banned.\n"
    assert run("access", "ban", "12345").stdout == "User 12345 is already banned.\n"
    assert run("access", "allow", "12345").stdout == "User 12345 is no longer banned.\n"
    assert run("access", "allow", "777").stdout == "User 777 is allowed.\n"

    rows = [json.loads(line) for line in run("access", "list", "--json").stdout.splitlines()]

    assert {(row["id"], row["is"]) for row in rows} == {
        (-100123, "banned"),
        (777, "allowed by an admin"),
        (12345, "allowed by an admin"),
    }
    assert "-100123" in run("access").stdout


def test_the_operator_cannot_be_banned(run):
    refused = run("access", "ban", "9")

    assert (refused.exit_code, refused.stderr) == (2, "9 is one of ADMIN_IDS.\n")


def test_what_a_command_does_is_in_the_activity_log(run):
    run("access", "ban", "12345")
    run("invites", "add")

    events = [json.loads(line) for line in run("audit", "--json").stdout.splitlines()]

    assert [(event["action"], event["user_id"]) for event in events] == [
        ("invite", None),
        ("ban", None),
    ]


async def chat_of(url: str, number: int) -> None:
    from tests.delivery.conftest import Outbox

    storage = Storage.open(url)
    await Outbox(storage).chat(number)
    await storage.close()


def test_one_chat_is_allowed_more_or_less(run, sqlite_url):
    asyncio.run(chat_of(sqlite_url, 12345))

    assert run("access", "limit", "12345", "--topics", "7").stdout == "12345: topics 7\n"
    assert run("access", "limit", "12345", "--alerts", "-1").stdout == "12345: alerts -1\n"
    assert run("access", "limit", "777", "--topics", "7").stderr == "There is no chat 777.\n"
    assert run("access", "limit", "12345").stderr.startswith("Say what to limit")
    refused = run("access", "limit", "12345", "--topics", "5000")
    assert refused.stderr == "--topics: from 0 to 1000, or -1.\n"
