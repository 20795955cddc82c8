"""One article out of a web page. Runs in workers only: extraction may take long.

Body: without boxes of other stories, trafilatura, preferring precision, then the standfirst that
it dropped, and the end-trim; JSON-LD's where the page itself shows much less.
"""

import warnings
from datetime import date, datetime
from typing import Any

import lxml.html
import trafilatura

from bot.sources.formats import language
from bot.sources.formats.records import Document, Item, Kind, Unreadable
from bot.sources.formats.sanitise import plain_text, tidy, without_controls
from bot.sources.urls import host_of
from bot.sources.webpages.addresses import own_address
from bot.sources.webpages.endtrim import end_trimmed
from bot.sources.webpages.pageboxes import without_boxes
from bot.sources.webpages.pagechunks import join_chunks
from bot.sources.webpages.pagemarkup import simplified
from bot.sources.webpages.pagemeta import PageMeta, line_of, page_meta, texts_of
from bot.sources.webpages.pagetitles import LONGEST_TITLE, letters_of, page_title
from bot.sources.webpages.publication import guessed, published, reader_for
from bot.sources.webpages.standfirsts import standfirst
from bot.sources.webpages.teasers import drop_teasers

_LONGEST_DATE = 80
_SUMMARY = 300
_SHORT_DATE = 45
_SHORT_ARTICLE = 2500
_PRECISE_SHARE = 0.4
_MUCH_MORE = 1.5
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
    address = own_address(url, meta.canonical)
    simplified(without_boxes(root))
    drop_teasers(root, host_of(address))
    join_chunks(root)
    title, dated, body = _opened(_paragraphs(root), page_title(root, meta), meta, address)
    told = [*standfirst(root, title, meta.description, body), *body]
    body = end_trimmed(_fuller(told, meta.body))
    if not body:
        raise Unreadable("This page holds no article.", "no_text")
    code = _language(meta.language, " ".join(body))
    read = reader_for(meta, code, address)
    item = Item(
        url=address,
        title=title or body[0][:LONGEST_TITLE],
        summary=meta.description or body[0][:_SUMMARY],
        text="\n\n".join(body),
        published=published(root, meta, title, address, read) or dated or guessed(text, address),
        language=code,
    )
    return Document(Kind.PAGE, meta.site, address, code, (item,))


def _language(declared: str, text: str) -> str:
    return language.disproved(declared, text) or declared or language.detect(text)


def _parsed(text: str) -> Any:
    try:
        clean = without_controls(text).encode("utf-8", "replace")
        root = lxml.html.document_fromstring(clean, parser=_parser())
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


def _paragraphs(root: Any) -> list[str]:
    text = lxml.html.tostring(root, encoding="unicode")
    paragraphs = _extracted(text, favor_precision=True)
    length = sum(map(len, paragraphs))
    if length < _SHORT_ARTICLE:  # precision sometimes throws an odd page's article away
        more = _extracted(text, favor_precision=False)
        if length < _PRECISE_SHARE * sum(map(len, more)):
            paragraphs = _marked(root) or more
    return paragraphs


def _fuller(paragraphs: list[str], told: str) -> list[str]:
    """*told* in JSON-LD, where the page shows much less of it until a browser runs its scripts."""
    if len(told) <= _MUCH_MORE * sum(map(len, paragraphs)):
        return paragraphs
    full = [part for part in plain_text(told).split("\n") if part]
    is_much_more = sum(map(len, full)) > _MUCH_MORE * sum(map(len, paragraphs))
    return full if is_much_more else paragraphs


def _opened(
    paragraphs: list[str], title: str, meta: PageMeta, address: str
) -> tuple[str, datetime | date | None, list[str]]:
    """The title, a date and the body, of which the first two may stand at the beginning."""
    rest = list(paragraphs)
    if len(rest) > 1 and not title and len(rest[0]) <= _LONGEST_DATE:
        title = rest[0]
    if rest and letters_of(rest[0]) == letters_of(title):
        del rest[0]
    read = reader_for(meta, meta.language, address)
    dated = read(rest[0]) if rest and len(rest[0]) <= _SHORT_DATE else None
    return title, dated, rest[1:] if dated else rest


def _marked(root: Any) -> list[str]:
    """The paragraphs of the one element that the page itself calls its article, if any."""
    articles = root.xpath("//*[@itemprop='articleBody']") or root.xpath("//article")
    if len(articles) != 1:
        return []
    return [text for text in texts_of(articles[0], "p") if text]


def _extracted(text: str, *, favor_precision: bool) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the extractor thinks of the page's markup
        found = trafilatura.extract(
            text, favor_precision=favor_precision, include_comments=False, deduplicate=False
        )
    return [part for part in tidy(found or "").split("\n") if part]
