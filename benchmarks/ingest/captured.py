"""Feeds that were captured elsewhere, each served under many names, with entries of their own.

Feed 40 of 37 files is the third file again. Its entries get links, guids and dates of their own,
and keep their texts. A file with fewer than `SHOWN` entries repeats them.
"""

import gzip
import re
from email.utils import format_datetime
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.ingest.feeds import APART, FIRST, NEW

SHOWN: Final = 16
_ENTRY: Final = re.compile(r"<(item|entry)\b.*?</\1>", re.DOTALL)
_CONTENT: Final = r"(?:[^<]|<!\[CDATA\[.*?\]\]>)+"
_ADDRESS: Final = re.compile(rf"(<(?:link|guid|id)\b[^>]*>){_CONTENT}")
_HREF: Final = re.compile(r"(<link\b[^>]*\bhref=[\"'])[^\"']+")
_RFC_DATE: Final = re.compile(r"(<pubDate>)[^<]+")
_ISO_DATE: Final = re.compile(r"(<(?:published|updated|dc:date)>)[^<]+")


class _Captured(NamedTuple):
    head: str
    entries: list[str]
    tail: str


class CapturedFeeds:
    def __init__(self, folder: Path) -> None:
        """Read the feeds in *folder*, `*.gz` in UTF-8. Raises SystemExit if there are none."""
        documents = [gzip.decompress(path.read_bytes()) for path in sorted(folder.glob("*.gz"))]
        read = (_parts(document.decode(errors="replace")) for document in documents)
        self._feeds = [feed for feed in read if feed]
        if not self._feeds:
            raise SystemExit(f"{folder} contains no feeds.")

    def body(self, feed: int, version: int) -> bytes:
        head, entries, tail = self._feeds[feed % len(self._feeds)]
        newest = version * NEW + SHOWN - 1
        shown = [
            _renamed(entries[number % len(entries)], feed, number)
            for number in range(newest, newest - SHOWN, -1)
        ]
        return "\n".join([head, *shown, tail]).encode()


def _parts(document: str) -> _Captured | None:
    found = list(_ENTRY.finditer(document))
    if not found:
        return None
    head, tail = document[: found[0].start()], document[found[-1].end() :]
    head = re.sub(r"encoding=[\"'][^\"']+[\"']", 'encoding="utf-8"', head)
    return _Captured(head, [each[0] for each in found], tail)


def _renamed(entry: str, feed: int, number: int) -> str:
    published = FIRST + number * APART
    url = f"http://news{feed}.example/story-{number}.html"
    entry = _HREF.sub(rf"\g<1>{url}", _ADDRESS.sub(rf"\g<1>{url}", entry))
    entry = _RFC_DATE.sub(rf"\g<1>{format_datetime(published)}", entry)
    return _ISO_DATE.sub(rf"\g<1>{published.isoformat()}", entry)
