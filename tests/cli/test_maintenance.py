"""`dateline maintenance`, through the command itself."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from bot.subscribers.maintenance import BadMaintenanceError, read_end

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def run(dateline):
    return lambda *arguments: dateline("maintenance", *arguments)


def test_a_maintenance_is_begun_shown_and_ended(run, dateline):
    until = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)

    begun = run("on", "--until", until.isoformat(), "--message", "A new disk.")
    shown = json.loads(run("--json").output)
    said = run().output
    found = dateline("doctor", "--quick").output
    ended = [run("off").output, run("off").output]

    assert begun.output.startswith("Maintenance mode is on until ")
    assert (shown["on"], shown["message"]) == (True, "A new disk.")
    assert datetime.fromisoformat(shown["until"]) == until
    assert "Maintenance mode is on until" in said
    assert "[process.maintenance]" in found
    assert ended == ["Maintenance mode is off.\n", "Maintenance mode was off already.\n"]
    assert json.loads(run("--json").output) == {"on": False, "until": None, "message": ""}
    audited = [json.loads(line) for line in dateline("audit", "--json").output.splitlines()]
    assert [event["action"] for event in audited] == ["maintenance off", "maintenance on"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--until", "soon"], "“soon” is no time. Write one such as 10:00", id="words"),
        pytest.param(["--until", "2020-01-01T10:00Z"], "is past. Name a time to come", id="past"),
        pytest.param(["--until", "2999-01-01T10:00Z"], "more than 7 days away", id="far away"),
        pytest.param(["--until", "10:00", "--message", "x" * 301], "at most 300", id="long"),
    ],
)
def test_a_wrong_end_or_message_is_refused_with_what_to_do(run, arguments, said):
    result = run("on", *arguments)

    assert (result.exit_code, said in result.stderr) == (2, True)
    assert json.loads(run("--json").output)["on"] is False


@pytest.fixture
def in_utc(monkeypatch):
    """Set this machine's zone, whatever it was."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        pytest.param("15:00", 3, id="today"),
        pytest.param("11:00", 23, id="tomorrow"),
        pytest.param("12:00", 24, id="now means tomorrow"),
        pytest.param("2026-03-02T15:00+01:00", 2, id="in another zone"),
    ],
)
def test_a_time_is_the_next_one_on_this_machine(in_utc, text, hours):
    assert read_end(text, NOW) == NOW + timedelta(hours=hours)


def test_a_timestamp_after_the_last_year_is_refused():
    with pytest.raises(BadMaintenanceError, match="is no time"):
        read_end("9999-12-31T23:59:59-23:00", NOW)
