"""Where in the original title and text a query's words are."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from bot.matching.evaluation import fold_article, telling_leaves
from bot.matching.occurrences import Field, Run, pairs, place, runs
from bot.matching.query import Query
from bot.matching.surroundings import without_surroundings
from bot.matching.tree import Leaf, Near, Term

if TYPE_CHECKING:
    from bot.matching.tracing import Place

_MOST_HITS = 10_000  # of one term in one reading; what comes after is only repetition


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A hit; *start* and *end* are character offsets, *words* the query's terms that hit here."""

    field: Literal["title", "text"]
    start: int
    end: int
    words: tuple[str, ...]


def spans(query: Query, title: str, text: str) -> tuple[Span, ...]:
    """Every hit, title first, in order; overlapping ones too. Nothing if the query fails.

    What the query says of source and language is taken to hold; of two terms that are near
    each other each is a hit of its own.
    """
    tree = without_surroundings(query.tree)
    article = fold_article(title, text)
    found = frozenset(telling_leaves(tree, article.has)) if tree else frozenset[Leaf]()
    if not found:
        return ()
    anywhere = frozenset(leaf for leaf in found if isinstance(leaf, Term | Near) and not leaf.title)
    return (
        *_spans("title", found, article.title_field),
        *_spans("text", anywhere, article.text_field),
    )


def _spans(name: Literal["title", "text"], leaves: frozenset[Leaf], field: Field) -> Iterator[Span]:
    words: dict[Place, set[str]] = {}
    for reading in range(len(field.readings)):
        for leaf in leaves:
            for term, run in islice(_hits(leaf, reading, field), _MOST_HITS):
                words.setdefault(place(field, reading, run), set()).add(term.shown)
    for (start, end), shown in sorted(words.items()):
        yield Span(name, start, end, tuple(sorted(shown)))


def _hits(leaf: Leaf, reading: int, field: Field) -> Iterator[tuple[Term, Run]]:
    if isinstance(leaf, Term):
        yield from ((leaf, run) for run in runs(leaf, reading, field))
    elif isinstance(leaf, Near):
        for left, right in pairs(leaf, reading, field):
            yield from ((leaf.left, left), (leaf.right, right))
