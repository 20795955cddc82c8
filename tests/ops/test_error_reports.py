"""Error reports, sent to a service on this machine, without text from users or articles."""

import asyncio
import logging
import sys
from typing import Any, cast

import pytest
import structlog

from bot.app.stops import StopError
from bot.ops.error_reports import MOST_DIFFERENT, REPEAT_SECONDS, ErrorReporter, error_reports
from bot.ops.logs import configure_logs
from tests.clocks import MonotonicClock
from tests.ops.collector import Collector, collecting

KEY = "0123456789abcdef0123456789abcdef"


class FakeClient:
    """A client that keeps its events, or fails with *error*."""

    def __init__(self, error: Exception | None = None) -> None:
        self.options: dict[str, object] = {}
        self.events: list[object] = []
        self.error = error

    def capture_event(self, event: object) -> None:
        self.events.append(event)
        if self.error:
            raise self.error


def reporter_of(client: FakeClient, clock: MonotonicClock | None = None) -> ErrorReporter:
    return ErrorReporter(cast("Any", client), clock or MonotonicClock())


def error(sentence: str, **facts: object) -> dict[str, object]:
    return {"event": sentence, "level": "error", "logger": "bot.stages", **facts}


def send(reporter: ErrorReporter, *events: dict[str, object]) -> None:
    for event in events:
        assert reporter(None, "", event) is event


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


async def test_a_report_has_event_error_type_traceback_and_ids(logs_as_before):
    def work(dsn: str) -> None:
        with error_reports(dsn) as report:
            configure_logs("json", "info", report=report)
            try:
                fail_for("A" + "nn")
            except ValueError:
                structlog.get_logger("bot.stages").exception(
                    "a stage failed", stage="match", article=17
                )

    async with collecting() as collector:
        await asyncio.to_thread(work, dsn_of(collector))

    (report,) = collector.bodies
    assert b"a stage failed" in report
    assert b"ValueError" in report
    assert b"fail_for" in report
    assert b'"article":"17"' in report
    assert b"Ann wants a ferry" not in report


def test_the_same_error_is_reported_once_in_ten_minutes():
    clock, client = MonotonicClock(), FakeClient()
    reporter = reporter_of(client, clock)

    send(reporter, error("a stage failed", stage="poll"), error("a stage failed", stage="poll"))
    send(reporter, error("a stage failed", stage="send"))
    assert len(client.events) == 2
    clock.now += REPEAT_SECONDS
    send(reporter, error("a stage failed", stage="poll"))

    assert len(client.events) == 3


def test_at_most_twenty_different_errors_are_reported():
    client = FakeClient()
    reporter = reporter_of(client)

    send(reporter, *(error(f"number {number}") for number in range(1000)))

    assert len(client.events) == MOST_DIFFERENT


def test_only_our_own_log_events_are_reported():
    client = FakeClient()
    reporter = reporter_of(client)

    send(reporter, error("Ann's words", _record=object()))

    assert "Ann" not in str(client.events)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(error("x") | {"level": "warning"}, id="a warning"),
        pytest.param(error("x") | {"logger": "urllib3.connectionpool"}, id="of a sending library"),
    ],
)
def test_warnings_and_errors_of_the_sender_are_not_reported(event):
    client = FakeClient()

    send(reporter_of(client), event)

    assert client.events == []


def test_a_failure_of_the_reporter_stops_nothing_and_is_not_reported():
    client = FakeClient(RuntimeError("full"))
    reporter = reporter_of(client)

    send(reporter, error("first"), error("second"))

    assert len(client.events) == 2


def test_an_unreachable_service_delays_nothing():
    with error_reports(f"http://{KEY}@127.0.0.1:1/1") as report:
        assert report is not None
        send(report, error("a stage failed"))


def test_without_the_setting_nothing_is_reported():
    with error_reports(None) as report:
        assert report is None


def test_a_wrong_dsn_is_reported():
    with pytest.raises(StopError, match="ERRORS_URL is no DSN"), error_reports("https://a.example"):
        pass


def test_missing_libraries_are_named_in_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)

    with (
        pytest.raises(StopError, match=r"pip install 'dateline\[errors\]'"),
        error_reports(f"https://{KEY}@errors.example/1"),
    ):
        pass
