"""Where a term stands among the words of a field, each reading for itself."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import TypeAlias

from bot.matching.characters import is_hangul, is_unspaced
from bot.matching.folding import Folded, fold
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
    """A title or text: as it is, and folded; traced only for a term that must be spelt so."""

    original: str
    folded: Folded = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", fold(self.original))

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
        return any(_is_in(needle, reading) for reading in self.readings for needle in needles(leaf))

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
    left, right = sorted(runs(near.left, reading, field)), sorted(runs(near.right, reading, field))
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
    start, end = place(field.traced, reading, run)
    return spelled(field.original[start:end]) == term.spelling


def place(traced: Trace, reading: int, run: Run) -> Place:
    """Where in the original the words of *run* stand."""
    _, places = traced.readings[reading]
    return places[run[0]][0], places[run[1]][1]


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
