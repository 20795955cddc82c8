"""What many queries ask of a long text: one walk over it, a window at a time.

Windows overlap, so that whatever hits stands in one of them as a whole; in each all that is still
sought is looked for at once. No step is long, and nothing of a window is kept.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bot.matching.characters import is_hangul
from bot.matching.evaluation import FoldedArticle
from bot.matching.occurrences import Field, forms
from bot.matching.slices import Slices
from bot.matching.tree import Leaf, Near, Node, Term, leaves, terms

WIDEST: Final = 1_100  # words, over which no term and no two that are near each other stretch


def learned(article: FoldedArticle, nodes: Iterable[Node]) -> Slices[None]:
    """Let *article*, if it is a long one, know of each leaf of *nodes* whether it has it."""
    if not article.text_field.parts:
        return
    sought: dict[str, set[Term | Near]] = {}
    for node in nodes:
        for leaf in leaves(node):
            if isinstance(leaf, Term | Near) and not leaf.title and leaf not in article.known:
                article.known[leaf] = article.title_field.has(leaf)
                for word in _first_words(leaf):
                    sought.setdefault(word, set()).add(leaf)
        yield
    for window in windows(article.text_field.parts):
        yield from _look(window, sought, article.known)


def _look(
    window: Field, sought: dict[str, set[Term | Near]], known: dict[Leaf, bool]
) -> Slices[None]:
    words = {"", *(word for reading in window.readings for word in reading.split())}
    yield
    for word in words & sought.keys():
        for leaf in [leaf for leaf in sought[word] if not known[leaf]]:
            yield from _trace(window, leaf)
            if window.has(leaf):
                known[leaf] = True
                sought[word].discard(leaf)
            yield


def _trace(window: Field, leaf: Term | Near) -> Slices[None]:
    """What takes longest, where the spelling may be there."""
    for term in terms(leaf):
        if term.spelling and term.spelling in window.spelled:
            for part in window.parts:
                _ = part.traced
                yield


def windows(parts: Sequence[Field]) -> Iterator[Field]:
    """Two neighbouring stretches each, with nothing that was found out about their parts before."""
    stretches = _stretches(parts)
    one = next(stretches)
    other = None
    for other in stretches:
        yield Field.of([*one, *other])
        one = other
    if other is None:
        yield Field.of(one)


def _stretches(parts: Sequence[Field]) -> Iterator[list[Field]]:
    """Neighbours with at least `WIDEST` words together; the last may have fewer."""
    stretch: list[Field] = []
    words = 0
    for part in parts:
        stretch.append(Field(part.original, part.folded))
        words += part.readings[-1].count(" ") - 1
        if words >= WIDEST:
            yield stretch
            stretch, words = [], 0
    if stretch:
        yield stretch


def _first_words(leaf: Term | Near) -> set[str]:
    """A word that is there if *leaf* is, of each way to write it; "" where it may be any."""
    if isinstance(leaf, Near):
        return _first_words(leaf.left)
    firsts = {form[0] for form in forms(leaf)}
    shortest = min(map(len, forms(leaf)))
    is_open = any(map(is_hangul, firsts)) or (leaf.prefix and shortest == 1)
    return {""} if is_open else firsts
