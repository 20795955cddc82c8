"""Anchors: for each query a few keys, one of which is in every article that it matches.

A tree needs, of an AND, one operand; of an OR, all; a NOT gives none. Of the operands of an AND
the one with the most telling anchors is taken: few, and long, since long words are rare.
"""

from dataclasses import dataclass
from itertools import pairwise

from bot.matching.characters import is_hangul, is_unspaced
from bot.matching.evaluation import FoldedArticle
from bot.matching.occurrences import can_be_joined
from bot.matching.tree import And, Near, Node, Or, Term, conjunction


@dataclass(frozen=True, slots=True, order=True)
class Anchor:
    """A word of the article, two characters of an unspaced script, or the beginning of a word."""

    key: str
    prefix: bool = False


def anchors(node: Node) -> frozenset[Anchor]:
    """The anchors of *node*; none where it can hold without any term."""
    if isinstance(node, Term):
        return max(_choices(node), key=_telling)
    if isinstance(node, Near):
        return anchors(conjunction((node.left, node.right)))
    if isinstance(node, And):
        choices = [found for operand in node.operands if (found := anchors(operand))]
        return max(choices, key=_telling, default=frozenset())
    if isinstance(node, Or):
        parts = [anchors(operand) for operand in node.operands]
        return frozenset().union(*parts) if all(parts) else frozenset()
    return frozenset()


def keys(article: FoldedArticle) -> set[str]:
    """Every key that the article has; the beginnings of words are asked of the words."""
    found: set[str] = set()
    for reading in (*article.title.readings, *article.text.readings):
        words = reading.split()
        found.update(words)
        if not reading.isascii():
            found.update(_pairs(tuple(words)))
    return found


def _pairs(words: tuple[str, ...]) -> list[str]:
    return [
        left + right
        for left, right in pairwise(words)
        if len(left) == len(right) == 1 and is_unspaced(left) and is_unspaced(right)
    ]


def _choices(term: Term) -> list[frozenset[Anchor]]:
    """Each word of *term* with what may stand in its place when it is joined to a neighbour."""
    if pairs := _pairs(term.words):
        return [frozenset({Anchor(pair)}) for pair in pairs]
    return [_word_anchors(term, at) for at in range(len(term.words))]


def _word_anchors(term: Term, at: int) -> frozenset[Anchor]:
    words, last = term.words, len(term.words) - 1
    found = {Anchor(words[at], is_hangul(words[at]) or (term.prefix and at == last))}
    for left in (at - 1, at):
        if 0 <= left < last and can_be_joined(words[left], words[left + 1]):
            joined = words[left] + words[left + 1]
            found.add(Anchor(joined, is_hangul(joined) or (term.prefix and left + 1 == last)))
    return frozenset(found)


def _telling(found: frozenset[Anchor]) -> tuple[int, int]:
    return min(_weight(anchor) for anchor in found), -len(found)


def _weight(anchor: Anchor) -> int:
    """Two Han characters tell about as much as six letters."""
    return len(anchor.key) * (1 if anchor.key.isascii() else 3) - anchor.prefix
