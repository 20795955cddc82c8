"""What a rule is: feeds that answer in their own way, and a judge of how they were asked."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from tests.sources.feeds_made import item, rss

# Rules that are about something else have feeds that want to be asked every six hours.
CALM = {"Cache-Control": "max-age=21600"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the server saw it: when it came, and when its answer had left."""

    at: datetime
    until: datetime
    path: str
    status: int
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case


@dataclass(frozen=True, slots=True)
class Visit:
    """What a feed may look at to choose its answer.

    `since`: the first request of its rule. `number`: the how-manieth request of this path, from 1.
    """

    at: datetime
    since: timedelta
    number: int
    base: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs_up: bool = False
    """Close the connection without a word."""


@dataclass(frozen=True, slots=True)
class Feed:
    answer: Callable[[Visit], Reply]
    path: str = "/feed.xml"
    listed: bool = True
    """Whether a reader is told of it; others it finds."""
    every_minutes: int | None = None
    """How often the reader's owner wants it read; None: as the reader likes."""


@dataclass(frozen=True, slots=True)
class Record:
    """All requests of one rule, in order, and the moment up to which it was watched."""

    asked: tuple[Asked, ...]
    ended: datetime

    def of(self, path: str) -> tuple[Asked, ...]:
        return tuple(one for one in self.asked if one.path == path)

    def gaps(self, path: str = "/feed.xml") -> Iterator[tuple[Asked, Asked, timedelta]]:
        for before, after in pairwise(self.of(path)):
            yield before, after, after.at - before.at


class Mark(StrEnum):
    KEPT = "kept"
    BROKEN = "broken"
    UNSEEN = "not seen yet"


@dataclass(frozen=True, slots=True)
class Rule:
    """*complaints* yields a sentence for each time that it was broken."""

    name: str
    says: str
    feeds: tuple[Feed, ...]
    complaints: Callable[[Record], Iterable[str]]
    fewest: int = 3
    """Requests without which nothing can be said."""


@dataclass(frozen=True, slots=True)
class Verdict:
    rule: Rule
    mark: Mark
    requests: int
    complaints: tuple[str, ...] = ()


def judged(rule: Rule, record: Record) -> Verdict:
    complaints = tuple(rule.complaints(record)) if record.asked else ()
    seen = len(record.asked) >= rule.fewest
    mark = Mark.BROKEN if complaints else Mark.KEPT if seen else Mark.UNSEEN
    return Verdict(rule, mark, len(record.asked), complaints)


def feed_body(extra: str = "", edition: int = 0) -> str:
    """Return a feed of three undated entries, which tell nothing about its rhythm."""
    return rss((item(edition + number) for number in (3, 2, 1)), extra)


def plain(extra: str = "", **headers: str) -> Callable[[Visit], Reply]:
    """Return an answer that is always the same; underscores in names stand for hyphens."""
    reply = Reply(body=feed_body(extra), headers=named(headers))
    return lambda _visit: reply


def named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def at_least(record: Record, least: timedelta, path: str = "/feed.xml") -> Iterator[str]:
    for _before, after, gap in record.gaps(path):
        if gap < least:
            yield f"asked again after {gap}, not {least} (at {after.at})"


def at_most(record: Record, most: timedelta, path: str = "/feed.xml") -> Iterator[str]:
    """Complain of each longer pause, the one that is still going on included."""
    moments = [one.at for one in record.of(path)]
    for before, after in pairwise([*moments, record.ended]):
        if after - before > most:
            yield f"not asked for {after - before} since {before}"
