"""`dateline access`, `invites`, `catalogue` and `audit`, through the commands themselves."""

import json

import pytest

from bot.subscribers import audit
from storage.db.engine import Storage
from storage.enums import AuditAction
from tests.cli.conftest import with_storage_at
from tests.delivery.conftest import Outbox


def test_an_invitation_is_made_listed_and_revoked(dateline):
    made = dateline("invites", "add", "--uses", "5", "--until", "2099-01-01")
    code = dateline("invites", "add", "--uses", "5").stdout.strip()
    listed = json.loads(dateline("invites", "--json").stdout)
    shown = dateline("invites", "list").stdout
    ended = dateline("invites", "remove", str(listed["id"]))

    assert made.exit_code == 2
    assert made.stderr == "--until: name a day from today on, within a year.\n"
    assert (listed["code"], listed["uses"], listed["used"]) == (code, 5, 0)
    assert code in shown
    assert ended.stdout == "Revoked invitation 1.\n"
    assert dateline("invites").stdout == "There are no invitations.\n"
    assert dateline("invites", "remove", "1").exit_code == 2


def test_users_and_groups_are_banned_and_allowed(dateline):
    assert dateline("access").stdout == "Nobody is banned, and nobody was allowed.\n"
    assert dateline("access", "ban", "12345").stdout == "User 12345 is banned.\n"
    assert dateline("access", "ban", "-100123").stdout == "Group -100123 is banned.\n"
    assert dateline("access", "ban", "12345").stdout == "User 12345 is already banned.\n"
    assert dateline("access", "allow", "12345").stdout == "User 12345 is no longer banned.\n"
    assert dateline("access", "allow", "777").stdout == "User 777 is allowed.\n"

    rows = [json.loads(line) for line in dateline("access", "list", "--json").stdout.splitlines()]

    assert {(row["id"], row["is"]) for row in rows} == {
        (-100123, "banned"),
        (777, "allowed by an admin"),
        (12345, "allowed by an admin"),
    }
    assert "-100123" in dateline("access").stdout


def test_an_admin_of_the_settings_cannot_be_banned(dateline, monkeypatch):
    monkeypatch.setenv("ADMIN_IDS", "9")
    refused = dateline("access", "ban", "9")

    assert (refused.exit_code, refused.stderr) == (2, "9 is one of ADMIN_IDS.\n")


def test_commands_are_recorded_in_the_activity_log(dateline):
    dateline("access", "ban", "12345")
    dateline("invites", "add")

    events = [json.loads(line) for line in dateline("audit", "--json").stdout.splitlines()]

    assert [(event["action"], event["user_id"]) for event in events] == [
        ("invite", None),
        ("ban", None),
    ]


def test_limits_of_one_chat_are_set(dateline, sqlite_url):
    with_storage_at(sqlite_url, lambda storage: Outbox(storage).chat(12345))

    assert dateline("access", "limit", "12345", "--topics", "7").stdout == "12345: topics 7\n"
    assert dateline("access", "limit", "12345", "--alerts", "-1").stdout == "12345: alerts -1\n"
    assert dateline("access", "limit", "777", "--topics", "7").stderr == "There is no chat 777.\n"
    assert dateline("access", "limit", "12345").stderr.startswith("Say what to limit")
    refused = dateline("access", "limit", "12345", "--topics", "5000")
    assert refused.stderr == "--topics: from 0 to 1000, or -1.\n"


async def fill(storage: Storage) -> None:
    await audit.record(storage, 7, AuditAction.SOURCE_ADDED, "https://news.example/feed")


def test_an_empty_activity_log_says_so(dateline):
    assert dateline("audit").output == "The activity log is empty.\n"


def test_the_activity_log_is_shown_as_text_and_as_json(dateline, sqlite_url):
    with_storage_at(sqlite_url, fill)

    shown = dateline("audit").output
    (event,) = (json.loads(line) for line in dateline("audit", "--json").output.splitlines())

    assert "source add" in shown
    assert "https://news.example/feed" in shown
    assert (event["user_id"], event["action"]) == (7, "source add")


@pytest.fixture
def catalogue(dateline):
    return lambda *arguments: dateline("catalogue", *arguments)


def test_topics_are_added_changed_moved_and_retired(catalogue):
    assert catalogue().stdout == "The catalogue is empty; the first start fills it.\n"
    assert catalogue("add", "Ports", "port").stdout == "Added Ports as 1.\n"
    assert catalogue("add", "Ships", "ship").stdout == "Added Ships as 2.\n"
    assert catalogue("rename", "2", "Boats").stdout == "Renamed 2.\n"
    assert catalogue("query", "2", "boat OR ship").stdout == "Changed 2.\n"
    assert catalogue("move", "2", "-1").stdout == "Moved 2.\n"

    listed = [json.loads(line) for line in catalogue("list", "--json").stdout.splitlines()]
    shown = catalogue().stdout
    retired = catalogue("retire", "1").stdout

    assert [(one["name"], one["typed"]) for one in listed] == [
        ("Boats", "boat OR ship"),
        ("Ports", "port"),
    ]
    assert "boat OR ship" in shown
    assert retired == "Retired 1.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["retire", "9"], "The catalogue has no such topic.", id="no such topic"),
        pytest.param(["add", " ", "port"], "A name needs at least", id="no name"),
        pytest.param(["add", "Ports", "(port"], "(port", id="no query"),
    ],
)
def test_a_refused_change_is_one_sentence(catalogue, arguments, sentence):
    refused = catalogue(*arguments)

    assert refused.exit_code == 2
    assert sentence in refused.stderr
