import json
import logging
import re
import shlex
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest
import structlog

from bot.ops.logs import LastErrors, configure_logs, json_line, redact
from tests.conftest import missing

TOKEN = "123456:AAabcdefghijklmnopqrstuvwxyz0123456"


@pytest.mark.parametrize("form", ["console", "json"])
def test_logs_have_no_token(form, restored_logs, capsys: pytest.CaptureFixture[str]):
    configure_logs(form, "info")

    structlog.get_logger("ours").info("called", url=f"https://api/bot{TOKEN}/getMe")
    logging.getLogger("theirs").warning("failed: %s", OSError(f"/bot{TOKEN}/"))
    try:
        int(TOKEN)
    except ValueError:
        structlog.get_logger("ours").exception("broke", value=ValueError(TOKEN))

    written = capsys.readouterr().err
    assert "called" in written
    assert "broke" in written
    assert "failed" in written
    assert TOKEN.partition(":")[2] not in written


def test_json_logs_are_one_object_a_line(restored_logs, capsys: pytest.CaptureFixture[str]):
    configure_logs("json", "info")

    structlog.get_logger("ours").info("fetched", source=7)
    logging.getLogger("theirs").warning("slow")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["fetched", "slow"]
    assert lines[0]["source"] == 7


def test_logs_are_for_people_in_a_terminal_and_json_elsewhere(
    restored_logs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    configure_logs("auto", "info")
    structlog.get_logger("ours").info("sent", delivery=7)

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    configure_logs("auto", "info")
    structlog.get_logger("ours.other").info("sent", delivery=7, chats=2)
    structlog.get_logger("ours.other").error("failed", delivery=7)

    piped, *shown = capsys.readouterr().err.splitlines()
    plain = [re.sub(r"\x1b\[\d*m", "", line) for line in shown]
    assert json.loads(piped)["delivery"] == 7
    assert shown != plain
    assert [re.sub(r"\d\d:\d\d:\d\d", "TIME", line).split() for line in plain] == [
        ["TIME", "[info", "]", "sent", "chats=2"],
        ["TIME", "[error", "]", "failed", "delivery=7"],
    ]


def test_the_documented_command_finds_the_lines_of_a_delivery():
    if not which("jq"):
        missing("no jq to run the documented command with")
    page = Path("docs/how-to/monitoring.md").read_text(encoding="utf-8")
    command = re.search(r"journalctl -u 'dateline\*' -o cat \| (jq .+)", page)
    assert command
    journal = [
        "Started dateline.service - Dateline.",
        '{"event": "sent", "delivery": 17}',
        '{"event": "sent", "delivery": 18}',
        "17",
        json_line("The first user to open this link becomes one: https://t.me/b?start=admin_x"),
    ]

    program = subprocess.run(
        shlex.split(command[1]),
        input="\n".join(journal),
        text=True,
        capture_output=True,
        check=True,
    )

    assert json.loads(program.stdout) == {"event": "sent", "delivery": 17}
    assert json.loads(journal[-1])["event"].endswith("?start=admin_x")


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ("postgresql://me:secret@host/db", "postgresql://me:…@host/db"),
        ("postgresql://:secret@host/db", "postgresql://:…@host/db"),
        ("postgresql://me:sec@ret@host/db", "postgresql://me:…@host/db"),
        ("postgresql://me:sec/r@et?#@host/db", "postgresql://me:…@host/db"),
        ("postgresql://me@realm:secret@host/db", "postgresql://me@realm:…@host/db"),
        ("postgresql://me:secret@h1:5432,h2:5432/db", "postgresql://me:…@h1:5432,h2:5432/db"),
        ("https://ann:sec@ret@news.example/feed", "https://ann:…@news.example/feed"),
        (f"https://api.example/bot{TOKEN}/getMe", "https://api.example/bot123456:…/getMe"),
        (f"/bot{TOKEN.replace(':', '%3A')}/", "/bot123456%3A…/"),
        (f"/bot{TOKEN.replace(':', '%3a')}/", "/bot123456%3a…/"),
        (f"?to=%2Fbot{TOKEN.replace(':', '%253A')}%2F", "?to=%2Fbot123456%253A…%2F"),
    ],
    ids=[
        *("password", "no user", "@ in password", "slash in password", "@ in user", "two hosts"),
        *("feed", "token", "escaped token", "lower-case escape", "doubly escaped token"),
    ],
)
def test_secrets_in_addresses_are_redacted(text: str, logged: str):
    assert redact(f"cannot reach {text}: gone") == f"cannot reach {logged}: gone"


@pytest.mark.parametrize(
    "harmless",
    [
        "https://news.example:8443/@ann/2026?at=12:30 by ann@news.example",
        "postgresql://me@host:5432/db",
        "sqlite:///var/dateline.sqlite3",
        "12:30 http://[::1]:8081/",
    ],
    ids=["a port and a handle", "a user", "a file", "IPv6"],
)
def test_an_address_without_a_secret_is_shown_whole(harmless: str):
    assert redact(harmless) == harmless


@pytest.mark.parametrize(
    ("key", "text", "logged"),
    [
        pytest.param(
            "source", "https://a.example/feed?t=1#x y", "https://a.example/feed?… y", id="ours"
        ),
        pytest.param(
            "reason", "no https://a.example/t0/feed?t=1, y", "no https://a.example/… y", id="reason"
        ),
        pytest.param("reason", "HTTPS://A.example?t=1", "HTTPS://A.example/…", id="capitals"),
        pytest.param("reason", "'https://a.example/t0'", "'https://a.example/…'", id="quoted"),
        pytest.param("reason", "https://a.example", "https://a.example", id="a host"),
        pytest.param("source", "https://a.example/feed", "https://a.example/feed", id="no query"),
    ],
)
def test_addresses_are_cut_before_a_possible_token(log_lines, key: str, text: str, logged: str):
    structlog.get_logger("ours").warning("failed", **{key: text})

    (line,) = log_lines()
    assert line[key] == logged


def test_errors_and_libraries_show_only_hosts(log_lines):
    url = "https://a.example/feed-token-17/feed"
    logging.getLogger("theirs").warning("failed: %s", url)
    try:
        int(url)
    except ValueError:
        structlog.get_logger("ours").exception("broke")

    theirs, ours = log_lines()
    assert theirs["event"] == "failed: https://a.example/…"
    assert ours["exception"].endswith("base 10: 'https://a.example/…'")


def test_the_newest_errors_are_kept_without_any_secret(restored_logs):
    errors = LastErrors(most=2)
    configure_logs("json", "info", errors)

    structlog.get_logger("ours").warning("slow")
    structlog.get_logger("ours").error("a stage fails", stage="match", reason="no room")
    logging.getLogger("theirs").error("failed: %s", f"/bot{TOKEN}/")
    try:
        int("no number")
    except ValueError:
        structlog.get_logger("ours").exception("a stage failed", stage="send")

    newest, before = (error.text for error in errors.newest())
    assert newest.startswith("a stage failed · send · ValueError: invalid literal")
    assert before == "failed: /bot123456:…/"
