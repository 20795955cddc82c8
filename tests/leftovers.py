"""Untranslated sentences, unfilled placeholders and visible markup in texts for users."""

import re
from collections.abc import Collection, Iterable, Iterator

_UNFILLED = re.compile(r"%\(\w+\)|\{[{%]|\bNone\b|Undefined|object at 0x")
_BROKEN = re.compile(r"</?[a-z][a-z-]*(?: [^<>]*)?>|&(?:amp|lt|gt|quot|nbsp|#\d+);")
_NO_WORDS = re.compile(r"https?://\S+|\S+@\S+|(?<!\w)[/@#]\w+|\w+:\S*")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
_FEW = 2  # words in Latin letters that may stay, such as names


def untidy(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines with an unfilled placeholder or visible markup."""
    for line in lines:
        if found := _UNFILLED.search(line) or _BROKEN.search(line):
            yield f"{found[0]} in: {line}"


def english(lines: Iterable[str], before: Collection[str], data: Iterable[str]) -> Iterator[str]:
    """Yield the lines that translation left unchanged, except those that are mostly *data*."""
    data = sorted(data, key=len, reverse=True)
    for line in lines:
        if line in before and _is_sentence(line, data):
            yield f"is English: {line}"


def _is_sentence(line: str, data: Iterable[str]) -> bool:
    for value in data:
        line = line.replace(value, " ")
    return len(_LATIN_WORD.findall(_NO_WORDS.sub(" ", line))) > _FEW
