"""Feeds that others wrote, and what others read in them."""

import gzip
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.sources.feeds.dates import feed_date
from bot.sources.feeds.fallback import read_broken
from bot.sources.feeds.model import Document, Item, Unreadable
from bot.sources.feeds.reader import NeedsWorker, read_fast
from bot.sources.feeds.roots import as_utf8
from bot.sources.feeds.sniff import Shape
from bot.sources.feeds.text import one_line
from bot.sources.parser_pool import DocumentReader

BASE = "http://127.0.0.1:8097/"


def read(data: bytes, url: str, content_type: str = "") -> Document:
    found = read_fast(data, url, content_type)
    if isinstance(found, Document):
        return found
    if found.shape is not Shape.FEED:
        raise Unreadable("no feed", "html")
    return read_broken(as_utf8(found.text), url)


def folded(text: str) -> str:
    """Without tags, entities and white space: what counts is the words."""
    while (plain := one_line(text)) != text:
        text = plain
    return re.sub(r"\s", "", text)


def test_the_fields_that_another_parser_expects_are_there(corpus):
    wrong = list(_wrong_fields(corpus / "feeds_expected"))
    counted = len(list(_checks(corpus / "feeds_expected")))

    assert counted > 140
    assert len(wrong) <= 0.01 * counted, (counted, wrong)


def _checks(folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for line in (folder / "expected.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for check in row["checks"]:
            if check["scope"] == "entry":
                yield row, check


def _wrong_fields(folder: Path) -> Iterator[tuple[str, str, Any]]:
    for row, check in _checks(folder):
        headers = {name.lower(): value for name, value in row["http_headers"].items()}
        url = headers.get("content-location", BASE + row["file"])
        document = read((folder / row["file"]).read_bytes(), url, headers.get("content-type", ""))
        items = document.items[check["index"] : check["index"] + 1]
        if not items or not _is_as(items[0], check["field"], check["expected"]):
            yield row["file"], check["field"], items


def _is_as(item: Item, field: str, expected: Any) -> bool:
    if field in {"published", "updated"}:
        if isinstance(expected, str):
            return item.published == feed_date(expected)
        moment = item.published
        return isinstance(moment, datetime) and list(moment.timetuple())[:6] == expected[:6]
    names = {"id": "guid", "link": "url", "content": "text"}
    return folded(getattr(item, names.get(field, field))) == folded(expected)


def test_real_feeds_are_read_as_two_parsers_agree(corpus):
    folder = corpus / "feeds_real"
    rows = map(json.loads, (folder / "reference.jsonl").read_text(encoding="utf-8").splitlines())

    wrong = [difference for row in rows if row.get("agree") for difference in _unlike(folder, row)]

    assert wrong == []


def _unlike(folder: Path, row: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    document = read(gzip.decompress((folder / f"{row['file']}.gz").read_bytes()), row["url"])
    entries = row["feedparser_6_0_14"]["entries"]
    if len(document.items) < len(entries):
        yield row["file"], len(document.items), len(entries)
    for item, entry in zip(document.items, entries, strict=False):
        got = (folded(item.title), item.url, str(item.published)[:19])
        expected = (folded(entry["title"]), entry["link"], entry["date"])
        same = (got[0] == expected[0], got[1].endswith(expected[1]), got[2] == expected[2])
        if not all(same):
            yield row["file"], got, expected


def test_an_independent_parser_finds_the_same_entries(corpus):
    pairs = list(_gofeed(corpus / "feeds_gofeed"))

    wrong = [path for path, got, expected in pairs if got != expected]

    assert len(pairs) > 60
    assert len(wrong) <= 0.05 * len(pairs), (len(pairs), wrong)


def _gofeed(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """The titles of each feed, as read here and as expected there."""
    for path in sorted(folder.rglob("*.json")):
        feed = path.with_suffix(".xml")
        if not feed.exists():
            continue
        expected = json.loads(path.read_text(encoding="utf-8"))
        entries = expected.get("items") or expected.get("entries") or []
        try:
            items = read(feed.read_bytes(), "https://ex.org/").items
        except Unreadable:
            items = ()
        titles = [folded(entry.get("title") or "") for entry in entries]
        yield feed.name, [folded(item.title) for item in items], titles


@pytest.mark.parametrize("folder", ["crafted/robust_feeds", "feeds_miniflux", "feeds_gofeed"])
async def test_every_odd_document_is_read_or_refused(corpus, folder):
    refused: dict[str, str] = {}
    async with DocumentReader() as reader:
        for path in sorted((corpus / folder).rglob("*.*ml")):
            try:
                document = await reader.read(path.read_bytes(), url="https://ex.org/", public=True)
            except Unreadable as error:
                refused[path.name] = error.reason
            else:
                texts = "".join(item.title + item.text for item in document.items)
                assert re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", texts) is None, path

    assert set(refused.values()) <= {"empty", "kind", "xml", "no_text", "html"}, refused


def test_the_fast_reader_takes_most_real_feeds(corpus):
    feeds = sorted((corpus / "feeds_real").glob("*.gz"))

    slow = [path.name for path in feeds if isinstance(read_fast(path.read_bytes()), NeedsWorker)]

    assert len(slow) <= 0.2 * len(feeds), slow
