"""Finds phrases from the files of languages in a text.

A phrase is words with blanks between them:

- `show|send me`: either of two words, then another;
- `новост*`: a word with any ending;
- `tell me? about`: a word that may be missing;
- `time-zone|timezone`: a hyphen joins words within an alternative.

Phrases and texts are folded, so that capitals and accents do not matter. In scripts without spaces
each character is a word, so that a phrase is found inside a line.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from bot.text.characters import is_hangul
from bot.text.folding import fold
from bot.text.tracing import trace

# Folded words in a row; the last one may end with a star. An empty one may be missing.
Alternative: TypeAlias = tuple[str, ...]
Element: TypeAlias = tuple[Alternative, ...]
Kind = TypeVar("Kind")

_OR: Final = "|"
_STAR: Final = "*"
_MAY_BE_MISSING: Final = "?"


@dataclass(frozen=True, slots=True)
class TextWord:
    """A folded word, and its place in the text."""

    folded: str
    start: int
    end: int


def words_in(text: str) -> tuple[TextWord, ...]:
    traced = trace(text)
    return tuple(
        TextWord(folded, start, end)
        for folded, (start, end) in zip(traced.folded.words, traced.plain, strict=True)
    )


def elements(phrase: str) -> tuple[Element, ...]:
    """Read a phrase: the alternatives of each of its words."""
    return tuple(_alternatives(word) for word in phrase.split())


def with_particles(phrase: Iterable[Element]) -> tuple[Element, ...]:
    """Return *phrase* with any particle behind its longer Korean words."""
    return tuple(tuple(map(_with_particle, element)) for element in phrase)


def _with_particle(alternative: Alternative) -> Alternative:
    if not alternative or not is_hangul(alternative[-1]) or len(alternative[-1]) == 1:
        return alternative
    return (*alternative[:-1], alternative[-1] + _STAR)


def _alternatives(word: str) -> Element:
    bare = word.removesuffix(_MAY_BE_MISSING)
    found = tuple(_folded(one) for one in bare.split(_OR))
    return found if bare == word else (*found, ())


def _folded(word: str) -> Alternative:
    *others, last = fold(word).words
    return (*others, last + _STAR if word.endswith(_STAR) else last)


def _is_at(alternative: Alternative, words: Sequence[str], at: int) -> bool:
    if at + len(alternative) > len(words):
        return False
    return all(_is(word, words[at + offset]) for offset, word in enumerate(alternative))


def _is(word: str, found: str) -> bool:
    return found.startswith(word[:-1]) if word.endswith(_STAR) else found == word


def scattered(phrase: Sequence[Element], words: Sequence[str]) -> frozenset[int]:
    """Return the places of the words of a phrase that may stand anywhere, in any order.

    None if one of them is missing, or if a word would have to stand for two of them.
    """
    places: set[int] = set()
    least = sum(() not in element for element in phrase)
    for element in phrase:
        found = [
            place
            for alternative in element
            for at in range(len(words) if alternative else 0)
            if _is_at(alternative, words, at)
            for place in range(at, at + len(alternative))
        ]
        if not found and () not in element:
            return frozenset()
        places.update(found)
    return frozenset(places) if len(places) >= least else frozenset()


class PhraseTable(Generic[Kind]):
    """Finds the longest phrase at a place of a text, and its kind."""

    def __init__(self, phrases: Mapping[Kind, Iterable[str]]) -> None:
        """Read the *phrases* of each kind. If two are equally long, the first is found."""
        self._by_first: dict[str, list[tuple[tuple[Element, ...], Kind]]] = {}
        for kind, written in phrases.items():
            for phrase in map(elements, written):
                for first in dict.fromkeys(_first_words(phrase)):
                    self._by_first.setdefault(first, []).append((phrase, kind))

    def longest(self, words: Sequence[str], at: int) -> tuple[int, Kind] | None:
        """Return how many words the longest phrase at *at* has, and its kind."""
        best: tuple[int, Kind] | None = None
        for key in dict.fromkeys((words[at], words[at][:1] + _STAR)):
            for phrase, kind in self._by_first.get(key, ()):
                length = _longest_length(phrase, words, at)
                if length and (best is None or length > best[0]):
                    best = length, kind
        return best


def _first_words(phrase: Iterable[Element]) -> Iterator[str]:
    """Yield each word that may begin the phrase; one with a star by its first letter."""
    for element in phrase:
        for alternative in filter(None, element):
            first = alternative[0]
            yield first[:1] + _STAR if first.endswith(_STAR) else first
        if () not in element:
            return


def _longest_length(phrase: Iterable[Element], words: Sequence[str], at: int) -> int:
    ends = {at}
    for element in phrase:
        ends = {
            end + len(alternative)
            for end in ends
            for alternative in element
            if _is_at(alternative, words, end)
        }
        if not ends:
            return 0
    return max(ends) - at
