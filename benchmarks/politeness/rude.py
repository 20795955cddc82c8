"""Readers without manners, to see that each rule can be broken. They need no network."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

from benchmarks.politeness.rules import Asked, Reply
from benchmarks.politeness.watch import Watch
from tests.conftest import TurnedClock

MOST_HOPS = 20
STORIES = re.compile(r"http://feeds\.example/story\?n=\d+")
VALIDATORS = {"ETag": "if-none-match", "Last-Modified": "if-modified-since"}


@dataclass
class Rude:
    """Asks everything *every* so often, one right after the other.

    *believes*: whose validators it shows: of the "first" answer, of the "last" one whatever that
    was, or "none". *moves*: at the first redirect of any kind. *patience*: errors before it stops.
    """

    every: timedelta
    believes: str = "none"
    moves: bool = False
    patience: int = 1_000_000
    suffix: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    reads_pages: bool = False
    _shown: dict[str, dict[str, str]] = field(default_factory=dict, init=False)
    _errors: dict[str, int] = field(default_factory=dict, init=False)

    def live(self, watch: Watch, clock: TurnedClock, length: timedelta) -> None:
        end = clock.now + length
        urls = [url for url, _rule, _feed in watch.listed()]
        while clock.now < end:
            urls = [self._visit(watch, clock, url) for url in urls]
            clock.turn(self.every)

    def _visit(self, watch: Watch, clock: TurnedClock, url: str) -> str:
        """Return the address to ask next time."""
        at = url
        if self._errors.get(url, 0) >= self.patience:
            return url
        for _ in range(MOST_HOPS):
            reply = self._ask(watch, clock, at)
            if "Location" not in reply.headers:
                self._errors[url] = self._errors.get(url, 0) + (reply.status >= 400)
                break
            at = urljoin(at, reply.headers["Location"])
        for page in STORIES.findall(reply.body) if self.reads_pages else ():
            self._ask(watch, clock, page)
        return at if self.moves else url

    def _ask(self, watch: Watch, clock: TurnedClock, url: str) -> Reply:
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        path = parts.path + (f"?{parts.query}" if parts.query else "") + self.suffix
        headers = {**self.headers, **self._shown.get(url, {})}
        reply = watch.answer(site, path, headers)
        watch.note(site, Asked(clock.now, clock.now, path, reply.status, "GET", headers))
        self._believe(url, reply)
        return reply

    def _believe(self, url: str, reply: Reply) -> None:
        given = {
            VALIDATORS[name]: reply.headers[name] for name in VALIDATORS.keys() & reply.headers
        }
        if self.believes == "last" or (self.believes == "first" and url not in self._shown):
            self._shown[url] = given


READERS = (
    Rude(
        timedelta(minutes=4),
        headers={"cookie": "id=1", "referer": "http://example.org/", "pragma": "no-cache"},
    ),
    Rude(timedelta(minutes=10), believes="last", suffix="?now"),
    Rude(timedelta(hours=6), believes="first", moves=True),
    Rude(timedelta(minutes=30), patience=3, reads_pages=True),
    Rude(timedelta(days=2), reads_pages=True),
)
