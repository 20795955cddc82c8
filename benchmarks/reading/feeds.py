"""The fields of feeds that other parsers expect, beside those that the bot reads."""

import gzip
import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from bot.sources.feeds.dates import feed_date
from bot.sources.feeds.fallback import read_broken
from bot.sources.feeds.model import Document, Item, Unreadable
from bot.sources.feeds.reader import NeedsWorker, read_fast
from bot.sources.feeds.roots import as_utf8
from bot.sources.feeds.sniff import Shape
from bot.sources.feeds.text import one_line

HOME = "http://127.0.0.1:8097/"
# The names of the fields in the expectations; a later name counts only without the earlier ones.
NAMES = {
    "title": ("title",),
    "url": ("link", "url"),
    "guid": ("guid", "id"),
    "summary": ("summary", "description"),
    "text": ("content_html", "content_text", "content"),
    "published": ("published", "pubDate", "date_published", "updated", "date_modified"),
}


class Checked(NamedTuple):
    name: str
    field: str
    is_right: bool
    got: object
    expected: object


def read(data: bytes, url: str, content_type: str = "") -> Document:
    """Read as the bot does, but in this process."""
    found = read_fast(data, url, content_type)
    if not isinstance(found, NeedsWorker):
        return found
    if found.shape is not Shape.FEED:
        raise Unreadable("no feed", "html")
    return read_broken(as_utf8(found.text), url)


def folded(text: object) -> str:
    """Return the words without tags, entities and white space."""
    now = str(text)
    while (plain := one_line(now)) != now:
        now = plain
    return re.sub(r"\s", "", now)


def expected_fields(folder: Path) -> Iterator[Checked]:
    for line in (folder / "expected.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        headers = {name.lower(): value for name, value in row["http_headers"].items()}
        url = headers.get("content-location", HOME + row["file"])
        data = (folder / row["file"]).read_bytes()
        checks = [check for check in row["checks"] if check["scope"] == "entry"]
        items = read(data, url, headers.get("content-type", "")).items if checks else ()
        for check in checks:
            item = next(iter(items[check["index"] : check["index"] + 1]), Item())
            yield _checked(row["file"], item, check["field"], check["expected"])


def gofeed_fields(folder: Path) -> Iterator[Checked]:
    """Check each field that the expectation names, and the number of entries."""
    for path in sorted(folder.rglob("*.json")):
        feed = path.with_name(path.name.replace("_expected", "")).with_suffix(".xml")
        if not feed.exists():
            feed = path
        try:
            expected = json.loads(path.read_text(encoding="utf-8"))
            document = read(feed.read_bytes(), "https://ex.org/")
        except (ValueError, Unreadable):
            continue
        entries = expected.get("items") or expected.get("entries") or []
        count = len(document.items)
        yield Checked(feed.name, "entries", count == len(entries), count, len(entries))
        for item, entry in zip(document.items, entries, strict=False):
            for field, names in NAMES.items():
                value = next((entry[name] for name in names if entry.get(name)), "")
                if value or field == "title":  # the expectations leave out many of the others
                    yield _checked(feed.name, item, field, value)


def agreed_entries(folder: Path) -> Iterator[Checked]:
    """Check the entries of real feeds on which two other parsers agree."""
    for line in (folder / "reference.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if not row.get("agree"):
            continue
        data = gzip.decompress((folder / f"{row['file']}.gz").read_bytes())
        entries = row["feedparser_6_0_14"]["entries"]
        items = read(data, row["url"]).items
        yield Checked(row["file"], "entries", len(items) >= len(entries), len(items), len(entries))
        for item, entry in zip(items, entries, strict=False):
            got = (folded(item.title), item.url, str(item.published)[:19])
            wanted = (folded(entry["title"]), entry["link"], entry["date"])
            is_right = got[::2] == wanted[::2] and got[1].endswith(wanted[1])
            yield Checked(row["file"], "entry", is_right, got, wanted)


def _checked(name: str, item: Item, field: str, expected: Any) -> Checked:
    ours = {"id": "guid", "link": "url", "content": "text", "updated": "published"}
    field = ours.get(field, field)
    got = getattr(item, field)
    if isinstance(expected, dict):
        expected = expected.get("value", "")
    if field == "published":
        return Checked(name, field, _is_moment(got, expected), got, expected)
    is_right = folded(got) == folded(expected)
    return Checked(name, field, is_right, got, expected)


def _is_moment(got: datetime | date | None, expected: Any) -> bool:
    if isinstance(expected, str):
        return got == feed_date(expected)
    return isinstance(got, datetime) and list(got.timetuple())[:6] == expected[:6]
