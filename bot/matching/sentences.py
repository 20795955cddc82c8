# ruff: noqa: RUF001 - the punctuation of many scripts is its matter
"""Where sentences begin and end, in any language, by rules that need no model.

What ends one: `.!?…` and their kin before a blank, an ideographic full stop, a line end. What does
not: such a sign before a lower-case letter; a full stop after an initial, an abbreviation, the
number of a day; a short word's full stop before a digit ("Nov. 25").
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from bot.matching.tracing import Place

_END = re.compile(
    r"""(?: [.!?\u2026\u061f\u06d4\u0964]+ ["'\u2019\u201d\u00bb)\]]* (?= \s )
          | [\u3002\uff01\uff1f]+ [\u300d\u300f\u201d\uff09]*
          | (?= \n ) ) \s*""",
    re.VERBOSE,
)
_LAST_WORD = re.compile(r"[^\W_]+(?:[.'\u2019-][^\W_]+)*\Z")
_NEXT_WORD = re.compile(r"[\"'\u2018\u201c\u00ab\u201e(\[]*([^\W_]+)(\.?)")
_LONGEST_WORD = 30
_LONGEST_ABBREVIATION = 5
_LONGEST_ORDINAL = 2
_TITLES = (
    "adm amb avv brig bzw ca capt cmdr cf col cpl dhr doç dott dr dra drs env evtl exmo ft gen ggf "
    "gov hon hr ing inkl jl kl lic lt maj messrs mevr min mio mlle mln mme mr mrd mrs ms mt nr "
    "núm pres prof pág rep rev sen sgt sig sr sra srta st sta ste supt św tys tzv ul univ uu vs "
    "гг др им проф пос руб см стр тел тыс ул"
)
_SHORTENED = "al approx assn bijv bros co corp dept ee est etc inc jr ltd plc pty usw д р"
_FIRST_WORDS = (
    "the an he she it they we you this that these those there his her its their when while after "
    "before as if but and in on at by for der die das ein eine er sie es wir im am le les il elle "
    "el los las он она они это в на"
)
_BEFORE_NAMES = frozenset(_TITLES.split())
_MAY_END = frozenset(_SHORTENED.split())
_STARTERS = frozenset(_FIRST_WORDS.split())


def sentences(text: str) -> list[Place]:
    """Every sentence of *text* without the spaces around it."""
    borders = [0, *_ends(text), len(text)]
    return [
        (start + len(sentence) - len(sentence.lstrip()), start + len(sentence.rstrip()))
        for start, end in pairwise(borders)
        if (sentence := text[start:end]).strip()
    ]


def _ends(text: str) -> Iterator[int]:
    for found in _END.finditer(text):
        if not found[0].strip() or "\n" in found[0] or _is_end(text, found):
            yield found.end()


def _is_end(text: str, found: re.Match[str]) -> bool:
    following = _NEXT_WORD.match(text, found.end(), found.end() + _LONGEST_WORD)
    if following is None:
        return True
    if following[1][0].islower():
        return text[found.start()] in "\u3002\uff01\uff1f"
    if found[0].rstrip() != ".":
        return True
    return not _is_abbreviated(_word_before(text, found.start()), following)


def _word_before(text: str, at: int) -> str:
    start = max(0, at - _LONGEST_WORD)
    found = _LAST_WORD.search(text[start:at])
    return found[0] if found else ""


def _is_abbreviated(word: str, following: re.Match[str]) -> bool:
    """Whether the full stop between *word* and *following* ends no sentence."""
    folded = word.casefold()
    if folded in _BEFORE_NAMES:
        return True
    if following[1][0].isdigit():
        return len(word) <= _LONGEST_ABBREVIATION and not word.isdigit()
    is_starter = following[1].casefold() in _STARTERS and not following[2]
    is_initial = len(word) == 1 or all(len(part) == 1 for part in folded.split("."))
    is_ordinal = word.isdecimal() and len(word) <= _LONGEST_ORDINAL
    return (is_initial or is_ordinal or folded in _MAY_END) and not is_starter
