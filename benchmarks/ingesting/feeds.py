"""Made-up feeds, the same at every run: RSS and Atom in turn, 24 entries, newest first.

A feed's next version has two new entries on top. A text has about 450 characters, a few of them
outside ASCII, and never so few that a page is asked for; no two are alike. Every tenth entry
names `PLANTED`.
"""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import accumulate
from typing import Final

from benchmarks.matching.workload import VOCABULARY, Workload

SHOWN: Final = 24
NEW: Final = 2  # in each version but the first
PLANTED: Final = "consul-general"
PLANTED_EVERY: Final = 10
_APART: Final = timedelta(minutes=10)
_FIRST: Final = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)
_WORDS: Final = 64
_LENGTH: Final = 430  # characters of words in a text
_WEIGHTS: Final = list(accumulate(1 / (rank + 10) for rank in range(VOCABULARY)))


class Feeds:
    def __init__(self) -> None:
        self._words = Workload().words

    def body(self, feed: int, version: int) -> bytes:
        newest = version * NEW + SHOWN - 1
        numbers = range(newest, newest - SHOWN, -1)
        write = _atom if feed % 2 else _rss
        return write(feed, [(n, *self._texts(feed, n)) for n in numbers]).encode()

    def _texts(self, feed: int, number: int) -> tuple[str, str]:
        rng = random.Random(feed * 1_000_003 + number)
        words = rng.choices(self._words, cum_weights=_WEIGHTS, k=_WORDS)
        if is_planted(feed, number):
            words[20] = PLANTED
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


def _rss(feed: int, entries: list[tuple[int, str, str]]) -> str:
    items = "".join(
        f"<item><title>{title}</title><link>{_address(feed, n)}</link>"
        f'<guid isPermaLink="false">{feed}:{n}</guid>'
        f"<pubDate>{format_datetime(_moment(n))}</pubDate><description><![CDATA[{text}]]></description></item>"
        for n, title, text in entries
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>Feed {feed}</title><link>https://news{feed}.example/</link>"
        f"<description>Invented</description><language>en</language>{items}</channel></rss>"
    )


def _atom(feed: int, entries: list[tuple[int, str, str]]) -> str:
    items = "".join(
        f'<entry><title>{title}</title><link rel="alternate" href="{_address(feed, n)}"/>'
        f"<id>tag:{feed}:{n}</id><updated>{_moment(n).isoformat()}</updated>"
        f'<summary type="html"><![CDATA[{text}]]></summary></entry>'
        for n, title, text in entries
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        f'xml:lang="en"><title>Feed {feed}</title><id>feed:{feed}</id>{items}</feed>'
    )


def _address(feed: int, number: int) -> str:
    return f"https://news{feed}.example/2026/story-{number}.html"


def _moment(number: int) -> datetime:
    return _FIRST + number * _APART
