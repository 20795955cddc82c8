"""A server of all feeds, in a process of its own whose CPU does not count.

    python -m benchmarks.ingest.farm GROWS_EVERY EXCERPTS [FOLDER]

It prints its port and ends with its input. `/version/2` sets the version of all feeds; if
GROWS_EVERY is not 0, a feed lists its next version each so many requests instead. EXCERPTS: 1 for
short entries with pages, else 0. FOLDER: serve the captured feeds in it instead of invented ones.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from benchmarks.http_server import Headers, response, serve
from benchmarks.ingest.captured import CapturedFeeds
from benchmarks.ingest.feeds import Feeds, etag
from benchmarks.processes import running_server

_CACHED = {"Cache_Control": "max-age=60", "Server": "farm"}


class Farm:
    def __init__(self, feeds: Feeds | CapturedFeeds, grows_every: int = 0) -> None:
        self.version = 0
        self._feeds = feeds
        self._grows_every = grows_every
        self._requests: Counter[int] = Counter()

    def respond(self, path: str, headers: Headers) -> bytes:
        _, kind, number, *entry = path.split("/")
        if kind == "version":
            self.version = int(number)
            return response("204 No Content")
        feed = int(number)
        if entry and isinstance(self._feeds, Feeds):
            page = self._feeds.page(feed, int(entry[0]))
            return response("200 OK", page, "text/html; charset=utf-8", **_CACHED)
        version = self.version
        if self._grows_every:
            version = (self._requests[feed] + feed) // self._grows_every  # not all at once
            self._requests[feed] += 1
        tag = etag(feed, version)
        if tag == headers.get("if-none-match"):
            return response("304 Not Modified", ETag=tag, **_CACHED)
        body = self._feeds.body(feed, version)
        return response("200 OK", body, "application/xml; charset=utf-8", ETag=tag, **_CACHED)


@dataclass(frozen=True, slots=True)
class RunningFarm:
    pid: int
    port: int

    def set_version(self, version: int) -> None:
        with urlopen(f"http://127.0.0.1:{self.port}/version/{version}"):
            pass


@contextmanager
def running_farm(
    grows_every: int = 0, *, excerpts: bool = False, captured: str | None = None
) -> Iterator[RunningFarm]:
    arguments = [str(grows_every), str(int(excerpts)), *filter(None, [captured])]
    with running_server(__name__, *arguments) as (pid, port):
        yield RunningFarm(pid, port)


def main() -> None:
    grows_every, excerpts, *folder = sys.argv[1:]
    feeds = CapturedFeeds(Path(folder[0])) if folder else Feeds(excerpts=excerpts == "1")
    asyncio.run(serve(Farm(feeds, int(grows_every)).respond))


if __name__ == "__main__":
    main()
