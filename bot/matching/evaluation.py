"""What a query means: which terms an article has, and whether the tree then holds."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

from bot.matching.characters import is_hangul, is_unspaced
from bot.matching.folding import Folded, fold
from bot.matching.tree import And, Node, Not, Or, Term

# What to look for in a reading, where every word has a space before and after it.
Needle: TypeAlias = str | re.Pattern[str]


@dataclass(frozen=True, slots=True)
class FoldedArticle:
    """Title and text are ranges of their own: no phrase spans them."""

    title: Folded
    text: Folded

    def has(self, term: Term) -> bool:
        return _occurs(term, self.title) or (not term.title and _occurs(term, self.text))


def fold_article(title: str, text: str) -> FoldedArticle:
    return FoldedArticle(fold(title), fold(text))


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a query matched: its terms that the article has, and whether the title has one."""

    words: tuple[str, ...]
    in_title: bool


def reasons(node: Node, article: FoldedArticle) -> Reasons | None:
    """None where the query does not match."""
    found = frozenset(telling_terms(node, article.has))
    if not found:
        return None
    words = tuple(sorted({term.shown for term in found}))
    return Reasons(words, any(_occurs(term, article.title) for term in found))


def holds(node: Node, has: Callable[[Term], bool]) -> bool:
    match node:
        case Term():
            return has(node)
        case Not():
            return not holds(node.operand, has)
        case And():
            return all(holds(operand, has) for operand in node.operands)
        case Or():
            return any(holds(operand, has) for operand in node.operands)


def telling_terms(node: Node, has: Callable[[Term], bool]) -> Iterator[Term]:
    """The terms because of which *node* holds: nothing under a NOT, no branch that fails."""
    if isinstance(node, Not) or not holds(node, has):
        return
    if isinstance(node, Term):
        yield node
        return
    for operand in node.operands:
        yield from telling_terms(operand, has)


def forms(term: Term) -> Iterator[tuple[str, ...]]:
    """The term's words as they stand, then with each two neighbours written as one.

    So `e-mail` finds "email" and `1,000` finds "1000"; that "e-mail" is found by `email` is the
    joined reading of the text.
    """
    yield term.words
    for at, pair in enumerate(pairwise(term.words)):
        if can_be_joined(*pair):
            yield (*term.words[:at], "".join(pair), *term.words[at + 2 :])


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


def _occurs(term: Term, folded: Folded) -> bool:
    return any(
        needle in reading if isinstance(needle, str) else needle.search(reading) is not None
        for reading in folded.readings
        for needle in needles(term)
    )
