"""Han characters that are written in several ways: 台湾, 台灣, 臺灣."""

import tomllib
from itertools import chain, islice, product
from pathlib import Path
from typing import Final

MOST_VARIANTS: Final = 16  # of a phrase that are searched
_DATA: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_SAME: Final[list[str]] = _DATA["same"].split()
_MERGED: Final[list[str]] = _DATA["merged"].split()


def _folds_to() -> dict[str, str]:
    merged = [part for group in _MERGED for part in group.replace("=", "/").split("/")]
    return {char: group[0] for group in (*_SAME, *merged) for char in group[1:]}


def _alternatives() -> dict[str, tuple[str, ...]]:
    """Map each folded character that some writing merges to itself and what it may stand for."""
    alternatives: dict[str, tuple[str, ...]] = {}
    for group in _MERGED:
        merged, _, separate = group.partition("=")
        for part in separate.split("/"):
            for char, other in ((merged[0], part[0]), (part[0], merged[0])):
                alternatives[char] = (*alternatives.get(char, (char,)), other)
    return alternatives


FOLDS_TO: Final = _folds_to()
_ALTERNATIVES: Final = _alternatives()


def han_variants(words: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return the ways to write folded *words*, the unchanged words first; at most `MOST_VARIANTS`.

    Consistent ways of writing come before mixtures. A single word has no alternatives, because only
    another word tells what is meant: 麵 (noodles) alone would find every 面 (face), but 拉麵 finds
    拉面 and nothing else.
    """
    if len(words) == 1 or _ALTERNATIVES.keys().isdisjoint(words):
        return (words,)
    spellings = [_ALTERNATIVES.get(word, (word,)) for word in words]
    of_one_kind = (
        tuple(some[min(at, len(some) - 1)] for some in spellings)
        for at in range(max(map(len, spellings)))
    )
    variants = dict.fromkeys(chain(of_one_kind, islice(product(*spellings), MOST_VARIANTS)))
    return tuple(islice(variants, MOST_VARIANTS))
