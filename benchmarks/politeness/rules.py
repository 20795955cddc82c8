"""What a rule is: feeds with certain responses, and a check of the requests for them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from tests.sources.feeds_made import item, rss

# For feeds whose rules are not about intervals.
SIX_HOURS = {"Cache-Control": "max-age=21600"}


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A request; *at*: when it arrived, *until*: when its response was sent."""

    at: datetime
    until: datetime
    path: str
    status: int
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """What the response depends on: `number` counts the requests for the path, from 1."""

    at: datetime
    since_first: timedelta
    number: int
    site: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    closes: bool = False
    """Closes the connection without a response."""


@dataclass(frozen=True, slots=True)
class Feed:
    respond: Callable[[FeedRequest], Response]
    path: str = "/feed.xml"
    is_listed: bool = True
    """Whether the reader subscribes to it; it finds the others."""
    every_minutes: int | None = None
    """The interval that the reader's owner sets, if any."""


@dataclass(frozen=True, slots=True)
class Record:
    """All requests of one rule, in order, and the end of the record."""

    requests: tuple[LoggedRequest, ...]
    ended: datetime

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def of(self, path: str) -> tuple[LoggedRequest, ...]:
        return tuple(request for request in self.requests if request.path == path)

    def gaps(
        self, path: str = "/feed.xml"
    ) -> Iterator[tuple[LoggedRequest, LoggedRequest, timedelta]]:
        for before, after in pairwise(self.of(path)):
            yield before, after, after.at - before.at


class Mark(StrEnum):
    KEPT = "kept"
    BROKEN = "broken"
    UNSEEN = "not seen yet"


@dataclass(frozen=True, slots=True)
class Rule:
    """*violations* yields a sentence for each violation."""

    name: str
    text: str
    feeds: tuple[Feed, ...]
    violations: Callable[[Record], Iterable[str]]
    min_requests: int = 3
    """With fewer there is no verdict."""


@dataclass(frozen=True, slots=True)
class Verdict:
    rule: Rule
    mark: Mark
    requests: int
    violations: tuple[str, ...] = ()


def judge(rule: Rule, record: Record) -> Verdict:
    violations = tuple(rule.violations(record)) if record.requests else ()
    seen = len(record.requests) >= rule.min_requests
    mark = Mark.BROKEN if violations else Mark.KEPT if seen else Mark.UNSEEN
    return Verdict(rule, mark, len(record.requests), violations)


def feed_body(extra: str = "", edition: int = 0) -> str:
    """Return a feed of three undated entries, which suggest no interval."""
    return rss((item(edition + number) for number in (3, 2, 1)), extra)


def constant(extra: str = "", **headers: str) -> Callable[[FeedRequest], Response]:
    """Return a responder that is always the same; underscores in names become hyphens."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    response = Response(body=feed_body(extra), headers=names)
    return lambda _request: response


def at_least(record: Record, least: timedelta, path: str = "/feed.xml") -> Iterator[str]:
    for _before, after, gap in record.gaps(path):
        if gap < least:
            yield f"requested again after {gap}, not {least} (at {after.at})"


def at_most(record: Record, most: timedelta, path: str = "/feed.xml") -> Iterator[str]:
    """Report each longer pause, including one at the end."""
    moments = [request.at for request in record.of(path)]
    for before, after in pairwise([*moments, record.ended]):
        if after - before > most:
            yield f"not requested for {after - before} since {before}"
