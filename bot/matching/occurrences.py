"""Where a term stands among the words of a field, each reading for itself."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import TypeAlias

from bot.matching.characters import is_hangul, is_unspaced
from bot.matching.folding import PIECE, Folded, fold, merged, pieces
from bot.matching.slices import Slices
from bot.matching.spelling import spelled
from bot.matching.tracing import Place, Trace, trace
from bot.matching.tree import Near, Term
from bot.matching.variants import ways

# What to look for in a reading, where every word has a space before and after it.
Needle: TypeAlias = str | re.Pattern[str]
# The first and the last word of a hit, counted from 0.
Run: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Field:
    """A title or text: as it is, and folded; traced only for a term that must be spelt so.

    `parts` are the pieces that a long one was folded in.
    """

    original: str
    folded: Folded
    parts: tuple["Field", ...] = ()

    @classmethod
    def in_slices(cls, text: str) -> Slices["Field"]:
        if len(text) <= PIECE:
            return cls(text, fold(text))
        parts = []
        for piece in pieces(text):
            parts.append(cls(piece, fold(piece)))
            yield
        whole = cls(text, merged([part.folded for part in parts]), tuple(parts))
        yield
        return whole

    @classmethod
    def of(cls, parts: Sequence["Field"]) -> "Field":
        """Neighbours as one."""
        text = "".join(part.original for part in parts)
        return cls(text, merged([part.folded for part in parts]), tuple(parts))

    @cached_property
    def traced(self) -> Trace:
        return trace(self.original)

    @cached_property
    def spelled(self) -> str:
        return spelled(self.original)

    def has(self, leaf: Term | Near) -> bool:
        if isinstance(leaf, Near):
            return any(
                next(pairs(leaf, reading, self), None) for reading in range(len(self.readings))
            )
        if leaf.spelling:
            return any(
                next(runs(leaf, reading, self), None) for reading in range(len(self.readings))
            )
        sought = needles(leaf)
        for reading in self.folded.readings:  # no generator: this runs for each query that may hit
            for needle in sought:
                if _is_in(needle, reading):
                    return True
        return False

    @property
    def readings(self) -> tuple[str, ...]:
        return self.folded.readings

    @cached_property
    def starts(self) -> tuple[list[int], ...]:
        """Of each reading, the offset of the space before each of its words."""
        return tuple(
            list(accumulate((len(word) + 1 for word in reading.split()), initial=0))
            for reading in self.readings
        )

    @cached_property
    def first_words(self) -> tuple[list[int], ...]:
        """Of each reading, the number of the first word of each part, and of all words."""
        return tuple(
            list(accumulate((_words_in(part, reading) for part in self.parts), initial=0))
            for reading in range(len(self.readings))
        )

    @cached_property
    def offsets(self) -> list[int]:
        """Where in the original each part starts."""
        return list(accumulate((len(part.original) for part in self.parts), initial=0))

    def runs(self, term: Term, reading: int) -> list[Run]:
        """Each hit once, in order."""
        known = self._runs.get((term, reading))
        if known is None:
            known = self._runs[term, reading] = sorted(runs(term, reading, self))
        return known

    @cached_property
    def _runs(self) -> dict[tuple[Term, int], list[Run]]:
        return {}


def _words_in(part: Field, reading: int) -> int:
    return max(0, part.readings[: reading + 1][-1].count(" ") - 1)


def runs(term: Term, reading: int, field: Field) -> Iterator[Run]:
    """Each hit once, in no order."""
    if term.spelling and term.spelling not in field.spelled:
        return
    starts = field.starts[reading]
    for start, end in _hits(term, field.readings[reading]):
        run = bisect_right(starts, start) - 1, bisect_left(starts, end) - 1
        if not term.spelling or _is_spelt(term, reading, run, field):
            yield run


def pairs(near: Near, reading: int, field: Field) -> Iterator[tuple[Run, Run]]:
    """Each hit of the one term with each of the other that is near enough."""
    left, right = field.runs(near.left, reading), field.runs(near.right, reading)
    yield from _following(left, right, near.distance)
    if near.left != near.right:
        yield from ((other, one) for one, other in _following(right, left, near.distance))


def _following(
    left: Sequence[Run], right: Sequence[Run], distance: int
) -> Iterator[tuple[Run, Run]]:
    for run in left:
        at = bisect_left(right, (run[1] + 1, 0))
        while at < len(right) and right[at][0] <= run[1] + 1 + distance:
            yield run, right[at]
            at += 1


def _is_spelt(term: Term, reading: int, run: Run, field: Field) -> bool:
    start, end = place(field, reading, run)
    return spelled(field.original[start:end]) == term.spelling


def place(field: Field, reading: int, run: Run) -> Place:
    """Where in the original the words of *run* stand."""
    return _word(field, reading, run[0])[0], _word(field, reading, run[1])[1]


def _word(field: Field, reading: int, number: int) -> Place:
    if not field.parts:
        return field.traced.readings[reading][1][number]
    firsts, offsets = field.first_words[reading], field.offsets
    at = bisect_right(firsts, number) - 1
    part = field.parts[at]
    start, end = _word(part, min(reading, len(part.readings) - 1), number - firsts[at])
    return offsets[at] + start, offsets[at] + end


def forms(term: Term) -> Iterator[tuple[str, ...]]:
    """The term's words as they stand, then with each two neighbours written as one.

    So `e-mail` finds "email" and `1,000` finds "1000"; that "e-mail" is found by `email` is the
    joined reading of the text. Han characters that are merged with others are those too.
    """
    for words in ways(term.words):
        yield words
        for at, pair in enumerate(pairwise(words)):
            if can_be_joined(*pair):
                yield (*words[:at], "".join(pair), *words[at + 2 :])


def can_be_joined(left: str, right: str) -> bool:
    return not any(is_unspaced(word) or "." in word or "&" in word for word in (left, right))


@lru_cache(maxsize=1 << 16)
def needles(term: Term) -> tuple[Needle, ...]:
    return tuple(_needle(form, prefix=term.prefix) for form in forms(term))


def _needle(form: tuple[str, ...], *, prefix: bool) -> Needle:
    *inner, last = form
    end = "" if prefix or is_hangul(last) else " "
    if not any(map(is_hangul, inner)):
        return f" {' '.join(form)}{end}"
    opened = [re.escape(word) + "[^ ]*" * is_hangul(word) for word in inner]
    return re.compile(f" {' '.join(opened)} {re.escape(last)}{end}")


def _is_in(needle: Needle, reading: str) -> bool:
    return needle in reading if isinstance(needle, str) else needle.search(reading) is not None


def _hits(term: Term, reading: str) -> Iterator[Place]:
    """From the space before to behind the last letter; a hit may begin inside another."""
    for needle in needles(term):
        at = 0
        while found := _next_hit(needle, reading, at):
            start, end = found
            yield start, end - 1 if reading[end - 1] == " " else end
            at = start + 1


def _next_hit(needle: Needle, reading: str, at: int) -> Place | None:
    if isinstance(needle, str):
        start = reading.find(needle, at)
        return None if start < 0 else (start, start + len(needle))
    found = needle.search(reading, at)
    return None if found is None else found.span()
