"""The features of an article: the words of its title and lead, shortened to their beginnings.

- Stop words and single letters are left out. So is the publisher's own name after the title
  (`Quake off the coast - Example Wire`).
- The first six letters stand for the word, so that `resigns` meets `resignation`. This is crude,
  but works for every language with endings.
- In scripts without spaces, each two characters in a row are a word.
- A word with a capital inside a sentence is a name, in scripts with capitals, unless most words of
  the title have one.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from bot.text.characters import is_unspaced
from bot.text.folding import fold
from bot.text.stopwords import STOP_WORDS

STEM: Final = 6
LONGEST_LEAD: Final = 200  # characters
_LONGEST_TITLE: Final = 300
_CACHED: Final = 8_192  # words that are not plain letters
_LONGEST_CACHED: Final = 24  # characters; without spaces, a whole sentence is one word
_TITLE_CASE: Final = 0.6  # share of capitalized longer words, above which a capital means nothing
_LONGER: Final = 3
_FIRST_SMALL: Final = "a"
_SENTENCE_ENDS: Final = frozenset(".!?:;|-\u2013\u2014")
_PARTS = re.compile("\\s+[-|\u00b7\u2013\u2014]\\s+|:\\s+")


class Features(NamedTuple):
    """Stems, each once. *lead*: those that the title does not have. *names*: those of both."""

    title: tuple[str, ...]
    lead: tuple[str, ...]
    names: frozenset[str]


def features_of(title: str, lead: str, publishers: Iterable[str] = ()) -> Features:
    """Return the features of an article; *publishers*: the names of its publishers."""
    heading = without_publisher(title, publishers)[:_LONGEST_TITLE]
    in_title, title_names = stems_and_names(heading)
    in_lead, lead_names = stems_and_names(lead[:LONGEST_LEAD])
    only_in_lead = dict.fromkeys(in_lead)
    for stem in in_title:
        only_in_lead.pop(stem, None)
    names = frozenset(title_names + lead_names)
    return Features(tuple(dict.fromkeys(in_title)), tuple(only_in_lead), names)


def without_publisher(title: str, publishers: Iterable[str]) -> str:
    """Return *title* without a part at its end or beginning that only names its publisher."""
    parts = _PARTS.split(title)
    if len(parts) == 1:
        return title
    own = _stems_of_names(tuple(publishers))
    if _is_within(parts[-1], own):
        return title[: title.rindex(parts[-1])]
    if _is_within(parts[0], own):
        return title[len(parts[0]) :]
    return title


def stems_and_names(text: str) -> tuple[list[str], list[str]]:
    """Return the stems of all words, and of those that are written as names."""
    stems: list[str] = []
    names: list[str] = []
    words = text.split()
    begins_sentence = True
    for word in words:
        if word.isalnum() and word.isascii():
            lower = word.lower()
            if lower not in STOP_WORDS and len(lower) > 1:
                stems.append(lower[:STEM])
                # A word with a capital sorts before "a".
                if word < _FIRST_SMALL and _is_name(word, begins_sentence=begins_sentence):
                    names.append(lower[:STEM])
            begins_sentence = False
            continue
        own = _folded_stems(word) if len(word) <= _LONGEST_CACHED else _stems_anew(word)
        stems += own
        if _is_name(word, begins_sentence=begins_sentence):
            names += own
        begins_sentence = word[-1] in _SENTENCE_ENDS
    if names:
        longer = [word for word in words if len(word) > _LONGER]
        if sum([word[0].isupper() for word in longer]) > _TITLE_CASE * len(longer):
            names = []
    return stems, names


def _is_name(word: str, *, begins_sentence: bool) -> bool:
    return word[0].isupper() and (not begins_sentence or word[1:].isupper())


def _stems_anew(word: str) -> tuple[str, ...]:
    """Return the stems of a word that is written between two spaces."""
    words: Iterable[str] = fold(word).words
    if not word.isascii():
        words = _in_pairs(words)
    return tuple([each[:STEM] for each in words if each not in STOP_WORDS and len(each) > 1])


_folded_stems = lru_cache(maxsize=_CACHED)(_stems_anew)


@lru_cache(maxsize=1_024)
def _stems_of_names(publishers: tuple[str, ...]) -> frozenset[str]:
    stems, _ = stems_and_names(" ".join(publishers).replace(".", " "))
    return frozenset(stems)


def _is_within(part: str, own: frozenset[str]) -> bool:
    stems, _ = stems_and_names(part)
    return bool(stems) and own.issuperset(stems)


def _in_pairs(words: Iterable[str]) -> Iterator[str]:
    """Join each character that is a word of its own with the next one."""
    before = ""
    for word in words:
        if not is_unspaced(word):
            before = ""
            yield word
            continue
        if before:
            yield before + word
        before = word
