"""Invented feeds, the same in every run: RSS and Atom in turn, 24 entries, newest first.

The next version of a feed has two new entries on top. Each text is different, has a few characters
outside ASCII, and is long enough, with 450 characters, that its page is not fetched. Every tenth
entry has the word `PLANTED`. With *excerpts* a text has only a few words, and a page.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

from benchmarks.match.workload import Workload

SHOWN: Final = 24
NEW: Final = 2  # in each version but the first
PLANTED: Final = "consul-general"
PLANTED_EVERY: Final = 10
_EXCERPT: Final = 120  # characters
APART: Final = timedelta(minutes=10)
FIRST: Final = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)
_WORDS: Final = 64
_LENGTH: Final = 430  # characters of words in a text


@dataclass(frozen=True, slots=True)
class FeedEntry:
    title: str
    url: str
    guid: str
    published_at: datetime
    html: str


class Feeds:
    def __init__(self, *, excerpts: bool = False) -> None:
        self._workload = Workload()
        self._excerpts = excerpts

    def body(self, feed: int, version: int) -> bytes:
        newest = version * NEW + SHOWN - 1
        numbers = range(newest, newest - SHOWN, -1)
        entries = [self._entry(feed, number) for number in numbers]
        return write_feed(feed, entries, is_atom=feed % 2 == 1)

    def page(self, feed: int, number: int) -> bytes:
        """Return the page of an entry, with five times its text."""
        title, text = self._texts(feed, number)
        rest = "".join(self._texts(feed, -9 * number - n)[1] for n in range(1, 5))
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f"</head><body><main><article><h1>{title}</h1>{text}{rest}</article></main></body></html>"
        ).encode()

    def _entry(self, feed: int, number: int) -> FeedEntry:
        title, text = self._texts(feed, number)
        url = f"https://news{feed}.example/2026/story-{number}.html"
        if self._excerpts:
            text, url = f"{text[:_EXCERPT]}</p>", f"/page/{feed}/{number}"
        return FeedEntry(title, url, f"{feed}:{number}", FIRST + number * APART, text)

    def _texts(self, feed: int, number: int) -> tuple[str, str]:
        rng = random.Random(feed * 1_000_003 + number)
        words = rng.choices(self._workload.words, cum_weights=self._workload.weights, k=_WORDS)
        if number >= 0 and is_planted(feed, number):
            words[12] = PLANTED
        return " ".join(words[:9]).capitalize(), _text(words[9:])


def is_planted(feed: int, number: int) -> bool:
    return (feed + number) % PLANTED_EVERY == 0


def count_planted(feeds: int, versions: int) -> int:
    """Return how many entries of *feeds* have the word `PLANTED` in their first *versions*."""
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


def write_feed(number: int, entries: Iterable[FeedEntry], *, is_atom: bool) -> bytes:
    if is_atom:
        head = f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><id>feed:{number}</id>'
        items = "".join(map(_atom_entry, entries))
        return f"{head}<title>Feed {number}</title>{items}</feed>".encode()
    head = f"<title>Feed {number}</title><link>https://news{number}.example/</link>"
    about = "<description>Invented</description><language>en</language>"
    items = "".join(map(_rss_item, entries))
    return f'<rss version="2.0"><channel>{head}{about}{items}</channel></rss>'.encode()


def _rss_item(entry: FeedEntry) -> str:
    return (
        f"<item><title>{entry.title}</title><link>{entry.url}</link>"
        f'<guid isPermaLink="false">{entry.guid}</guid>'
        f"<pubDate>{format_datetime(entry.published_at)}</pubDate>"
        f"<description><![CDATA[{entry.html}]]></description></item>"
    )


def _atom_entry(entry: FeedEntry) -> str:
    return (
        f'<entry><title>{entry.title}</title><link rel="alternate" href="{entry.url}"/>'
        f"<id>tag:{entry.guid}</id><updated>{entry.published_at.isoformat()}</updated>"
        f'<summary type="html"><![CDATA[{entry.html}]]></summary></entry>'
    )
