"""Reads the endings of Korean words: particles of nouns, and the forms of verbs."""

import re
from functools import cache
from typing import Final

from bot.languages import words as words_of
from bot.matching.widen import is_place

_LEAST_STEM: Final = 2  # syllables
_EITHER: Final = ("\uc774\ub098", "\ub098")


def without_particle(word: str) -> str:
    """Return *word* as it stands in a dictionary: `한국` for `한국에서`."""
    if word.endswith(_nouns()) or is_place((word,), ("ko",)):
        return word
    found = _pattern("particles").search(word)
    return word[: found.start()] if found and found.start() >= _LEAST_STEM else word


def is_verb(word: str) -> bool:
    return not word.endswith(_nouns()) and bool(_pattern("verb_endings").search(word))


def means_either(word: str) -> bool:
    """Return whether the particle of *word* makes it one of two."""
    bare = without_particle(word)
    return bare != word and word[len(bare) :] in _EITHER


@cache
def _nouns() -> tuple[str, ...]:
    """Return the ends of nouns that look like a particle or a verb."""
    return words_of("whole_words").get("ko", ())


@cache
def _pattern(section: str) -> re.Pattern[str]:
    endings = sorted(words_of(section).get("ko", ()), key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(endings)})$")
