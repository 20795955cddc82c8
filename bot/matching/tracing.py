"""Where each folded word stands in the original: a second walk, only for articles that hit."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias
from unicodedata import category

from bot.matching.characters import JOIN, TABLE
from bot.matching.folding import Folded, compose, fold, merged, pieces, signs

Place: TypeAlias = tuple[int, int]  # start and end, offsets into the original

_PLAIN_WORD = re.compile(f"[^ {JOIN}]+")
_JOINED_WORD = re.compile(f"{JOIN}*[^ {JOIN}][^ ]*")
_WITH_SPACE = re.compile(r"\S+\s*|\s+")  # no mark is composed over white space
_JOINS_THE_ONE_BEFORE = re.compile("[\u1160-\u11ff\uff9e\uff9f]")  # vowels, finals; voice marks


@dataclass(frozen=True, slots=True)
class Trace:
    """A folded text, and for each word of each reading its place in the original."""

    folded: Folded
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
    return Trace(merged([part.folded for part in parts]), plain, joined)


def _trace(piece: str, at: int) -> Trace:
    marks = list(_marked(piece))
    marked = "".join(char for char, _ in marks)

    def places(word: re.Pattern[str]) -> tuple[Place, ...]:
        return tuple(
            (at + marks[found.start()][1][0], at + marks[found.end() - 1][1][1])
            for found in word.finditer(marked)
        )

    folded, plain = fold(piece), places(_PLAIN_WORD)
    return Trace(folded, plain, places(_JOINED_WORD) if folded.joined else plain)


def _marked(text: str) -> Iterator[tuple[str, Place]]:
    """The characters of the folded text, markers and all, each with its place."""
    composed, places = _composed(text)
    at = 0
    for start, end, instead in [*signs(composed), (len(composed), len(composed), "")]:
        for index in range(at, start):
            for char in TABLE[ord(composed[index])]:
                yield char, places[index]
        for char in instead.translate(TABLE):
            yield char, (places[start][0], places[end - 1][1])
        at = end


def _composed(text: str) -> tuple[str, list[Place]]:
    composed = compose(text)
    if composed == text:
        return text, [(index, index + 1) for index in range(len(text))]
    chars: list[str] = []
    places: list[Place] = []
    for word in _WITH_SPACE.finditer(text):
        if compose(word[0]) == word[0]:
            chars.append(word[0])
            places += [(at, at + 1) for at in range(*word.span())]
            continue
        for start, end in _clusters(text, *word.span()):
            cluster = compose(text[start:end])
            chars.append(cluster)
            places += [(start, end)] * len(cluster)
    return "".join(chars), places


def _clusters(text: str, start: int, end: int) -> Iterator[Place]:
    """Each character with what may be composed into it."""
    for index in range(start + 1, end):
        char = text[index]
        if category(char)[0] != "M" and not _JOINS_THE_ONE_BEFORE.match(char):
            yield start, index
            start = index
    yield start, end
