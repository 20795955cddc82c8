import json
import logging

import pytest
import structlog

from bot.logs import LastErrors, configure_logs, redact

TOKEN = "123456:AAabcdefghijklmnopqrstuvwxyz0123456"


@pytest.fixture
def restored_logs():
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_token_stands_in_a_log(form, restored_logs, capsys: pytest.CaptureFixture[str]):
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


def test_the_password_of_a_database_is_not_shown():
    assert redact("postgresql://me:secret@host/db") == "postgresql://me:…@host/db"


def test_the_newest_errors_are_kept_without_any_secret(restored_logs):
    errors = LastErrors(most=2)
    configure_logs("json", "info", errors)

    structlog.get_logger("ours").warning("slow")
    structlog.get_logger("ours").error("a step fails", step="match", reason="no room")
    logging.getLogger("theirs").error("failed: %s", f"/bot{TOKEN}/")
    try:
        int("no number")
    except ValueError:
        structlog.get_logger("ours").exception("a step failed", step="send")

    newest, before = (each.text for each in errors.newest())
    assert newest.startswith("a step failed · send · ValueError: invalid literal")
    assert before == "failed: /bot123456:…/"
