"""Gives each result of a news search its publisher, its own title, and a stable identity.

A search service writes "Title - Publisher", links through itself, and changes the link of an
article from time to time. Title and publisher identify the article instead, for three days, because
a morning briefing has the same title every day.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.sources.feeds.model import Document, Item
from bot.sources.urls import canonical_url, host_of
from storage.enums import SourceKind

# Every feed of these hosts is a search, whatever kind of source it was added as.
_SERVICES = frozenset({"news.google.com"})
SAME_FOR = timedelta(days=3)
_DASHES = "-\u2013\u2014|\u00b7"
_SUFFIX = re.compile(rf"(.*\S)\s+[{_DASHES}]\s+(\S[^{_DASHES}]*)")
_LONGEST_NAME = 60  # characters
_MOST_WORDS = 6
_FEWEST_TITLES = 3
_HABIT = 0.8  # of the titles
_WORD = re.compile(r"\w+")
_EPOCH = date(1970, 1, 1)


def with_publishers(document: Document, kind: SourceKind, host: str) -> Document:
    """Return *document* with the publishers of its entries if its source is a search."""
    return as_search_results(document, host) if is_search(kind, host) else document


def is_search(kind: SourceKind, host: str) -> bool:
    return kind is SourceKind.SEARCH or host in _SERVICES


def as_search_results(document: Document, service: str) -> Document:
    """Return the results of the search at the host *service*, each article of a publisher once."""
    may_guess = names_publishers([item.title for item in document.items])
    once: dict[str | int, Item] = {}
    for at, item in enumerate(document.items):
        credited = with_publisher(item, service, may_guess=may_guess)
        is_identified = credited.is_detour and credited.title
        once.setdefault(credited.guid if is_identified else at, credited)
    return replace(document, items=tuple(once.values()))


def names_publishers(titles: Sequence[str]) -> bool:
    """Return whether a service ends its titles with publishers, judged by several titles."""
    named = sum(1 for title in titles if _suffix_of(title)[1])
    return len(titles) >= _FEWEST_TITLES and named >= _HABIT * len(titles)


def with_publisher(item: Item, service: str, *, may_guess: bool = False) -> Item:
    """Return *item* with its publisher, its own title and, if known, its own address."""
    url = _direct(item.url)
    is_detour = not url or host_of(url) == service
    title, name = _split(item.title, item.credit, may_guess=may_guess and is_detour)
    host = host_of(item.credit_url if is_detour else url)
    credited = replace(
        item, url=url, title=title, publisher=name, publisher_host=host, is_detour=is_detour
    )
    if not is_detour:
        return replace(credited, publisher=name or host)
    if _is_echo(credited, item.title):
        credited = replace(credited, summary="", text="")
    return replace(credited, guid=_identity(credited)) if title else credited


def _split(title: str, credit: str, *, may_guess: bool) -> tuple[str, str]:
    """Return the title without its publisher, and the publisher; "" if none is known."""
    if credit:
        return (_before(title, credit) or title), credit
    return _suffix_of(title) if may_guess else (title, "")


def _before(title: str, credit: str) -> str:
    """Return the title before "- *credit*", which may contain dashes itself; else ""."""
    if not title.casefold().endswith(credit.casefold()):
        return ""
    head = title[: len(title) - len(credit)].rstrip()
    return head[:-1].rstrip() if head and head[-1] in _DASHES else ""


def _suffix_of(title: str) -> tuple[str, str]:
    """Return title and suffix, if the suffix is short enough for a name."""
    found = _SUFFIX.fullmatch(title)
    if found is None:
        return title, ""
    is_name = len(found[2]) <= _LONGEST_NAME and len(found[2].split()) <= _MOST_WORDS
    return (found[1], found[2].strip()) if is_name else (title, "")


def _direct(url: str) -> str:
    """Return the target of a known redirector; return any other address unchanged."""
    direct = canonical_url(url)
    return url if host_of(direct) == host_of(url) else direct


def _is_echo(item: Item, title: str) -> bool:
    """Return whether the summary only repeats title and publisher."""
    first = _words(item.summary.partition("\n")[0])
    own = _words(item.title)
    return bool(first) and first in {own, f"{own} {_words(item.publisher)}", _words(title)}


def _identity(item: Item) -> str:
    """Return one identity for a title and publisher within three days, or forever if undated."""
    published = item.published
    day = published.date() if isinstance(published, datetime) else published
    when = "" if day is None else str((day - _EPOCH) // SAME_FOR)
    return "\n".join((_words(item.title), _words(item.publisher), when))


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
