"""What an article is about: the words of its title and lead, shortened to their beginnings.

- Stop words, single letters and numbers say nothing; nor does the outlet's own name behind the
  title (`Quake off the coast - Example Wire`).
- The first six letters stand for the word, so that `resigns` meets `resignation`: crude, but the
  same for every language with endings.
- Where words are written without spaces, two characters in a row are a word.
- A word with a capital inside a sentence is a name, in the scripts that have capitals. Titles in
  which most words have one say nothing about that.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from bot.matching.characters import is_unspaced
from bot.matching.folding import fold
from bot.matching.stopwords import STOP_WORDS

STEM: Final = 6
LONGEST_LEAD: Final = 300  # characters
_LONGEST_TITLE: Final = 300
_ALL_CAPITALS: Final = 0.6  # of the longer words: then a capital means nothing
_LONGER: Final = 3
_NO_DIGIT: Final = ":"  # stands behind them in the order of characters
_ENDS: Final = frozenset(".!?:;|-\u2013\u2014")  # behind them a sentence begins
_PARTS = re.compile("\\s+[-|\u00b7\u2013\u2014]\\s+|:\\s+")


@dataclass(frozen=True, slots=True)
class Terms:
    title: tuple[str, ...]
    lead: tuple[str, ...]  # those that the title does not have
    names: frozenset[str]  # of both


def terms_of(title: str, lead: str, outlets: Iterable[str] = ()) -> Terms:
    title, lead = without_outlet(title, outlets)[:_LONGEST_TITLE], lead[:LONGEST_LEAD]
    heading = dict.fromkeys(_stems(title))
    rest = [stem for stem in dict.fromkeys(_stems(lead)) if stem not in heading]
    names = " ".join((*_names(title), *_names(lead)))
    return Terms(tuple(heading), tuple(rest), frozenset(_stems(names)))


def without_outlet(title: str, outlets: Iterable[str]) -> str:
    """Cut a part off the end, or the beginning, of *title* that only says whose it is."""
    parts = _PARTS.split(title)
    if len(parts) == 1:
        return title
    own = {word for outlet in outlets for word in fold(outlet.replace(".", " ")).plain.split()}
    if own.issuperset(fold(parts[-1]).plain.split()):
        return title[: title.rindex(parts[-1])]
    if own.issuperset(fold(parts[0]).plain.split()):
        return title[len(parts[0]) :]
    return title


def _stems(text: str) -> list[str]:
    words = fold(text).plain.split()
    if not text.isascii():
        words = list(_in_pairs(words))
    return [
        word[:STEM]
        for word in words
        if len(word) > 1 and word not in STOP_WORDS and (word > _NO_DIGIT or not word.isdigit())
    ]


def _in_pairs(words: Iterable[str]) -> Iterator[str]:
    """Join each character that is a word of its own to the one behind it."""
    before = ""
    for word in words:
        if not is_unspaced(word):
            before = ""
            yield word
            continue
        if before:
            yield before + word
        before = word


def _names(text: str) -> list[str]:
    words = text.split()
    longer = [word for word in words if len(word) > _LONGER]
    capital = [word for word in longer if word[0].isupper()]
    if len(capital) > _ALL_CAPITALS * len(longer):
        return []
    return [
        word
        for before, word in zip((".", *words), words, strict=False)
        if word[0].isupper() and (before[-1] not in _ENDS or word[1:].isupper())
    ]
