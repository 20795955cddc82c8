"""Whether what is told of an article now is a new version of it.

White space, punctuation, addresses in the text and counters ("12 comments", "5 minutes ago") make
no version. Other numbers in the text make one an hour at most, so that a price that is written
anew with each poll makes no storm; those in the title always count.
"""

import re
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, Final

from bot.matching.slices import Slices, finished, gathered
from bot.matching.text import text_in_slices
from bot.sources.articles.completion import completed
from bot.sources.articles.counters import without_counters
from bot.sources.articles.intake import Draft
from bot.sources.articles.told import Told
from bot.sources.formats.records import Item

MOST_VERSIONS: Final = 20
REVISED_FOR: Final = timedelta(days=3)
NUMBERS_APART: Final = timedelta(hours=1)

_HAS_DIGIT = re.compile(r"(?<!\S)[^\s\d]*+\d\S*+")  # from its first character on, and but once


class Change(Enum):
    NONE = auto()
    NUMBERS = auto()
    WORDS = auto()


def change(old: tuple[str, ...], new: tuple[str, ...]) -> Change:
    """What differs between two wordings: a title, and whatever else is compared."""
    return finished(_changing(old, new))


def _changing(old: tuple[str, ...], new: tuple[str, ...]) -> Slices[Change]:
    before = yield from _words(old)
    after = yield from _words(new)
    if before == after:
        return Change.NONE
    if before[0] == after[0] and _without_numbers(before) == _without_numbers(after):
        return Change.NUMBERS
    return Change.WORDS


def may_be_revised(told: Told, now: datetime) -> bool:
    return told.version < MOST_VERSIONS and now - told.stored_at <= REVISED_FOR


def may_be_revised_by(kind: Change, told: Told, now: datetime) -> bool:
    """Whether it is time already for a change of this kind."""
    last = told.revised_at or told.stored_at
    return kind is Change.WORDS or (kind is Change.NUMBERS and now - last >= NUMBERS_APART)


def told_anew(told: Told, draft: Draft) -> Slices[tuple[Change, dict[str, Any]]]:
    """Compare what its source says now with the article; return what is to be written.

    What the source leaves out stays; so does the text of a page, where the source gives only a
    taste of it.
    """
    title = draft.title if draft.item.title else told.title
    summary = draft.item.summary or told.summary
    is_less = not draft.text or (draft.is_taste and len(draft.text) < len(told.text))
    text = told.text if is_less else draft.text
    kind = yield from _changing((told.title, told.summary, told.text), (title, summary, text))
    url = draft.url if draft.item.url else told.url
    return kind, {"title": title, "summary": summary, "text": text, "url": url}


def read_anew(told: Told, page: Item) -> tuple[Change, dict[str, Any]]:
    """Compare an article that is on its way with its page; half a page is none.

    Whether it is news has been decided.
    """
    if 2 * len(page.text) < len(told.text):
        return Change.NONE, {}
    values = completed(told, page) or {"text": page.text}
    decided = {"news_at", "quiet"}
    kept = {name: value for name, value in values.items() if name not in decided}
    return change(("", told.text), ("", page.text)), kept


def _words(texts: tuple[str, ...]) -> Slices[list[str]]:
    return (yield from gathered(text_in_slices(without_counters(text)) for text in texts))


def _without_numbers(texts: list[str]) -> list[str]:
    return [" ".join(_HAS_DIGIT.sub("", text).split()) for text in texts]
