"""Splits texts into sentences, by rules for all languages and the word lists of `bot.languages`.

A sentence ends at `.!?…` or a similar sign before a blank, at an ideographic full stop, or at the
end of the line. It does not end if a lower-case letter follows, or at the full stop of an initial,
an abbreviation, the number of a day, or a short word before a digit ("Nov. 25").
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from bot.languages import all_words
from bot.text.tracing import Place

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


@cache
def _word_list(section: str) -> frozenset[str]:
    return frozenset(all_words(section))


def sentences(text: str) -> list[Place]:
    """Return the place of every sentence of *text*, without the white space around it."""
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
    # Without the words before it, because the search tries each character as a beginning.
    found = _LAST_WORD.search(text[start:at].rpartition(" ")[2])
    return found[0] if found else ""


def _is_abbreviated(word: str, following: re.Match[str]) -> bool:
    """Return whether the full stop between *word* and *following* ends no sentence."""
    folded = word.casefold()
    if folded in _word_list("titles"):
        return True
    if following[1][0].isdigit():
        return len(word) <= _LONGEST_ABBREVIATION and not word.isdigit()
    is_starter = following[1].casefold() in _word_list("sentence_starters") and not following[2]
    is_initial = len(word) == 1 or all(len(part) == 1 for part in folded.split("."))
    is_ordinal = word.isdecimal() and len(word) <= _LONGEST_ORDINAL
    return (is_initial or is_ordinal or folded in _word_list("abbreviations")) and not is_starter
