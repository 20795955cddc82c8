"""Finds the verbs and particles of Japanese by the kana behind them.

A run of hiragana behind kanji is an ending, particles, or both. An ending makes a verb or an
adjective of a single kanji (負けた), which is no key word. Behind two kanji, or between kanji, one
kana makes a noun (利上げ).
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

_HIRAGANA: Final = re.compile("[\u3041-\u3096]+")
_KANJI: Final = re.compile("[\u4e00-\u9fff\u3005]+$")
_NOUN_ENDING: Final = re.compile(
    "[\u3044\u304d\u304e\u3057\u3058\u3061\u3073\u307f\u308a\u3048\u3051\u3052\u305b\u306d\u3079\u3081\u308c]"
)
_COMPOUND: Final = re.compile("[\u4e00-\u9fff\u30a1-\u30fa]")
_SHORT: Final = 2  # kana of a word on its own that is a key word hardly ever


def verbs_and_particles(line: str, particles: Iterable[str]) -> tuple[set[int], set[int]]:
    """Return the places of verbs and other endings in *line*, and those of particles.

    *line*: one sign for each word of the text, and a blank for those whose role is known.
    """
    pattern = _pattern(tuple(particles))
    verbs: set[int] = set()
    small: set[int] = set()
    for run in _HIRAGANA.finditer(line):
        found = pattern.search(run[0])
        begin = run.start() + (found.start() if found else len(run[0]))
        small.update(range(begin, run.end()))
        ending = line[run.start() : begin]
        if not ending:
            continue
        kanji = _KANJI.search(line[: run.start()])
        if not kanji:
            if run.start() > 0 or len(ending) <= _SHORT:
                verbs.update(range(run.start(), begin))
        elif _is_noun(ending, len(kanji[0]), line[begin : begin + 1]):
            continue
        else:
            first = kanji.start() if len(kanji[0]) == 1 else run.start()
            verbs.update(range(first, begin))
    return verbs, small


def _is_noun(ending: str, kanji: int, behind: str) -> bool:
    if not _NOUN_ENDING.fullmatch(ending):
        return False
    return kanji > 1 or bool(_COMPOUND.match(behind))


@cache
def _pattern(particles: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(particles, key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, longest_first))})+$")
