"""The documents that are mutated: those of the corpus, if there is one, and a few built in."""

import gzip
import json
import random
from dataclasses import dataclass
from pathlib import Path

_FEED_FOLDERS = ("crafted", "feeds_expected", "feeds_gofeed", "feeds_miniflux", "feeds_real")
_PAGE_FOLDERS = ("articles_scrapinghub", "articles_trafilatura", "crafted/seed_pages")
_PAGE_SHARE = 0.15
_CHANNEL_WEIGHT = 8  # because a corpus has hundreds of pages
_MAX_BYTES = 400_000
_OTHER_SUFFIXES = (".json", ".jsonl", ".md")

_ITEM = """<item><title>Ferry {n} was late &amp; loud</title><link>https://ex.org/{n}</link>
<guid>g{n}</guid><pubDate>Mon, 02 Mar 2026 12:0{n}:00 +0900</pubDate>
<description><![CDATA[<p>The ferry of <b>pier {n}</b> was late.</p>]]></description></item>"""
_ENTRY = """<entry><id>urn:{n}</id><title type="html">A &lt;b&gt;bold&lt;/b&gt; title</title>
<link rel="alternate" href="/entry/{n}"/><updated>2026-03-02T12:0{n}:00Z</updated>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Fog.</p></div></content></entry>"""

_POST = """<div class="tgme_widget_message" data-post="fog_bank/{n}">
<a class="tgme_widget_message_reply" href="#"><div class="tgme_widget_message_text">Old</div></a>
<a class="tgme_widget_message_photo_wrap" style="background-image:url('https://ex.org/{n}.jpg')"></a>
<div class="tgme_widget_message_text">Fog on <b>pier {n}</b>.<br/>See <a href="https://ex.org">it</a></div>
<a class="tgme_widget_message_link_preview" href="https://ex.org/{n}"><div
class="link_preview_title">Fog</div></a><span class="tgme_widget_message_views">{n}K</span>
<a class="tgme_widget_message_date"><time datetime="2026-03-02T12:0{n}:00Z"></time></a></div>"""


@dataclass(frozen=True, slots=True)
class Seeds:
    feeds: tuple[bytes, ...]
    pages: tuple[bytes, ...]

    def pick(self, rng: random.Random) -> bytes:
        return rng.choice(self.pages if rng.random() < _PAGE_SHARE else self.feeds)


def read_seeds(corpus: Path | None) -> Seeds:
    feeds = built_in_feeds()
    pages: tuple[bytes, ...] = (built_in_page(), *[built_in_channel()] * _CHANNEL_WEIGHT)
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


def built_in_channel() -> bytes:
    posts = "".join(_POST.format(n=n) for n in range(1, 9))
    info = "<div class=tgme_channel_info_header_title><span>Fog &amp; Tides</span></div>"
    return f"<html><div class=tgme_channel_info>{info}</div>{posts}</html>".encode()


def _files(corpus: Path, folders: tuple[str, ...]) -> tuple[bytes, ...]:
    paths = sorted(path for folder in folders for path in (corpus / folder).rglob("*"))
    found = (_read(path) for path in paths if path.is_file() and _is_seed(path))
    return tuple(data for data in found if len(data) <= _MAX_BYTES)


def _is_seed(path: Path) -> bool:
    return path.suffix not in _OTHER_SUFFIXES or "gofeed" in str(path)


def _read(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data
