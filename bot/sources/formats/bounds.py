"""How much of a document is taken, whoever sends it; so that none costs more than it is worth.

Far beyond what publishers write, but for a whole archive in one feed, of which the newest entries
count.
"""

import re
from dataclasses import replace
from itertools import accumulate, takewhile
from typing import Final

from bot.matching.text import UNSPACED
from bot.sources.formats.records import Document, Item, Unreadable
from bot.sources.formats.sitemaps import moment_of
from bot.sources.urls import LONGEST_LINK

MOST_ENTRIES: Final = 2_000  # of a document
MOST_TEXT: Final = 4_000_000  # characters of a document
MOST_ATTRIBUTES: Final = 256  # of an element
LONGEST_TEXT: Final = 200_000  # characters of an entry
LONGEST_NAME: Final = 2_000  # characters of a title, or of a name
LONGEST_WORD: Final = 256

# Each ends before the next "<", so that no character is looked at twice.
_TAG = re.compile(rb"<[\w:](?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+", re.ASCII)
_VALUE = re.compile(rb"=\s*+(?:\"[^\"<]*+\"|'[^'<]*+')")
_WORD = f"[^\\W_{UNSPACED}]"
_LONG_WORD = re.compile(f"({_WORD}{{{LONGEST_WORD}}}){_WORD}+")
_STEP = LONGEST_WORD // 2


def check_attributes(data: bytes) -> None:
    """Raise Unreadable where an element has too many: parsers take their square in time."""
    if data.count(b"=") <= MOST_ATTRIBUTES:
        return
    for tag in _TAG.finditer(data):
        if tag[0].count(b"=") > MOST_ATTRIBUTES and len(_VALUE.findall(tag[0])) > MOST_ATTRIBUTES:
            raise Unreadable(
                f"This has an element of more than {MOST_ATTRIBUTES} attributes.", "too_big"
            )


def bounded(document: Document) -> Document:
    """*document* within these bounds: of its entries the newest, in their order."""
    items = document.items
    if _are_within(items) and len(document.title) <= LONGEST_NAME:
        return document
    kept = _newest(tuple(map(_bounded, items)))
    return replace(
        document,
        title=_cut(document.title, LONGEST_NAME),
        items=kept,
        left_out=document.left_out + len(items) - len(kept),
    )


def _are_within(items: tuple[Item, ...]) -> bool:
    together = "\n".join(text for item in items for text in (item.title, item.summary, item.text))
    return (
        len(items) <= MOST_ENTRIES
        and len(together) <= MOST_TEXT
        and not _has_long_word(together)
        and all(map(_is_short, items))
    )


def _is_short(item: Item) -> bool:
    names = max(len(item.title), len(item.guid), len(item.credit))
    return names <= LONGEST_NAME and max(len(item.text), len(item.summary)) <= LONGEST_TEXT


def _has_long_word(text: str) -> bool:
    """A long word fills at least one of the slices, and hardly anything else does."""
    slices = (text[at : at + _STEP] for at in range(0, len(text) - _STEP, _STEP))
    return any(map(str.isalnum, slices)) and _LONG_WORD.search(text) is not None


def _bounded(item: Item) -> Item:
    return replace(
        item,
        guid=item.guid[:LONGEST_LINK],
        title=_cut(item.title, LONGEST_NAME),
        summary=_cut(item.summary, LONGEST_TEXT),
        text=_cut(item.text, LONGEST_TEXT),
        credit=_cut(item.credit, LONGEST_NAME),
    )


def _cut(text: str, longest: int) -> str:
    return _LONG_WORD.sub(r"\1", text[:longest]) if text else ""


def _newest(items: tuple[Item, ...]) -> tuple[Item, ...]:
    ranked = sorted(range(len(items)), key=lambda at: moment_of(items[at]), reverse=True)
    lengths = accumulate(_length(items[at]) for at in ranked[:MOST_ENTRIES])
    fitting = takewhile(lambda length: length <= MOST_TEXT, lengths)
    kept = sorted(at for at, _ in zip(ranked, fitting, strict=False))
    return tuple(items[at] for at in kept)


def _length(item: Item) -> int:
    return len(item.title) + len(item.summary) + len(item.text)
