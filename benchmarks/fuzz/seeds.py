"""The documents that are mutated: those of the corpus, if there is one, and a few built in."""

import gzip
import json
import random
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum
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


_WORDS = """Fog lay over the harbour on Monday 🌫️, pilots said. The ferry of pier 7 was late.

#fog @fog_bank https://ex.org/fog?utm_source=post
Ships wait outside. 霧が港を覆った。 وصل الضباب إلى الميناء."""
_LETTER_HTML = """<html><body><div style="display:none">Ferries are late again this week</div>
<p><a href="https://ex.org/letters/7?utm_source=mail">View in browser</a></p><h1>Fog</h1>
<table><tr><td><p>Fog lay over the <b>harbour</b>, pilots said.</p></td></tr></table>
<p><a href="https://ex.org/confirm?id=7">Confirm your subscription</a></p>
<img src="https://ex.org/open.gif" width="1" height="1"><p>Unsubscribe, Pier 7, 12345 Port</p>"""


class SeedKind(StrEnum):
    """What is mutated: feeds and pages, letters of newsletters, and posts and pages of channels."""

    DOCUMENTS = "documents"
    LETTERS = "letters"
    POSTS = "posts"
    PREVIEWS = "previews"


@dataclass(frozen=True, slots=True)
class Seeds:
    feeds: tuple[bytes, ...]
    pages: tuple[bytes, ...]

    def pick(self, rng: random.Random) -> bytes:
        return rng.choice(self.pages if rng.random() < _PAGE_SHARE else self.feeds)


def seeds_of(kind: SeedKind, corpus: Path | None) -> Seeds:
    match kind:
        case SeedKind.DOCUMENTS:
            return read_seeds(corpus)
        case SeedKind.LETTERS:
            seeds = built_in_letters()
        case SeedKind.POSTS:
            seeds = (_WORDS.encode(), b"Fog.", "霧。".encode() * 200)
        case SeedKind.PREVIEWS:
            seeds = (built_in_channel(),)
    return Seeds(seeds, seeds)


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


def built_in_letters() -> tuple[bytes, ...]:
    """Return letters in plain text, in HTML, forwarded as a text and as a part, and in Japanese."""
    plain, html, nested, japanese = (_letter() for _ in range(4))
    plain.set_content(f"View in browser: https://ex.org/letters/7\n\n{_WORDS}")
    html.set_content(_WORDS, cte="quoted-printable")
    html.add_alternative(_LETTER_HTML, subtype="html", cte="base64")
    html.add_attachment(b"%PDF", "application", "pdf", filename="fog.pdf")
    nested.set_content("See below.")
    html.set_boundary("=_first")  # of its own, the library would choose one at random
    nested.add_attachment(html)
    nested.set_boundary("=_second")
    japanese.set_content("霧が港を覆った。\n" * 20, charset="iso-2022-jp")
    head = (
        "---- Forwarded ----\nFrom: Fog <f@ex.org>\nDate: Monday\nSubject: Fog\nTo: me@ex.org\n\n"
    )
    forwarded = _letter()
    forwarded.set_content(head + _WORDS)
    return tuple(each.as_bytes() for each in (plain, html, nested, japanese, forwarded))


def _letter() -> EmailMessage:
    mail = EmailMessage()
    mail["Delivered-To"] = "news+abcdefghjkmnpq@ex.org"
    mail["Authentication-Results"] = "mx.ex.org; dkim=pass (good) header.d=ex.org; spf=pass"
    mail["From"], mail["To"] = "Fog & Tides — 霧 <fog@ex.org>", "news+abcdefghjkmnpq@ex.org"
    mail["Subject"], mail["Date"] = "Fog — 霧 at pier 7", "Mon, 02 Mar 2026 12:00:00 +0900"
    mail["Message-ID"], mail["List-Id"] = "<7@ex.org>", "Fog <fog.ex.org>"
    mail["List-Unsubscribe"] = "<https://ex.org/u?id=7>, <mailto:u@ex.org>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return mail


def _files(corpus: Path, folders: tuple[str, ...]) -> tuple[bytes, ...]:
    paths = sorted(path for folder in folders for path in (corpus / folder).rglob("*"))
    found = (_read(path) for path in paths if path.is_file() and _is_seed(path))
    return tuple(data for data in found if len(data) <= _MAX_BYTES)


def _is_seed(path: Path) -> bool:
    return path.suffix not in _OTHER_SUFFIXES or "gofeed" in str(path)


def _read(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data
