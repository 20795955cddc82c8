"""What stands around a step's calls tells how they ended, and changes nothing about them."""

from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

import pytest

from bot.ops.instrumentation import Seen, Watch
from bot.ops.instrumented_sources import WatchedFetcher, WatchedReader
from bot.sources.feeds.model import Unreadable
from bot.sources.fetch.problems import HostWaits, TimedOut
from bot.sources.fetch.response import Response


class Sees:
    def __init__(self) -> None:
        self.seen: list[Seen] = []

    @contextmanager
    def watch(self, seen: Seen):
        try:
            yield
        finally:
            self.seen.append(seen)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(seen.name, seen.outcome) for seen in self.seen]


class Does:
    """A fetcher and reader that answers with *result*, or raises it."""

    def __init__(self, result: object) -> None:
        self.result = result

    async def fetch(self, *_asked: object, **_more: object) -> Any:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    read = fetch


@pytest.fixture
def sees() -> Sees:
    return Sees()


@pytest.fixture
def watch(sees) -> Watch:
    return Watch([sees])


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        pytest.param(Response(200, "https://a.example/rss", {}, body=b"<rss/>"), "ok", id="new"),
        pytest.param(Response(304, "https://a.example/rss", {}), "unchanged", id="not modified"),
        pytest.param(Response(404, "https://a.example/rss", {}), "missing", id="not there"),
        pytest.param(Response(429, "https://a.example/rss", {}), "busy", id="too often"),
        pytest.param(Response(500, "https://a.example/rss", {}), "server", id="its trouble"),
        pytest.param(TimedOut(), "time_out", id="slow"),
        pytest.param(HostWaits(timedelta(60)), "host_waits", id="not asked"),
    ],
)
async def test_a_fetch_tells_what_kind_of_answer_came(watch, sees, result, outcome):
    fetcher = WatchedFetcher(Does(result), watch, "feed")

    with nullcontext() if isinstance(result, Response) else pytest.raises(type(result)):
        assert await fetcher.fetch("https://a.example/rss?key=hidden") is result

    assert sees.told == [("feed", outcome)]
    assert sees.seen[0].facts == {"host": "a.example"}


async def test_a_document_tells_why_it_cannot_be_read(watch, sees):
    reader = WatchedReader(Does(Unreadable("It is a picture.", "binary")), watch, "page")

    with pytest.raises(Unreadable):
        await reader.read(b"GIF89a", url="https://a.example/1")

    assert sees.told == [("page", "binary")]
