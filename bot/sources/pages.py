"""One article out of a web page. Runs in workers only: extraction may take long.

Title: the h1 that `<title>` or og:title also holds, else the headline of JSON-LD, else og:title
or `<title>` without the site's name. Published: JSON-LD, meta, `<time>`, visible text near the
title, htmldate. Body: trafilatura, preferring precision, then the end-trim.
"""

import re
import warnings
from datetime import date, datetime
from itertools import islice
from typing import Any
from urllib.parse import urljoin

import htmldate
import lxml.html
import trafilatura

from bot.sources import language
from bot.sources.dates import feed_date
from bot.sources.endtrim import end_trimmed
from bot.sources.pagedates import page_date
from bot.sources.pagemeta import PageMeta, line_of, page_meta, texts_of
from bot.sources.records import Document, Item, Kind, Unreadable
from bot.sources.sanitise import plain_text, tidy
from bot.sources.urls import host_of

_SUFFIX = re.compile(r"\s+[-\u2013—|·•»:/]+\s+(?=[^-\u2013—|·•»]*$)|\s*[|»]\s*(?=[^|»]*$)")
_LONGEST_HEADING = 300
_SHORTEST_TITLE = 8
_LONGEST_DATE = 80
_SUMMARY = 300
_SHORT_DATE = 45
_SHORT_ARTICLE = 2500
_PRECISE_SHARE = 0.4
_CHALLENGES = (
    "just a moment...", "attention required! | cloudflare", "access denied",
    "are you a robot?", "please verify you are a human", "ddos-guard", "checking your browser",
    "pardon our interruption", "security check",
)  # fmt: skip


def read_page(text: str, url: str) -> Document:
    """The article in the page *text*; raises `Unreadable` where there is none."""
    root = _parsed(text)
    meta = page_meta(root)
    _refuse_challenge(root)
    address = _address(meta.canonical, url)
    title = _title(root, meta)
    body = _body(text, title)
    if not body:
        raise Unreadable("This page holds no article.", "no_text")
    code = meta.language or language.detect(" ".join(body))
    article = "\n\n".join(body)
    item = Item(
        url=address,
        title=title or body[0][:_LONGEST_HEADING],
        summary=meta.description or body[0][:_SUMMARY],
        text=article,
        published=_published(root, meta, text, code),
        language=code,
    )
    return Document(Kind.PAGE, meta.site, address, code, (item,))


def _parsed(text: str) -> Any:
    try:
        root = lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=_parser())
    except (lxml.etree.LxmlError, ValueError):
        raise Unreadable("This page is empty or broken.", "broken") from None
    return root


def _parser() -> Any:
    return lxml.html.HTMLParser(encoding="utf-8", no_network=True, collect_ids=False)


def _refuse_challenge(root: Any) -> None:
    heading = " ".join(texts_of(root, "title")[:1]).lower()
    if heading.startswith(_CHALLENGES) and len(line_of(root)) < 4000:  # noqa: PLR2004 - no article
        raise Unreadable(
            "The site answers with a challenge page instead of the article.", "challenge"
        )


def _address(canonical: str, url: str) -> str:
    """The page's canonical address, if it is one of the same site."""
    try:
        full = urljoin(url, canonical)
    except ValueError:
        return url
    is_same_site = not url or host_of(full) == host_of(url)
    return full if canonical and is_same_site and full.startswith("http") else url


def _title(root: Any, meta: PageMeta) -> str:
    page_titles = texts_of(root, "title")[:1]
    known = [_folded(text) for text in (*meta.titles, *page_titles)]
    for heading in texts_of(root, "h1"):
        folded = _folded(heading)
        is_whole = len(folded) >= _SHORTEST_TITLE and folded != _folded(meta.site)
        if is_whole and any(folded in text for text in known):
            return heading[:_LONGEST_HEADING]
    if meta.headline:
        return meta.headline
    own = next(iter((*meta.titles, *page_titles)), "")
    return _without_site(own, meta.site) or next(iter(texts_of(root, "h1")), "")


def _folded(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _without_site(title: str, site: str) -> str:
    head = _SUFFIX.split(title, maxsplit=1)
    if site and _folded(title).endswith(_folded(site)) and len(head) > 1:
        return head[0].strip()
    is_suffix = (
        len(head) > 1 and len(head[0]) >= _SHORTEST_TITLE * 2 and len(head[1]) < len(head[0])
    )
    return head[0].strip() if is_suffix else title


def _body(text: str, title: str) -> list[str]:
    paragraphs = _extracted(text, favor_precision=True)
    length = sum(map(len, paragraphs))
    if length < _SHORT_ARTICLE:  # precision sometimes throws an odd page's article away
        more = _extracted(text, favor_precision=False)
        if length < _PRECISE_SHARE * sum(map(len, more)):
            paragraphs = more
    if paragraphs and _folded(paragraphs[0]) == _folded(title):
        del paragraphs[0]
    if paragraphs and len(paragraphs[0]) <= _SHORT_DATE and page_date(paragraphs[0]):
        del paragraphs[0]
    return end_trimmed(paragraphs)


def _extracted(text: str, *, favor_precision: bool) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the extractor thinks of the page's markup
        found = trafilatura.extract(
            text, favor_precision=favor_precision, include_comments=False, deduplicate=False
        )
    return [part for part in tidy(found or "").split("\n") if part]


def _published(root: Any, meta: PageMeta, text: str, code: str) -> datetime | date | None:
    for written in (*meta.published, *_times(root)):
        if found := feed_date(written, code) or page_date(written, code):
            return found
    return _visible_date(root, code) or _guessed(text)


def _times(root: Any) -> list[str]:
    found = []
    for time in root.iter("time"):
        found += [time.get("datetime") or "", line_of(time)]
    return [text for text in found[:6] if text]


def _visible_date(root: Any, code: str) -> datetime | date | None:
    """A short text near the first heading that is a date."""
    heading = next(iter([*root.iter("h1"), *root.iter("h2")]), None)
    if heading is None:
        return None
    for element in islice(heading.itersiblings("*"), 6):
        for line in plain_text(" \n".join(element.itertext())).split("\n")[:8]:
            if len(line) <= _LONGEST_DATE and (found := page_date(line, code)):
                return found
    return None


def _guessed(text: str) -> date | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = htmldate.find_date(text, original_date=True, extensive_search=True)
    return date.fromisoformat(found) if found else None
