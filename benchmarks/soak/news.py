"""The news: events, the publishers that report them, and the feeds that list the reports."""

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from benchmarks.ingest.feeds import FeedEntry, write_feed
from benchmarks.match.workload import SYLLABLES, word
from benchmarks.simulate.shapes import HOURS, NEWS
from benchmarks.skipping_clock import Clock
from benchmarks.soak.numbers import DAY, HOUR, Numbers

WEEKEND: Final = 0.6  # of a weekday's news
SATURDAY: Final = 5
REPORTS: Final = (0.6, 0.25, 0.15)  # shares of events with one report, two or three, up to six
MEAN_REPORTS: Final = REPORTS[0] + REPORTS[1] * 2.5 + REPORTS[2] * 5
LATEST: Final = 3 * HOUR  # by which a report follows the first one
EXCERPTS: Final = 0.05  # of the entries are short and have a page
_TITLE_WORDS, _TEXT_WORDS = 7, 70
_VOCABULARY: Final = 20_000


def subject(number: int) -> str:
    """Return the name of a subject, which resembles no other word of the news."""
    base = len(SYLLABLES)
    parts = (SYLLABLES[number // base**position % base] for position in range(3))
    return "xa" + "".join(parts) + "ia"


def code(event: int) -> str:
    """Return the word that identifies an event in all of its reports."""
    return f"zq{event}x"


@dataclass(frozen=True, slots=True)
class Report:
    """*order*: its position among all reports of its feed."""

    order: int
    guid: str
    event: int
    about: int
    publisher: int
    published_at: datetime
    is_excerpt: bool


@dataclass(eq=False)
class Feed:
    """*version* counts its changes; *served* is the newest order that was served, -1 for none."""

    number: int
    host: str
    reports: deque[Report]
    version: int = 0
    served: int = -1

    @property
    def path(self) -> str:
        return f"/feed/{self.number}"

    @property
    def changes_guids(self) -> bool:
        """Whether each change of the feed changes all guids."""
        return self.number % 100 == 7


@dataclass(eq=False)
class News:
    numbers: Numbers
    clock: Clock
    feeds: list[Feed] = field(default_factory=list)
    events: int = 0
    articles: int = 0
    _dice: random.Random = field(init=False)
    _words: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.numbers.seed)
        self._words = [word(rank) for rank in range(_VOCABULARY)]
        for number in range(self.numbers.feeds):
            # A quarter of the hosts have several feeds.
            host = number // 4 * 4 if number % 16 < 8 else number
            reports: deque[Report] = deque(maxlen=self.numbers.listed)
            self.feeds.append(Feed(number, f"paper{host}.example", reports))
        for feed in self.feeds:
            self._add(feed, self._new_event(), self.clock.begins - 6 * HOUR)

    def seconds_to_next_event(self) -> float:
        now = self.clock.now
        events_a_day = self.numbers.articles_a_day / MEAN_REPORTS
        share = NEWS[now.hour] * HOURS * (WEEKEND if now.weekday() >= SATURDAY else 1)
        return self._dice.expovariate(events_a_day * share / DAY.total_seconds())

    def happen(self) -> Iterator[tuple[float, Feed, tuple[int, int]]]:
        """Yield the feeds that report a new event, each with its delay in seconds."""
        event = self._new_event()
        publishers = self._dice.sample(self.feeds, min(self._count_reports(), len(self.feeds)))
        for order, feed in enumerate(publishers):
            delay = self._dice.uniform(0, LATEST.total_seconds()) if order else 0.0
            yield delay, feed, event

    def report(self, feed: Feed, event: tuple[int, int]) -> None:
        self._add(feed, event, self.clock.now)
        self.articles += 1

    def body(self, feed: Feed) -> bytes:
        entries = [self._entry(feed, report) for report in reversed(feed.reports)]
        return write_feed(feed.number, entries, is_atom=feed.number % 2 == 1)

    def page(self, event: int, about: int, publisher: int) -> bytes:
        title, text = self._texts(event, about, publisher)
        parts = [f"<p>{text} {' '.join(self._draw(event, n, 40))}.</p>" for n in range(4)]
        head = f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        article = f"<main><article><h1>{title}</h1>{''.join(parts)}</article></main>"
        return f"<!doctype html>{head}<body>{article}</body></html>".encode()

    def _entry(self, feed: Feed, report: Report) -> FeedEntry:
        title, text = self._texts(report.event, report.about, report.publisher)
        story = f"{report.event}/{report.about}/{report.publisher}"
        return FeedEntry(
            title=title,
            url=f"http://{feed.host}/story/{story}",
            guid=f"{report.guid}:{feed.version}" if feed.changes_guids else report.guid,
            published_at=report.published_at,
            html=f"<p>{text[:100] if report.is_excerpt else text}</p>",
        )

    def _texts(self, event: int, about: int, publisher: int) -> tuple[str, str]:
        """Return title and text, which publishers share except for a few words of their own."""
        words, own = self._draw(event, 0, _TITLE_WORDS), self._draw(event, publisher + 1, 2)
        title = " ".join([subject(about).capitalize(), *words[:-1], own[0], code(event)])
        text = " ".join([*self._draw(event, -1, _TEXT_WORDS), *own, subject(about), code(event)])
        return title, text.capitalize()

    def _draw(self, event: int, part: int, count: int) -> list[str]:
        return random.Random(event * 1_009 + part).choices(self._words, k=count)

    def _new_event(self) -> tuple[int, int]:
        """Return an event and its subject; some subjects are drawn four times as often."""
        self.events += 1
        about = int(self._dice.triangular(0, self.numbers.subjects, 0))
        return self.events, min(about, self.numbers.subjects - 1)

    def _count_reports(self) -> int:
        least = self._dice.choices((1, 2, 4), REPORTS)[0]
        return {1: 1, 2: self._dice.randint(2, 3), 4: self._dice.randint(4, 6)}[least]

    def _add(self, feed: Feed, event: tuple[int, int], published_at: datetime) -> None:
        number, about = event
        is_excerpt = self._dice.random() < EXCERPTS
        guid = f"{feed.number}:{number}"
        feed.reports.append(
            Report(feed.version, guid, number, about, feed.number, published_at, is_excerpt)
        )
        feed.version += 1
