"""What a search found: who tells it, what it is called there, and what makes it the same again.

A search service writes "Title - Outlet", gives links that lead through itself, and calls the same
article otherwise from time to time. The title and its outlet know it then, for three days: a
morning briefing has the same title every day.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.sources.formats.records import Document, Item
from bot.sources.urls import canonical_url, host_of
from storage.enums import SourceKind

# Whoever adds a feed of these adds a search, by whatever name.
_SERVICES = frozenset({"news.google.com"})
SAME_FOR = timedelta(days=3)
_DASHES = "-\u2013\u2014|\u00b7"
_SUFFIX = re.compile(rf"(.*\S)\s+[{_DASHES}]\s+(\S[^{_DASHES}]*)")
_LONGEST_OUTLET = 60  # characters
_MOST_WORDS = 6
_FEWEST_TITLES = 3
_HABIT = 0.8  # of the titles
_WORD = re.compile(r"\w+")
_EPOCH = date(1970, 1, 1)


def as_shown(shown: Document, kind: SourceKind, host: str) -> Document:
    """Return what a source shows, as its outlets told it if it is a search or as good as one."""
    return as_found(shown, host) if kind is SourceKind.SEARCH or host in _SERVICES else shown


def as_found(found: Document, service: str) -> Document:
    """Return what the search at the host *service* found, as its outlets told it, each once."""
    may_guess = has_suffixes([item.title for item in found.items])
    once: dict[str | int, Item] = {}
    for at, item in enumerate(found.items):
        told = told_by_outlet(item, service, may_guess=may_guess)
        once.setdefault(told.guid if told.is_detour and told.title else at, told)
    return replace(found, items=tuple(once.values()))


def has_suffixes(titles: Sequence[str]) -> bool:
    """Whether this service ends its titles with their outlets: one title alone would not tell."""
    named = sum(1 for title in titles if _suffix_of(title)[1])
    return len(titles) >= _FEWEST_TITLES and named >= _HABIT * len(titles)


def told_by_outlet(item: Item, service: str, *, may_guess: bool = False) -> Item:
    """Return *item* with its outlet, its own title, and its own address as far as that is told."""
    url = _direct(item.url)
    is_detour = not url or host_of(url) == service
    title, outlet = _split(item.title, item.credit, may_guess=may_guess and is_detour)
    host = host_of(item.credit_url if is_detour else url)
    told = replace(item, url=url, title=title, outlet=outlet, outlet_host=host, is_detour=is_detour)
    if not is_detour:
        return replace(told, outlet=outlet or host)
    if _is_echo(told, item.title):
        told = replace(told, summary="", text="")
    return replace(told, guid=_name(told)) if title else told


def _split(title: str, credit: str, *, may_guess: bool) -> tuple[str, str]:
    """Return the title without its outlet, and the outlet; "" where none is known."""
    if credit:
        return (_before(title, credit) or title), credit
    return _suffix_of(title) if may_guess else (title, "")


def _before(title: str, credit: str) -> str:
    """The title in front of "- *credit*", whatever dashes that name itself holds; else ""."""
    if not title.casefold().endswith(credit.casefold()):
        return ""
    head = title[: len(title) - len(credit)].rstrip()
    return head[:-1].rstrip() if head and head[-1] in _DASHES else ""


def _suffix_of(title: str) -> tuple[str, str]:
    """Return title and suffix, if that is short enough for a name."""
    found = _SUFFIX.fullmatch(title)
    if found is None:
        return title, ""
    is_name = len(found[2]) <= _LONGEST_OUTLET and len(found[2].split()) <= _MOST_WORDS
    return (found[1], found[2].strip()) if is_name else (title, "")


def _direct(url: str) -> str:
    """Where a known detour leads to; all else as it was given."""
    direct = canonical_url(url)
    return url if host_of(direct) == host_of(url) else direct


def _is_echo(item: Item, title: str) -> bool:
    """Whether its summary says title and outlet again, and perhaps those of others behind them."""
    first = _words(item.summary.partition("\n")[0])
    own = _words(item.title)
    return bool(first) and first in {own, f"{own} {_words(item.outlet)}", _words(title)}


def _name(item: Item) -> str:
    """The same for the same title and outlet within three days; for ever where no date is told."""
    published = item.published
    day = published.date() if isinstance(published, datetime) else published
    when = "" if day is None else str((day - _EPOCH) // SAME_FOR)
    return "\n".join((_words(item.title), _words(item.outlet), when))


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
