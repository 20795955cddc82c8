"""Finds the places at which a query hits an article."""

from collections.abc import Iterator
from itertools import islice
from typing import Final, Literal

from bot.matching.evaluate import Field, FoldedArticle, Run, leaves_that_hold, pairs, place, runs
from bot.matching.query import ParsedQuery
from bot.matching.query.ast import Leaf, Near, Term
from bot.matching.query.fields import without_fields
from bot.text.folding import fold, pieces
from bot.text.snippets import Span

_PART: Final = 512  # characters
_MOST_SPANS: Final = 10_000  # of one term in one reading; later spans only repeat it


def spans(query: ParsedQuery, title: str, text: str) -> tuple[Span, ...]:
    """Return `spans_in` an article that is folded for this call alone."""
    return spans_in(query, folded_in_parts(title, text))


def spans_in(query: ParsedQuery, article: FoldedArticle) -> tuple[Span, ...]:
    """Return every hit in order, title first, with overlapping ones; () if the query fails.

    Conditions on sources, labels and language are assumed to hold. Both terms of a NEAR are hits.
    """
    tree = without_fields(query.tree)
    leaves = frozenset(leaves_that_hold(tree, article.has)) if tree else frozenset[Leaf]()
    if not leaves:
        return ()
    in_text = frozenset(leaf for leaf in leaves if isinstance(leaf, Term | Near) and not leaf.title)
    return (
        *_spans("title", leaves, article.title_field),
        *_spans("text", in_text, article.text_field),
    )


def folded_in_parts(title: str, text: str) -> FoldedArticle:
    """Fold *text* in small parts, because only parts with a hit are traced, which takes longest."""
    parts = [Field(part, fold(part)) for part in pieces(text, _PART)]
    return FoldedArticle(Field(title, fold(title)), Field.of(parts))


def _spans(name: Literal["title", "text"], leaves: frozenset[Leaf], field: Field) -> Iterator[Span]:
    words: dict[tuple[int, int], set[str]] = {}
    for reading in range(len(field.readings)):
        for leaf in leaves:
            for term, run in islice(_hits(leaf, reading, field), _MOST_SPANS):
                words.setdefault(place(field, reading, run), set()).add(term.shown)
    for (start, end), shown in sorted(words.items()):
        yield Span(name, start, end, tuple(sorted(shown)))


def _hits(leaf: Leaf, reading: int, field: Field) -> Iterator[tuple[Term, Run]]:
    if isinstance(leaf, Term):
        yield from ((leaf, run) for run in runs(leaf, reading, field))
    elif isinstance(leaf, Near):
        for left, right in pairs(leaf, reading, field):
            yield from ((leaf.left, left), (leaf.right, right))
