"""Readers that break every rule, without a network."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

from benchmarks.politeness.rules import LoggedRequest, Response
from benchmarks.politeness.server import Recorder
from tests.conftest import TurnedClock

MAX_REDIRECTS = 20
STORIES = re.compile(r"http://feeds\.example/story\?n=\d+")
VALIDATORS = {"ETag": "if-none-match", "Last-Modified": "if-modified-since"}


@dataclass
class RudeReader:
    """Reads all feeds at once, *every* so often.

    *validators*: of which response it sends them: "first", "last" (of any status) or "none".
    *moves*: at any redirect. *max_errors*: it stops after that many.
    """

    every: timedelta
    validators: str = "none"
    moves: bool = False
    max_errors: int = 1_000_000
    suffix: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    reads_pages: bool = False
    _validators: dict[str, dict[str, str]] = field(default_factory=dict, init=False)
    _errors: dict[str, int] = field(default_factory=dict, init=False)

    def run(self, recorder: Recorder, clock: TurnedClock, length: timedelta) -> None:
        end = clock.now + length
        urls = [url for url, _rule, _feed in recorder.listed()]
        while clock.now < end:
            urls = [self._read(recorder, clock, url) for url in urls]
            clock.turn(self.every)

    def _read(self, recorder: Recorder, clock: TurnedClock, url: str) -> str:
        """Read a feed; return the URL for the next time."""
        at = url
        if self._errors.get(url, 0) >= self.max_errors:
            return url
        for _ in range(MAX_REDIRECTS):
            response = self._fetch(recorder, clock, at)
            if "Location" not in response.headers:
                self._errors[url] = self._errors.get(url, 0) + (response.status >= 400)
                break
            at = urljoin(at, response.headers["Location"])
        for page in STORIES.findall(response.body) if self.reads_pages else ():
            self._fetch(recorder, clock, page)
        return at if self.moves else url

    def _fetch(self, recorder: Recorder, clock: TurnedClock, url: str) -> Response:
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        path = parts.path + (f"?{parts.query}" if parts.query else "") + self.suffix
        headers = {**self.headers, **self._validators.get(url, {})}
        response = recorder.respond(site, path, headers)
        request = LoggedRequest(clock.now, clock.now, path, response.status, "GET", headers)
        recorder.record(site, request)
        if self.validators == "last" or (
            self.validators == "first" and url not in self._validators
        ):
            given = VALIDATORS.keys() & response.headers
            self._validators[url] = {VALIDATORS[name]: response.headers[name] for name in given}
        return response


READERS = (
    RudeReader(
        timedelta(minutes=4),
        headers={"cookie": "id=1", "referer": "http://example.org/", "pragma": "no-cache"},
    ),
    RudeReader(timedelta(minutes=10), validators="last", suffix="?now"),
    RudeReader(timedelta(hours=6), validators="first", moves=True),
    RudeReader(timedelta(minutes=30), max_errors=3, reads_pages=True),
    RudeReader(timedelta(days=2), reads_pages=True),
)
