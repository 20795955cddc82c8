"""Folds single characters, and knows the scripts in which each character is a word of its own.

Han characters may be written in several ways: 台湾, 台灣, 臺灣.
"""

import re
import tomllib
from itertools import chain, islice, product
from pathlib import Path
from typing import Final
from unicodedata import category, decimal, name, normalize

MOST_VARIANTS: Final = 16  # of a phrase that are searched
_DATA: Final = tomllib.loads(Path(__file__).with_name("han.toml").read_text("utf-8"))
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


# Control characters stand for signs that stay inside a word, because ASCII folds much faster.
JOIN: Final = "\x01"  # a dash or apostrophe inside a word
POINT: Final = "\x02"  # the point of U.S.
AMPERSAND: Final = "\x03"
PLUSES: Final = "\x04"
SHARP: Final = "\x05"
DOT: Final = "\x06"  # the point of .NET
MARKERS: Final = "\x01-\x06"

# Scripts written without spaces. Each character is a word, so that a search finds any run of them.
UNSPACED: Final = (
    "\u3005-\u3007\u3021-\u3029\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\ua9e0-\ua9ff\uaa60-\uaa7f"
)
_UNSPACED = re.compile(f"[{UNSPACED}]")
_HANGUL = re.compile("[\uac00-\ud7a3]$")
_DATE_UNIT = re.compile("(?<=\\d)[\u5e74\u6708\u65e5\ub144\uc6d4\uc77c]")  # 2026年, 2026년

_MARKS_ARE_DECORATION = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW"})
_STRIPPED = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u05f3\u05f4\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08d3-\u08ff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    "\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)
_SQUARED = re.compile("[\u3300-\u33ff]")  # whole words in one character: ㌦, ㎞, ㍻
_LETTERS: Final = {
    "\u0131": "i", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ł": "l", "ŧ": "t", "æ": "ae", "œ": "oe",
    "þ": "th",
}  # fmt: skip
_SIGN_OF_MARKER: Final = {
    AMPERSAND: "&",
    PLUSES: "++",
    SHARP: "#",
    DOT: " .",
    JOIN: JOIN,
    POINT: POINT,
}


class _Table(dict[int, str]):
    """A table for `str.translate`, filled on demand; most languages need about 100 characters."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _folded_char(chr(code))
        return folded


TABLE: Final = _Table()


def is_unspaced(word: str) -> bool:
    """Return whether a folded word is one character of a script written without spaces."""
    return _UNSPACED.match(word) is not None


def is_hangul(word: str) -> bool:
    """Return whether a particle may follow without a space, so that the word is a prefix."""
    return _HANGUL.search(word) is not None


def is_number(text: str) -> bool:
    """Return whether *text* has no word beside its digits and their units, as in 2026 or 2026年."""
    return not any(map(str.isalpha, _DATE_UNIT.sub("", text)))


def _folded_char(char: str) -> str:
    if char in _SIGN_OF_MARKER:
        return _SIGN_OF_MARKER[char]
    kind = category(char)
    if kind == "Cf" or _STRIPPED.match(char):
        return ""
    if kind[0] not in "LNM" and not _SQUARED.match(char):
        return " "
    if kind == "Nd":
        return str(decimal(char))
    return _letter(char)


def _letter(char: str) -> str:
    plain = _LETTERS.get(char) or normalize("NFKC", char).casefold()
    if name(plain[0], "").partition(" ")[0] in _MARKS_ARE_DECORATION:
        plain = normalize("NFKD", plain)
    if plain != char:
        return "".join(TABLE[ord(part)] for part in plain)
    return f" {FOLDS_TO.get(char, char)} " if is_unspaced(char) else char
