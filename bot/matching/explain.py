"""Explains why an article matches a query, or which parts of the query it lacks."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.matching.evaluate import FoldedArticle, fold_article, holds, reasons
from bot.matching.query import ParsedQuery, ast
from bot.matching.query.canonical import as_typed


class LineKind(StrEnum):
    """The kind of a line of the tree; a template has the words for it."""

    ALL = "all"
    ANY = "any"
    NOT = "not"
    WORD = "word"
    PHRASE = "phrase"
    BEGINNING = "beginning"
    EXACT = "exact"
    NEAR = "near"
    SOURCE = "source"
    AUTHOR = "author"
    CATEGORY = "category"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the tree, indented by *depth*. The deeper lines after it belong to it."""

    depth: int
    says: LineKind
    shown: str = ""
    other: str = ""  # the second term of a NEAR
    distance: int = 0
    title: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """*missing*: the fewest parts that must also hold for a match, as users write them.

    *words*: the words that matched. If parts are missing, the words that the article has anywhere,
    in any spelling.
    """

    lines: tuple[Line, ...]
    is_match: bool
    words: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def is_near_miss(self) -> bool:
        return bool(self.missing and self.words)

    @property
    def distance(self) -> tuple[int, int]:
        """The number of missing parts, then the negated number of words; smaller is nearer."""
        return len(self.missing), -len(self.words)


def explain(
    query: ParsedQuery,
    title: str,
    text: str,
    *,
    sources: Iterable[str] = (),
    language: str | None = None,
    labels: str = "",
) -> Explanation:
    article = fold_article(title, text, sources=sources, language=language, labels=labels)
    return explain_folded(query, article)


def explain_folded(query: ParsedQuery, article: FoldedArticle) -> Explanation:
    lines = tuple(in_lines(query.tree))
    if why := reasons(query.tree, article):
        typed = {term.shown: term.as_typed for term in ast.terms(query.tree)}
        words = tuple(typed.get(word, word) for word in why.words)
        return Explanation(lines, is_match=True, words=words)
    found = {term.as_typed for term in loose_terms(query.tree) if article.has(term)}
    missing = tuple(str(as_typed(part)) for part in missing_from(query.tree, article.has))
    return Explanation(lines, is_match=False, words=tuple(sorted(found)), missing=missing)


def in_lines(node: ast.Node, depth: int = 0) -> Iterator[Line]:
    """Yield the lines of a query's tree, from the top."""
    match node:
        case ast.And() | ast.Or():
            yield Line(depth, LineKind.ALL if isinstance(node, ast.And) else LineKind.ANY)
            for operand in node.operands:
                yield from in_lines(operand, depth + 1)
        case ast.Not():
            yield Line(depth, LineKind.NOT)
            yield from in_lines(node.operand, depth + 1)
        case leaf:
            yield replace(_line(leaf), depth=depth)


def missing_from(node: ast.Node, has: Callable[[ast.Leaf], bool]) -> tuple[ast.Node, ...]:
    """Return the fewest parts of *node* that must still hold; the first of equal choices."""
    if holds(node, has):
        return ()
    if isinstance(node, ast.And):
        parts = (missing_from(operand, has) for operand in node.operands)
        return tuple(part for some in parts for part in some)
    if isinstance(node, ast.Or):
        return min((missing_from(operand, has) for operand in node.operands), key=len)
    return (node,)


def wanted_leaves(node: ast.Node) -> Iterator[ast.Term | ast.Near]:
    """Yield the terms of *node* that are not under a NOT."""
    if isinstance(node, ast.And | ast.Or):
        for operand in node.operands:
            yield from wanted_leaves(operand)
    elif isinstance(node, ast.Term | ast.Near):
        yield node


def loose_terms(node: ast.Node) -> Iterator[ast.Term]:
    """Yield the wanted terms of *node*, for any field and any spelling."""
    for leaf in wanted_leaves(node):
        for term in (leaf.left, leaf.right) if isinstance(leaf, ast.Near) else (leaf,):
            yield replace(term, title=False, spelling="")


def loosened(query: ParsedQuery) -> ast.Node | None:
    """Return a query for any word of *query* anywhere, to find near misses.

    None if *query* has no words, or is already a single word anywhere.
    """
    words = list(loose_terms(query.tree))
    return ast.disjunction(words) if words and query.tree != words[0] else None


def _line(leaf: ast.Leaf) -> Line:
    match leaf:
        case ast.Near():
            both = leaf.left.as_typed, leaf.right.as_typed
            return Line(0, LineKind.NEAR, *both, distance=leaf.distance, title=leaf.title)
        case ast.SourceTerm():
            return Line(0, LineKind.SOURCE, leaf.typed or leaf.name)
        case ast.LabelTerm():
            return Line(0, LineKind(leaf.label), leaf.typed or leaf.name)
        case ast.LanguageTerm():
            return Line(0, LineKind.LANGUAGE, leaf.code)
        case ast.Term():
            return Line(0, _kind(leaf), leaf.as_typed.removesuffix("*"), title=leaf.title)


def _kind(term: ast.Term) -> LineKind:
    if term.exact:
        return LineKind.EXACT
    if term.prefix:
        return LineKind.BEGINNING
    return LineKind.PHRASE if " " in term.shown else LineKind.WORD
