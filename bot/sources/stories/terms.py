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
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from bot.matching.query.stopwords import STOP_WORDS
from bot.matching.text import fold, is_unspaced

STEM: Final = 6
LONGEST_LEAD: Final = 160  # characters
_LONGEST_TITLE: Final = 300
_KEPT: Final = 8_192  # words that are no plain letters, folded lately
_LONGEST_KEPT: Final = 24  # characters; where no spaces are written a sentence is one word
_UNSPACED: Final = "\u0e00"  # no word that begins before it is one character of such a script
_ALL_CAPITALS: Final = 0.6  # of the longer words: then a capital means nothing
_LONGER: Final = 3
_NO_DIGIT: Final = ":"  # stands behind them in the order of characters
_ENDS: Final = frozenset(".!?:;|-\u2013\u2014")  # behind them a sentence begins
_PARTS = re.compile("\\s+[-|\u00b7\u2013\u2014]\\s+|:\\s+")


class Terms(NamedTuple):
    title: tuple[str, ...]
    lead: tuple[str, ...]  # those that the title does not have
    names: frozenset[str]  # of both


def terms_of(title: str, lead: str, outlets: Iterable[str] = ()) -> Terms:
    heading = without_outlet(title, outlets)[:_LONGEST_TITLE].split()
    opening = lead[:LONGEST_LEAD].split()
    stems = dict.fromkeys(_stems(heading))
    rest = [stem for stem in dict.fromkeys(_stems(opening)) if stem not in stems]
    names = [*_names(heading), *_names(opening)]
    return Terms(tuple(stems), tuple(rest), frozenset(_stems(names)) if names else frozenset())


def without_outlet(title: str, outlets: Iterable[str]) -> str:
    """Cut a part off the end, or the beginning, of *title* that only says whose it is."""
    parts = _PARTS.split(title)
    if len(parts) == 1:
        return title
    own = set(folded_words(" ".join(outlets).replace(".", " ").split()))
    if own.issuperset(folded_words(parts[-1].split())):
        return title[: title.rindex(parts[-1])]
    if own.issuperset(folded_words(parts[0].split())):
        return title[len(parts[0]) :]
    return title


def _stems(written: Sequence[str]) -> list[str]:
    words = folded_words(written)
    if max(words, default="") >= _UNSPACED:
        words = list(_in_pairs(words))
    return [
        word[:STEM]
        for word in words
        if len(word) > 1 and word not in STOP_WORDS and (word > _NO_DIGIT or not word.isdigit())
    ]


def folded_words(written: Iterable[str]) -> list[str]:
    """Fold what stands between two spaces each for itself: no rule of folding looks over one."""
    words: list[str] = []
    for word in written:
        if word.isalnum() and word.isascii():
            words.append(word.lower())
        else:
            words += _folded(word) if len(word) <= _LONGEST_KEPT else fold(word).words
    return words


@lru_cache(maxsize=_KEPT)
def _folded(word: str) -> tuple[str, ...]:
    return fold(word).words


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


def _names(words: Sequence[str]) -> list[str]:
    capital = [at for at, word in enumerate(words) if word[0].isupper()]
    longer = len([word for word in words if len(word) > _LONGER])
    if sum(len(words[at]) > _LONGER for at in capital) > _ALL_CAPITALS * longer:
        return []
    return [
        words[at]
        for at in capital
        if (at and words[at - 1][-1] not in _ENDS) or words[at][1:].isupper()
    ]
