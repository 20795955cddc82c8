"""Made-up feeds, the same at every run: RSS and Atom in turn, 24 entries, newest first.

A feed's next version has two new entries on top. A text has about 450 characters, a few of them
outside ASCII, and never so few that a page is asked for; no two are alike. Every tenth entry
names `PLANTED`. With *excerpts* a text is only its first words, and its link leads to a page.
"""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import accumulate
from typing import Final, TypeAlias

from benchmarks.matching.workload import VOCABULARY, Workload

SHOWN: Final = 24
NEW: Final = 2  # in each version but the first
PLANTED: Final = "consul-general"
PLANTED_EVERY: Final = 10
_TASTE: Final = 120  # characters
_APART: Final = timedelta(minutes=10)
_FIRST: Final = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)
_WORDS: Final = 64
_LENGTH: Final = 430  # characters of words in a text
_WEIGHTS: Final = list(accumulate(1 / (rank + 10) for rank in range(VOCABULARY)))

Entry: TypeAlias = tuple[int, str, str, str]  # number, title, text and address


class Feeds:
    def __init__(self, *, excerpts: bool = False) -> None:
        self._words = Workload().words
        self._excerpts = excerpts

    def body(self, feed: int, version: int) -> bytes:
        newest = version * NEW + SHOWN - 1
        numbers = range(newest, newest - SHOWN, -1)
        write = _atom if feed % 2 else _rss
        return write(feed, [self._entry(feed, n) for n in numbers]).encode()

    def page(self, feed: int, number: int) -> bytes:
        """The page of an entry: its text, and as much again four times."""
        title, text = self._texts(feed, number)
        rest = "".join(self._texts(feed, -9 * number - n)[1] for n in range(1, 5))
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f"</head><body><main><article><h1>{title}</h1>{text}{rest}</article></main></body></html>"
        ).encode()

    def _entry(self, feed: int, number: int) -> Entry:
        title, text = self._texts(feed, number)
        if self._excerpts:
            return number, title, f"{text[:_TASTE]}</p>", f"/page/{feed}/{number}"
        address = f"https://news{feed}.example/2026/story-{number}.html"
        return number, title, text, address

    def _texts(self, feed: int, number: int) -> tuple[str, str]:
        rng = random.Random(feed * 1_000_003 + number)
        words = rng.choices(self._words, cum_weights=_WEIGHTS, k=_WORDS)
        if number >= 0 and is_planted(feed, number):
            words[12] = PLANTED
        return " ".join(words[:9]).capitalize(), _text(words[9:])


def is_planted(feed: int, number: int) -> bool:
    return (feed + number) % PLANTED_EVERY == 0


def planted(feeds: int, versions: int) -> int:
    """How many of the entries of *feeds* in their first *versions* name `PLANTED`."""
    numbers = range(SHOWN + NEW * (versions - 1))
    return sum(is_planted(feed, number) for feed in range(feeds) for number in numbers)


def etag(feed: int, version: int) -> str:
    return f'"{feed}-{version}"'


def _text(words: list[str]) -> str:
    while sum(map(len, words)) + len(words) < _LENGTH:
        words.append(words[len(words) // 3])
    half = len(words) // 2
    first, second = " ".join(words[:half]), " ".join(words[half:])
    return f"<p>{first} \N{EM DASH} said.</p><p>{second} caf\xe9 &amp; so on.</p>"


def _rss(feed: int, entries: list[Entry]) -> str:
    items = "".join(
        f"<item><title>{title}</title><link>{address}</link>"
        f'<guid isPermaLink="false">{feed}:{n}</guid>'
        f"<pubDate>{format_datetime(_moment(n))}</pubDate><description><![CDATA[{text}]]></description></item>"
        for n, title, text, address in entries
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>Feed {feed}</title><link>https://news{feed}.example/</link>"
        f"<description>Invented</description><language>en</language>{items}</channel></rss>"
    )


def _atom(feed: int, entries: list[Entry]) -> str:
    items = "".join(
        f'<entry><title>{title}</title><link rel="alternate" href="{address}"/>'
        f"<id>tag:{feed}:{n}</id><updated>{_moment(n).isoformat()}</updated>"
        f'<summary type="html"><![CDATA[{text}]]></summary></entry>'
        for n, title, text, address in entries
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        f'xml:lang="en"><title>Feed {feed}</title><id>feed:{feed}</id>{items}</feed>'
    )


def _moment(number: int) -> datetime:
    return _FIRST + number * _APART
