"""Errors, told to whoever takes them on this machine; nothing of what people or articles say."""

import asyncio
import logging
import sys

import pytest
import structlog

from bot.app.stops import StopError
from bot.ops.error_reports import AGAIN_SECONDS, MOST_AT_ONCE, Reporting, reporting
from bot.ops.logs import configure_logs
from tests.ops.collector import Collector, collecting

KEY = "0123456789abcdef0123456789abcdef"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Takes:
    """A client that keeps what it is told, or fails at it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.options: dict[str, object] = {}
        self.told: list[object] = []
        self.error = error

    def capture_event(self, event: object) -> None:
        self.told.append(event)
        if self.error:
            raise self.error


def error(sentence: str, **facts: object) -> dict[str, object]:
    return {"event": sentence, "level": "error", "logger": "bot.stages", **facts}


def tells(reporting: Reporting, *events: dict[str, object]) -> None:
    for event in events:
        assert reporting(None, "", event) is event


@pytest.fixture
def logs_as_before():
    root = logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


def dsn_of(collector: Collector) -> str:
    return collector.base.replace("http://", f"http://{KEY}@") + "/1"


def fail_for(who: str) -> None:
    raise ValueError(f"{who} wants a ferry")


async def test_an_error_is_told_by_sentence_kind_lines_and_ids(logs_as_before):
    def work(dsn: str) -> None:
        with reporting(dsn) as report:
            configure_logs("json", "info", report=report)
            try:
                fail_for("A" + "nn")
            except ValueError:
                structlog.get_logger("bot.stages").exception(
                    "a step failed", step="match", article=17
                )

    async with collecting() as collector:
        await asyncio.to_thread(work, dsn_of(collector))

    (told,) = collector.bodies
    assert b"a step failed" in told
    assert b"ValueError" in told
    assert b"fail_for" in told
    assert b'"article":"17"' in told
    assert b"Ann wants a ferry" not in told


def test_the_same_is_told_once_in_a_while():
    clock, client = Clock(), Takes()
    telling = Reporting(client, clock)  # type: ignore[arg-type]

    tells(telling, error("a step failed", step="poll"), error("a step failed", step="poll"))
    tells(telling, error("a step failed", step="send"))
    assert len(client.told) == 2
    clock.now += AGAIN_SECONDS
    tells(telling, error("a step failed", step="poll"))

    assert len(client.told) == 3


def test_a_storm_of_errors_is_told_in_part():
    client = Takes()
    telling = Reporting(client, Clock())  # type: ignore[arg-type]

    tells(telling, *(error(f"number {number}") for number in range(1000)))

    assert len(client.told) == MOST_AT_ONCE


def test_only_our_own_sentences_are_told():
    client = Takes()
    telling = Reporting(client, Clock())  # type: ignore[arg-type]

    tells(telling, error("Ann's words", _record=object()))

    assert "Ann" not in str(client.told)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(error("x") | {"level": "warning"}, id="a warning"),
        pytest.param(error("x") | {"logger": "urllib3.connectionpool"}, id="of the way there"),
    ],
)
def test_what_is_no_error_or_comes_of_the_telling_is_not_told(event):
    client = Takes()

    tells(Reporting(client, Clock()), event)  # type: ignore[arg-type]

    assert client.told == []


def test_what_goes_wrong_in_telling_stops_nothing_and_does_not_tell_itself():
    client = Takes(RuntimeError("full"))
    telling = Reporting(client, Clock())  # type: ignore[arg-type]

    tells(telling, error("first"), error("second"))

    assert len(client.told) == 2


def test_a_collector_that_is_away_holds_up_nothing():
    with reporting(f"http://{KEY}@127.0.0.1:1/1") as report:
        assert report is not None
        tells(report, error("a step failed"))


def test_without_the_setting_nothing_is_told():
    with reporting(None) as report:
        assert report is None


def test_what_is_no_dsn_is_said_so():
    with pytest.raises(StopError, match="ERRORS_URL is wrong"), reporting("https://a.example"):
        pass


def test_what_is_not_installed_is_said_in_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)

    with (
        pytest.raises(StopError, match=r"pip install 'dateline\[errors\]'"),
        reporting(f"https://{KEY}@errors.example/1"),
    ):
        pass
