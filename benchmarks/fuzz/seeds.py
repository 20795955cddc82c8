"""The documents that are mutated: those of the corpus, if there is one, and a few built in."""

import gzip
import json
import random
from dataclasses import dataclass
from pathlib import Path

_FEED_FOLDERS = ("crafted", "feeds_expected", "feeds_gofeed", "feeds_miniflux", "feeds_real")
_PAGE_FOLDERS = ("articles_scrapinghub", "articles_trafilatura", "crafted/seed_pages")
_PAGE_SHARE = 0.15
_MAX_BYTES = 400_000
_OTHER_SUFFIXES = (".json", ".jsonl", ".md")

_ITEM = """<item><title>Ferry {n} was late &amp; loud</title><link>https://ex.org/{n}</link>
<guid>g{n}</guid><pubDate>Mon, 02 Mar 2026 12:0{n}:00 +0900</pubDate>
<description><![CDATA[<p>The ferry of <b>pier {n}</b> was late.</p>]]></description></item>"""
_ENTRY = """<entry><id>urn:{n}</id><title type="html">A &lt;b&gt;bold&lt;/b&gt; title</title>
<link rel="alternate" href="/entry/{n}"/><updated>2026-03-02T12:0{n}:00Z</updated>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Fog.</p></div></content></entry>"""


@dataclass(frozen=True, slots=True)
class Seeds:
    feeds: tuple[bytes, ...]
    pages: tuple[bytes, ...]

    def pick(self, rng: random.Random) -> bytes:
        return rng.choice(self.pages if rng.random() < _PAGE_SHARE else self.feeds)


def read_seeds(corpus: Path | None) -> Seeds:
    feeds = built_in_feeds()
    pages: tuple[bytes, ...] = (built_in_page(),)
    if corpus is not None:
        pages += _files(corpus, _PAGE_FOLDERS)
        feeds += _files(corpus, _FEED_FOLDERS)
    return Seeds(feeds, pages)


def built_in_feeds() -> tuple[bytes, ...]:
    items = "".join(_ITEM.format(n=n) for n in range(5))
    entries = "".join(_ENTRY.format(n=n) for n in range(5))
    json_items = [{"id": n, "url": f"https://ex.org/{n}", "title": f"Fog {n}"} for n in range(5)]
    rss = f"<rss version='2.0'><channel><ttl>60</ttl>{items}</channel></rss>"
    version = "https://jsonfeed.org/version/1.1"
    return (
        f'<?xml version="1.0"?>{rss}'.encode(),
        f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'.encode(),
        json.dumps({"version": version, "title": "Fog", "items": json_items}).encode(),
    )


def built_in_page() -> bytes:
    text = "<p>The fog lay over the bay for a week and nobody could see the old bridge.</p>" * 8
    head = "<meta charset=utf-8><title>Fog in harbour</title>"
    return f"<html lang=en><head>{head}</head><article><h1>Fog</h1>{text}</article></html>".encode()


def _files(corpus: Path, folders: tuple[str, ...]) -> tuple[bytes, ...]:
    paths = sorted(path for folder in folders for path in (corpus / folder).rglob("*"))
    found = (_read(path) for path in paths if path.is_file() and _is_seed(path))
    return tuple(data for data in found if len(data) <= _MAX_BYTES)


def _is_seed(path: Path) -> bool:
    return path.suffix not in _OTHER_SUFFIXES or "gofeed" in str(path)


def _read(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data
