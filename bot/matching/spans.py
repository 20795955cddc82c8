"""Where in the original title and text a query's words are."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Literal

from bot.matching.evaluation import Needle, fold_article, needles, telling_terms
from bot.matching.query import Query
from bot.matching.tracing import Place, Trace, trace
from bot.matching.tree import Term

_MOST_HITS = 10_000  # of one term in one reading; what comes after is only repetition


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A hit; *start* and *end* are character offsets, *words* the query's terms that hit here."""

    field: Literal["title", "text"]
    start: int
    end: int
    words: tuple[str, ...]


def spans(query: Query, title: str, text: str) -> tuple[Span, ...]:
    """Every hit, title first, in order; overlapping ones too. Nothing if the query fails."""
    found = frozenset(telling_terms(query.tree, fold_article(title, text).has))
    if not found:
        return ()
    anywhere = frozenset(term for term in found if not term.title)
    return (*_spans("title", found, trace(title)), *_spans("text", anywhere, trace(text)))


def _spans(
    field: Literal["title", "text"], terms: frozenset[Term], traced: Trace
) -> Iterator[Span]:
    words: dict[Place, set[str]] = {}
    for reading, places in traced.readings:
        starts = list(accumulate((len(word) + 1 for word in reading.split()), initial=0))
        for term in terms:
            for start, end in islice(_hits(term, reading), _MOST_HITS):
                first, last = bisect_right(starts, start) - 1, bisect_right(starts, end - 1) - 1
                place = places[first][0], places[last][1]
                words.setdefault(place, set()).add(term.shown)
    for (start, end), shown in sorted(words.items()):
        yield Span(field, start, end, tuple(sorted(shown)))


def _hits(term: Term, reading: str) -> Iterator[Place]:
    """Where the words hit, without the spaces around them; a hit may begin inside another."""
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
