"""Extracts the article of a web page, in workers only, because this may take long.

To find the body, boxes of other stories are removed, trafilatura extracts the text with a
preference for precision, the standfirst that it dropped is added, and the end is trimmed. If the
page shows much less text than its JSON-LD has, the text of the JSON-LD is used.

The selectors of a source take the place of all this: the part that they select is the body, whole
and in its order. A page on which they select nothing is read without them.
"""

import warnings
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import trafilatura
from lxml import etree

from bot.languages import all_words
from bot.sources.feeds import language
from bot.sources.feeds.entries import author_line, category_lines
from bot.sources.feeds.model import (
    AS_USUAL,
    Document,
    DocumentKind,
    Item,
    ReadingRules,
    SelectorProblem,
    Unreadable,
)
from bot.sources.feeds.text import plain_text, tidy
from bot.sources.lead_pictures import first_worth_showing
from bot.sources.pages.boxes import drop_boxes
from bot.sources.pages.canonical import own_address
from bot.sources.pages.dates import guessed, published, reader_for
from bot.sources.pages.dom import letters_of, line_of, lines_of, parsed
from bot.sources.pages.markup import join_chunks, simplify
from bot.sources.pages.metadata import PageMeta, page_meta
from bot.sources.pages.selectors import drop_selected, paragraphs_of, selected
from bot.sources.pages.title import LONGEST_TITLE, page_title, standfirst
from bot.sources.pages.trim import end_trimmed
from bot.sources.urls import host_of

_LONGEST_DATE = 80
_SUMMARY = 300
_SHORT_DATE = 45
_SHORT_ARTICLE = 2500
_PRECISE_SHARE = 0.4
_SHORT_RUN = 40
_NOT_SHOWN = frozenset({"script", "style", "noscript", "template", "head", "title"})
_MUCH_MORE = 1.5
_CHALLENGES = all_words("challenges")
_LONGEST_CHALLENGE = 4000  # characters; a longer page is an article


def read_page(text: str, url: str, rules: ReadingRules = AS_USUAL) -> Document:
    """Return the article in the page *text*; raises `Unreadable` if there is none.

    If the selectors of *rules* leave no text, the page is read without them, and the document says
    so.
    """
    if not rules.has_selectors:
        return _read(text, url, rules)
    try:
        return _read(text, url, rules)
    except _NothingSelectedError:
        pass
    document = _read(text, url, rules.without_selectors)
    return replace(document, selector_problem=SelectorProblem.SELECTS_NOTHING)


class _NothingSelectedError(Exception):
    pass


def _read(text: str, url: str, rules: ReadingRules) -> Document:
    try:
        root = parsed(text)
    except (etree.LxmlError, ValueError):
        raise Unreadable("This page is empty or broken.", "broken") from None
    meta = page_meta(root)
    _refuse_challenge(root)
    address = own_address(url, meta.canonical)
    title, dated, body = _article(root, meta, address, rules)
    if not body:
        raise Unreadable("This page holds no article.", "no_text")
    code = rules.language or _language(meta.language, " ".join(body))
    read = reader_for(meta, code, address, rules.clock)
    item = Item(
        url=address,
        title=title or body[0][:LONGEST_TITLE],
        summary=meta.description or body[0][:_SUMMARY],
        text="\n\n".join(body),
        published=published(root, meta, title, read) or dated or guessed(text, address),
        language=code,
        picture=first_worth_showing(meta.pictures, address),
        author=author_line(meta.author),
        categories=category_lines(meta.categories),
    )
    return Document(DocumentKind.PAGE, meta.site, address, code, (item,))


def _article(
    root: Any, meta: PageMeta, address: str, rules: ReadingRules
) -> tuple[str, datetime | date | None, list[str]]:
    """Return the title, the date in the body's beginning, and the body."""
    if rules.article:
        title = page_title(root, meta)
        drop_selected(root, rules.dropped)
        title, dated, body = _without_opening(
            paragraphs_of(selected(root, rules.article)), title, meta, address, rules
        )
    else:
        drop_selected(root, rules.dropped)
        simplify(root)
        drop_boxes(root, host_of(address))
        join_chunks(root)
        title, dated, body = _without_opening(
            _paragraphs(root), page_title(root, meta), meta, address, rules
        )
        body = [*standfirst(root, title, meta.description, body), *body]
        # The metadata may still have text that is dropped from the page.
        body = end_trimmed(body if rules.dropped else _fuller_text(body, meta.body))
    if not body and rules.has_selectors:
        raise _NothingSelectedError
    return title, dated, body


def _language(declared: str, text: str) -> str:
    return language.disproved(declared, text) or declared or language.detect(text)


def _refuse_challenge(root: Any) -> None:
    heading = " ".join(lines_of(root, "title")[:1]).lower()
    if heading.startswith(_CHALLENGES) and len(line_of(root)) < _LONGEST_CHALLENGE:
        raise Unreadable(
            "The site answers with a challenge page instead of the article.", "challenge"
        )


def _paragraphs(root: Any) -> list[str]:
    text = etree.tostring(root, method="html", encoding="unicode")
    paragraphs = _extracted(text, favor_precision=True)
    length = sum(map(len, paragraphs))
    # Precision sometimes discards the article of an odd page. A second extraction takes 10 ms and
    # is useless if the page has not much more text.
    if length < _SHORT_ARTICLE and length < _PRECISE_SHARE * _running_text(root):
        more = _extracted(text, favor_precision=False)
        if length < _PRECISE_SHARE * sum(map(len, more)):
            paragraphs = _marked_article(root) or more
    return paragraphs


def _running_text(root: Any) -> int:
    """Return the number of characters in longer runs, an upper bound for the article's length."""
    length = 0
    for node in root.iter():
        is_shown = isinstance(node.tag, str) and node.tag not in _NOT_SHOWN  # else a comment's own
        for run in (node.text if is_shown else "", node.tail):
            length += len(run) if run and len(run) >= _SHORT_RUN else 0
    return length


def _fuller_text(paragraphs: list[str], in_metadata: str) -> list[str]:
    """Return the text of the JSON-LD if the page without scripts shows much less."""
    if len(in_metadata) <= _MUCH_MORE * sum(map(len, paragraphs)):
        return paragraphs
    full = [part for part in plain_text(in_metadata).split("\n") if part]
    is_much_more = sum(map(len, full)) > _MUCH_MORE * sum(map(len, paragraphs))
    return full if is_much_more else paragraphs


def _without_opening(
    paragraphs: list[str], title: str, meta: PageMeta, address: str, rules: ReadingRules
) -> tuple[str, datetime | date | None, list[str]]:
    """Return the title, a date and the body; take the first two from the body's beginning."""
    rest = list(paragraphs)
    if len(rest) > 1 and not title and len(rest[0]) <= _LONGEST_DATE:
        title = rest[0]
    if rest and letters_of(rest[0]) == letters_of(title):
        del rest[0]
    read = reader_for(meta, rules.language or meta.language, address, rules.clock)
    dated = read(rest[0]) if rest and len(rest[0]) <= _SHORT_DATE else None
    return title, dated, rest[1:] if dated else rest


def _marked_article(root: Any) -> list[str]:
    """Return the paragraphs of the one element that the page itself calls its article, if any."""
    articles = root.xpath("//*[@itemprop='articleBody']") or root.xpath("//article")
    if len(articles) != 1:
        return []
    return lines_of(articles[0], "p")


def _extracted(text: str, *, favor_precision: bool) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the extractor's complaints about the page's markup
        found = trafilatura.extract(
            text, favor_precision=favor_precision, include_comments=False, deduplicate=False
        )
    return [part for part in tidy(found or "").split("\n") if part]
