"""Traces each folded word back to its place in the original.

This second walk over a text is made only when places are needed, as in articles that match.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from unicodedata import category

from bot.text.characters import JOIN, TABLE
from bot.text.folding import FoldedForms, compose, fold, joined_pieces, pieces, signs

Place: TypeAlias = tuple[int, int]  # start and end, offsets into the original

_PLAIN_WORD = re.compile(f"[^ {JOIN}]+")
_JOINED_WORD = re.compile(f"{JOIN}*[^ {JOIN}][^ ]*")
_WITH_SPACE = re.compile(r"\S+\s*|\s+")  # no mark is composed over white space
# Hangul vowels and finals, and voice marks of kana.
_JOINS_THE_ONE_BEFORE = re.compile("[\u1160-\u11ff\uff9e\uff9f]")


@dataclass(frozen=True, slots=True)
class Trace:
    """A folded text, and the place of each word of each reading in the original."""

    folded: FoldedForms
    plain: tuple[Place, ...]
    joined: tuple[Place, ...]

    @property
    def readings(self) -> tuple[tuple[str, tuple[Place, ...]], ...]:
        return tuple(zip(self.folded.readings, (self.plain, self.joined), strict=False))


def trace(text: str) -> Trace:
    at, parts = 0, []
    for piece in pieces(text):
        parts.append(_trace(piece, at))
        at += len(piece)
    if len(parts) == 1:
        return parts[0]
    plain = tuple(place for part in parts for place in part.plain)
    joined = tuple(place for part in parts for place in part.joined)
    return Trace(joined_pieces([part.folded for part in parts]), plain, joined)


def _trace(piece: str, at: int) -> Trace:
    marked, starts, ends = _marked(piece)

    def places(word: re.Pattern[str]) -> tuple[Place, ...]:
        spans = [found.span() for found in word.finditer(marked)]
        return tuple([(at + starts[start], at + ends[end - 1]) for start, end in spans])

    folded, plain = fold(piece), places(_PLAIN_WORD)
    return Trace(folded, plain, places(_JOINED_WORD) if folded.joined else plain)


def _marked(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """Return the marked folded text, and where its characters start and end in *text*."""
    composed, first, last = _composed(text)
    # Most texts fold each character to one, so that its offset does not change.
    keeps_offsets = all(len(TABLE[ord(char)]) == 1 for char in set(composed))
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for start, end, replacement in [*signs(composed), (len(composed), len(composed), "")]:
        if keeps_offsets:
            chars.append(composed[at:start].translate(TABLE))
            starts += first[at:start]
            ends += last[at:start]
        else:
            for index in range(at, start):
                folded = TABLE[ord(composed[index])]
                chars.append(folded)
                starts += [first[index]] * len(folded)
                ends += [last[index]] * len(folded)
        if sign := replacement.translate(TABLE):
            chars.append(sign)
            starts += [first[start]] * len(sign)
            ends += [last[end - 1]] * len(sign)
        at = end
    return "".join(chars), starts, ends


def _composed(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """Return the composed text, and where each of its characters starts and ends in *text*."""
    composed = compose(text)
    if composed == text:
        return text, range(len(text)), range(1, len(text) + 1)
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for word in _WITH_SPACE.finditer(text):
        if compose(word[0]) == word[0]:
            chars.append(word[0])
            starts += range(*word.span())
            ends += range(word.start() + 1, word.end() + 1)
            continue
        for start, end in _clusters(text, *word.span()):
            cluster = compose(text[start:end])
            chars.append(cluster)
            starts += [start] * len(cluster)
            ends += [end] * len(cluster)
    return "".join(chars), starts, ends


def _clusters(text: str, start: int, end: int) -> Iterator[Place]:
    """Yield the place of each character together with those that may be composed into it."""
    for index in range(start + 1, end):
        char = text[index]
        if category(char)[0] != "M" and not _JOINS_THE_ONE_BEFORE.match(char):
            yield start, index
            start = index
    yield start, end
