"""Instrumentation reports the outcome of operations to observers, and does not change it."""

import asyncio
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest

from bot.ops.instrumentation import FAILED, OK, STOPPED, Instrumentation, Operation
from bot.ops.instrumented_sources import InstrumentedFetcher, InstrumentedReader
from bot.sources.feeds.model import Unreadable
from bot.sources.fetch.problems import FetchError, HostPaused, ProblemCode
from bot.sources.fetch.response import Response
from bot.stages import MATCH, StageRunner
from tests.delivery.conftest import FakeObserver


class FakeFetcher:
    """A fetcher and reader that returns *result* or raises it."""

    def __init__(self, result: object) -> None:
        self.result = result

    async def fetch(self, *_arguments: object, **_options: object) -> Any:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    read = fetch


@pytest.fixture
def recorder() -> FakeObserver:
    return FakeObserver()


@pytest.fixture
def instrumentation(recorder) -> Instrumentation:
    return Instrumentation([recorder])


def test_a_success_is_observed_with_its_name_and_facts(instrumentation, recorder):
    with instrumentation.observe(Operation.SEND, "telegram", edits=1):
        pass

    (observation,) = recorder.seen
    assert (observation.operation, observation.name, observation.outcome) == (
        Operation.SEND,
        "telegram",
        OK,
    )
    assert observation.facts == {"edits": 1}
    assert observation.seconds >= 0


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        pytest.param(ValueError("secret"), FAILED, id="an error"),
        pytest.param(asyncio.CancelledError(), STOPPED, id="a stop"),
    ],
)
def test_an_error_passes_through_and_only_its_kind_is_observed(
    instrumentation, recorder, error, outcome
):
    with pytest.raises(type(error)), instrumentation.observe(Operation.FETCH, "feed"):
        raise error

    (observation,) = recorder.seen
    assert observation.outcome == outcome
    assert "secret" not in f"{observation}"


def test_an_outcome_that_was_set_is_kept(instrumentation, recorder):
    def late() -> None:
        with instrumentation.observe(Operation.FETCH, "feed") as seen:
            seen.outcome = "time_out"
            raise OSError("x")

    with pytest.raises(OSError, match="x"):
        late()

    assert recorder.seen[0].outcome == "time_out"
    assert recorder.seen[0].error == "OSError"


async def test_each_round_of_a_stage_is_observed_with_its_work(instrumentation, recorder):
    stopping, left = asyncio.Event(), [3, 0]

    async def step() -> int:
        done = left.pop(0)
        if not left:
            stopping.set()
        return done

    await StageRunner(MATCH, step, instrumentation=instrumentation).run(stopping)

    assert [(seen.name, seen.outcome, seen.done) for seen in recorder.seen] == [
        ("match", OK, 3),
        ("match", OK, 0),
    ]


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        pytest.param(Response(200, "https://a.example/rss", {}, body=b"<rss/>"), "ok", id="new"),
        pytest.param(Response(304, "https://a.example/rss", {}), "unchanged", id="not modified"),
        pytest.param(Response(404, "https://a.example/rss", {}), "missing", id="not there"),
        pytest.param(Response(429, "https://a.example/rss", {}), "busy", id="too often"),
        pytest.param(Response(500, "https://a.example/rss", {}), "server", id="its error"),
        pytest.param(FetchError(ProblemCode.TIMED_OUT), "time_out", id="slow"),
        pytest.param(HostPaused(timedelta(60)), "host_waits", id="not asked"),
    ],
)
async def test_a_fetch_is_observed_with_the_kind_of_its_response(
    instrumentation, recorder, result, outcome
):
    fetcher = InstrumentedFetcher(FakeFetcher(result), instrumentation, "feed")
    url = "https://a.example/rss?key=hidden"

    with nullcontext() if isinstance(result, Response) else pytest.raises(type(result)):
        assert await fetcher.fetch(url, inside=False, public=True) is result

    assert recorder.outcomes == [("feed", outcome)]
    assert recorder.seen[0].facts == {"host": "a.example"}


async def test_an_unreadable_document_is_observed_with_its_reason(instrumentation, recorder):
    reader = InstrumentedReader(
        FakeFetcher(Unreadable("It is a picture.", "binary")), instrumentation, "page"
    )

    with pytest.raises(Unreadable):
        await reader.read(b"GIF89a", url="https://a.example/1", public=True)

    assert recorder.outcomes == [("page", "binary")]
