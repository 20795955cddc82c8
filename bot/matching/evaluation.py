"""What a query means: which of its leaves hold for an article, and whether the tree then does."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from bot.matching.folding import Folded
from bot.matching.occurrences import Field
from bot.matching.slices import Slices, finished
from bot.matching.surroundings import language_code, source_keys
from bot.matching.tree import And, Language, Leaf, Near, Node, Not, Or, Source, Term


@dataclass(frozen=True, slots=True)
class FoldedArticle:
    """Title and text are ranges of their own: no phrase spans them."""

    title_field: Field
    text_field: Field
    sources: frozenset[str] = frozenset()  # every key of `source_keys`
    language: str = ""
    known: dict[Leaf, bool] = field(default_factory=dict, compare=False)  # see `learned`

    @property
    def title(self) -> Folded:
        return self.title_field.folded

    @property
    def text(self) -> Folded:
        return self.text_field.folded

    def has(self, leaf: Leaf) -> bool:
        if self.known and leaf in self.known:
            return self.known[leaf]
        match leaf:
            case Source():
                return leaf.name in self.sources
            case Language():
                return leaf.code == self.language
            case _:
                in_title = self.title_field.has(leaf)
                return in_title or (not leaf.title and self.text_field.has(leaf))


def fold_article(
    title: str, text: str, *, sources: Iterable[str] = (), language: str | None = None
) -> FoldedArticle:
    """*sources* are the hosts and names of those that carried it."""
    return finished(article_folded(title, text, sources=sources, language=language))


def article_folded(
    title: str, text: str, *, sources: Iterable[str] = (), language: str | None = None
) -> Slices[FoldedArticle]:
    title_field = yield from Field.in_slices(title)
    text_field = yield from Field.in_slices(text)
    return FoldedArticle(title_field, text_field, source_keys(sources), language_code(language))


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a query matched: its terms that the article has, and whether the title has one."""

    words: tuple[str, ...]
    in_title: bool


def reasons(node: Node, article: FoldedArticle) -> Reasons | None:
    """None where the query does not match."""
    found = set(telling_leaves(node, article.has))
    if not found:
        return None
    worded = [leaf for leaf in found if isinstance(leaf, Term | Near)]
    words = {shown for leaf in worded or found for shown in _shown(leaf)}
    return Reasons(tuple(sorted(words)), any(map(article.title_field.has, worded)))


def _shown(leaf: Leaf) -> tuple[str, ...]:
    if isinstance(leaf, Near):
        return leaf.left.shown, leaf.right.shown
    return (leaf.shown,)


def holds(node: Node, has: Callable[[Leaf], bool]) -> bool:
    match node:
        case Not():
            return not holds(node.operand, has)
        case And():
            return all(holds(operand, has) for operand in node.operands)
        case Or():
            return any(holds(operand, has) for operand in node.operands)
        case leaf:
            return has(leaf)


def telling_leaves(node: Node, has: Callable[[Leaf], bool]) -> Sequence[Leaf]:
    """The leaves because of which *node* holds: nothing under a NOT, no branch that fails."""
    return _telling(node, has) or ()


def _telling(node: Node, has: Callable[[Leaf], bool]) -> list[Leaf] | None:
    """None where *node* does not hold. No leaf is looked at twice."""
    match node:
        case Not():
            return None if holds(node.operand, has) else []
        case And():
            found: list[Leaf] = []
            for operand in node.operands:
                if (leaves := _telling(operand, has)) is None:
                    return None
                found += leaves
            return found
        case Or():
            branches = [_telling(operand, has) for operand in node.operands]
            held = [leaves for leaves in branches if leaves is not None]
            return list(chain.from_iterable(held)) if held else None
        case leaf:
            return [leaf] if has(leaf) else None
