"""The feeds: what happens, who tells it and when, and what each shows of it."""

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from benchmarks.matching.workload import SYLLABLES, Workload
from benchmarks.simulating.shapes import HOURS, NEWS
from benchmarks.soak.clock import Clock
from benchmarks.soak.numbers import DAY, HOUR, Numbers

WEEKEND: Final = 0.6  # of a weekday's news
SATURDAY: Final = 5
TELLERS: Final = (0.6, 0.25, 0.15)  # of an event: one outlet, two or three, up to six
LATEST: Final = 3 * HOUR  # that an outlet follows another
TASTES: Final = 0.05  # of the entries say little, and have a page
_TITLE_WORDS, _TEXT_WORDS = 7, 70


def subject(number: int) -> str:
    """Return the name of a subject, which no other word of the news is like."""
    base = len(SYLLABLES)
    parts = (SYLLABLES[number // base**place % base] for place in range(3))
    return "xa" + "".join(parts) + "ia"


def code(event: int) -> str:
    """Return the word by which an event is known wherever it is told."""
    return f"zq{event}x"


@dataclass(frozen=True, slots=True)
class Entry:
    """*order*: its place among all that its feed has ever shown."""

    order: int
    guid: str
    event: int
    about: int
    teller: int
    published: datetime
    is_excerpt: bool


@dataclass(eq=False)
class Feed:
    """One source: the newest entries, and how often they have changed."""

    number: int
    host: str
    shown: deque[Entry]
    version: int = 0
    served: int = -1
    """The newest entry that anybody was given; -1: nobody has asked yet."""

    @property
    def path(self) -> str:
        return f"/feed/{self.number}"

    @property
    def is_atom(self) -> bool:
        return self.number % 2 == 1

    @property
    def renames(self) -> bool:
        """Whether all guids change whenever anything does."""
        return self.number % 100 == 7


@dataclass(eq=False)
class Press:
    numbers: Numbers
    clock: Clock
    feeds: list[Feed] = field(default_factory=list)
    events: int = 0
    articles: int = 0
    port: int = 0
    """Where the origin is that serves them."""
    _dice: random.Random = field(init=False)
    _words: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.numbers.seed)
        self._words = Workload().words[:20_000]
        for number in range(self.numbers.feeds):
            # A quarter of the hosts have several feeds.
            host = number // 4 * 4 if number % 16 < 8 else number
            shown: deque[Entry] = deque(maxlen=self.numbers.shown)
            self.feeds.append(Feed(number, f"paper{host}.example", shown))
        for feed in self.feeds:
            self._print(feed, self._happens(), self.clock.begins - 6 * HOUR)

    def next_event(self) -> float:
        """Return in how many seconds something happens."""
        now = self.clock.now
        a_day = self.numbers.articles_a_day / _mean_tellers()
        share = NEWS[now.hour] * HOURS * (WEEKEND if now.weekday() >= SATURDAY else 1)
        return self._dice.expovariate(a_day * share / DAY.total_seconds())

    def happen(self) -> Iterator[tuple[float, Feed, tuple[int, int]]]:
        """Yield who tells of something new, each so many seconds from now."""
        event = self._happens()
        tellers = self._dice.sample(self.feeds, min(self._tellers(), len(self.feeds)))
        for order, feed in enumerate(tellers):
            later = self._dice.uniform(0, LATEST.total_seconds()) if order else 0.0
            yield later, feed, event

    def tell(self, feed: Feed, event: tuple[int, int]) -> None:
        self._print(feed, event, self.clock.now)
        self.articles += 1

    def body(self, feed: Feed) -> bytes:
        write = _atom if feed.is_atom else _rss
        base = f"http://{feed.host}:{self.port}"
        entries = "".join(
            write(base, _guid(feed, each), each, self.texts(each)) for each in reversed(feed.shown)
        )
        if feed.is_atom:
            head = '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">'
            named = f"<id>feed:{feed.number}</id><title>Paper {feed.number}</title>"
            return f"{head}{named}{entries}</feed>".encode()
        head = f'<rss version="2.0"><channel><title>Paper {feed.number}</title>'
        about = "<description>Invented</description><language>en</language>"
        link = f"<link>http://{feed.host}/</link>"
        return f"{head}{link}{about}{entries}</channel></rss>".encode()

    def page(self, event: int, about: int, teller: int) -> bytes:
        title, text = self._written(event, about, teller)
        body = "".join(f"<p>{text} {' '.join(self._some(event, n, 40))}.</p>" for n in range(4))
        head = f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        article = f"<main><article><h1>{title}</h1>{body}</article></main>"
        return f"<!doctype html>{head}<body>{article}</body></html>".encode()

    def texts(self, entry: Entry) -> tuple[str, str]:
        title, text = self._written(entry.event, entry.about, entry.teller)
        return title, text[:100] if entry.is_excerpt else text

    def _written(self, event: int, about: int, teller: int) -> tuple[str, str]:
        """Return title and text: outlets tell the same in words of which a few are their own."""
        words = self._some(event, 0, _TITLE_WORDS)
        own = self._some(event, teller + 1, 2)
        title = " ".join([subject(about).capitalize(), *words[:-1], own[0], code(event)])
        text = " ".join([*self._some(event, -1, _TEXT_WORDS), *own, subject(about), code(event)])
        return title, text.capitalize()

    def _some(self, event: int, part: int, count: int) -> list[str]:
        return random.Random(event * 1_009 + part).choices(self._words, k=count)

    def _happens(self) -> tuple[int, int]:
        self.events += 1
        # Some subjects are in the news four times as often as others.
        about = int(self._dice.triangular(0, self.numbers.subjects, 0))
        return self.events, min(about, self.numbers.subjects - 1)

    def _tellers(self) -> int:
        one, few, many = TELLERS
        kind = self._dice.choices((1, 2, 4), (one, few, many))[0]
        return {1: 1, 2: self._dice.randint(2, 3), 4: self._dice.randint(4, 6)}[kind]

    def _print(self, feed: Feed, event: tuple[int, int], moment: datetime) -> None:
        number, about = event
        is_excerpt = self._dice.random() < TASTES
        guid = f"{feed.number}:{number}"
        feed.shown.append(Entry(feed.version, guid, number, about, feed.number, moment, is_excerpt))
        feed.version += 1


def _mean_tellers() -> float:
    one, few, many = TELLERS
    return one + few * 2.5 + many * 5


def _guid(feed: Feed, entry: Entry) -> str:
    return f"{entry.guid}:{feed.version}" if feed.renames else entry.guid


def _link(base: str, entry: Entry) -> str:
    return f"{base}/story/{entry.event}/{entry.about}/{entry.teller}"


def _rss(base: str, guid: str, entry: Entry, texts: tuple[str, str]) -> str:
    title, text = texts
    return (
        f"<item><title>{title}</title><link>{_link(base, entry)}</link>"
        f'<guid isPermaLink="false">{guid}</guid>'
        f"<pubDate>{format_datetime(entry.published)}</pubDate>"
        f"<description><![CDATA[<p>{text}</p>]]></description></item>"
    )


def _atom(base: str, guid: str, entry: Entry, texts: tuple[str, str]) -> str:
    title, text = texts
    return (
        f'<entry><title>{title}</title><link rel="alternate" href="{_link(base, entry)}"/>'
        f"<id>tag:{guid}</id><updated>{entry.published.isoformat()}</updated>"
        f'<summary type="html"><![CDATA[<p>{text}</p>]]></summary></entry>'
    )
