"""What an article is about: the words of its title and lead, shortened to their beginnings.

- Stop words, single letters and numbers say nothing; nor does the outlet's own name behind the
  title (`Quake off the coast - Example Wire`).
- The first five letters stand for the word, so that `resigns` meets `resignation`: crude, but the
  same for every language with endings.
- Where words are written without spaces, two characters in a row are a word.
- A word with a capital inside a sentence is a name, in the scripts that have capitals. Titles in
  which most words have one say nothing about that.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.matching.characters import is_unspaced
from bot.matching.folding import fold
from bot.matching.stopwords import STOP_WORDS

STEM: Final = 5
LONGEST_LEAD: Final = 400  # characters
_LONGEST_TITLE: Final = 300
_ALL_CAPITALS: Final = 0.6  # of the longer words: then a capital means nothing
_LONGER: Final = 3
_ENDS: Final = frozenset(".!?:;|-\u2013\u2014")
_OPENING: Final = " \"'(\u00ab\u2018\u201c\u201e"
_WORD = re.compile("[^\\W\\d_][\\w'\u2019-]*")
_PARTS = re.compile("\\s+[-|:\u00b7\u2013\u2014]\\s+")


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
    if text.isascii():
        return [word[:STEM] for word in words if _says_something(word)]
    stems, before = [], ""
    for word in words:
        if is_unspaced(word):
            if before:
                stems.append(before + word)
            before = word
        else:
            before = ""
            if _says_something(word):
                stems.append(word[:STEM])
    return stems


def _says_something(word: str) -> bool:
    return len(word) > 1 and word not in STOP_WORDS and not word.isdigit()


def _names(text: str) -> list[str]:
    found = [(match[0], match.start()) for match in _WORD.finditer(text)]
    longer = [word for word, _ in found if len(word) > _LONGER]
    if sum(word[0].isupper() for word in longer) > _ALL_CAPITALS * len(longer):
        return []
    return [
        word
        for word, start in found
        if word[0].isupper() and (word[1:].isupper() or not _begins_sentence(text, start))
    ]


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip(_OPENING)
    return not before or before[-1] in _ENDS
