"""The tree of a query: frozen, flattened and sorted, so that equal queries are equal trees."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypeAlias
from unicodedata import is_normalized

from bot.text.characters import is_hangul, is_unspaced
from bot.text.folding import LabelField, label_tokens

_APOSTROPHE = "\u02bc"  # a letter, but between two letters it joins them
_OPERATORS = frozenset({"and", "near", "not", "or"})


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase: folded words in a row, of which the last may be only a beginning.

    *spelling*: if given, the original text must have exactly this spelling where the words hit.
    *typed*: the text as the user typed it, which is shown but does not distinguish queries.
    """

    words: tuple[str, ...]
    prefix: bool = False
    title: bool = False
    spelling: str = ""
    typed: str = field(default="", compare=False)

    @property
    def exact(self) -> bool:
        return bool(self.spelling)

    @property
    def shown(self) -> str:
        """The folded words, without quotes or field."""
        return self.spelling or _written(self.words) + "*" * self.prefix

    @property
    def as_typed(self) -> str:
        """The words as their user typed them."""
        return self.typed + "*" * self.prefix if self.typed else self.shown

    def __str__(self) -> str:
        where = "title:" if self.title else ""
        if self.spelling:
            return f'{where}"{self.spelling}"c'
        return where + quoted(self.shown)


@dataclass(frozen=True, slots=True)
class Near:
    """Two terms in one field, in either order, with at most *distance* words between them.

    They do not overlap, and both are in the same reading. Call `near` to make one with its terms
    sorted.
    """

    left: Term
    right: Term
    distance: int

    @property
    def title(self) -> bool:
        return self.left.title

    @property
    def shown(self) -> str:
        return f"{self.left.shown} … {self.right.shown}"

    @property
    def as_typed(self) -> str:
        return f"{self.left.as_typed} … {self.right.as_typed}"

    def __str__(self) -> str:
        return f"{self.left} NEAR/{self.distance} {self.right}"


@dataclass(frozen=True, slots=True)
class SourceTerm:
    """A host, which its subdomains also match, or the folded name of a source of the article."""

    name: str
    typed: str = field(default="", compare=False)

    @property
    def shown(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"source:{quoted(self.name)}"


@dataclass(frozen=True, slots=True)
class LabelTerm:
    """Folded words in a row in the author's name or in one of the article's categories."""

    label: LabelField
    name: str
    typed: str = field(default="", compare=False)

    @property
    def tokens(self) -> str:
        return label_tokens(self.label, self.name.split())

    @property
    def shown(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"{self.label}:{quoted(self.name)}"


@dataclass(frozen=True, slots=True)
class LanguageTerm:
    """The article's language, an ISO 639-1 code."""

    code: str

    @property
    def shown(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"lang:{self.code}"


Leaf: TypeAlias = Term | Near | SourceTerm | LabelTerm | LanguageTerm


@dataclass(frozen=True, slots=True)
class Not:
    operand: "Node"

    def __str__(self) -> str:
        return f"-{_bracketed(self.operand, And, Or, Near)}"


@dataclass(frozen=True, slots=True)
class And:
    operands: tuple["Node", ...]

    def __str__(self) -> str:
        return " ".join(_bracketed(operand, Or) for operand in self.operands)


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple["Node", ...]

    def __str__(self) -> str:
        return " OR ".join(map(str, self.operands))


Node: TypeAlias = Leaf | Not | And | Or


def term(
    words: Iterable[str],
    *,
    prefix: bool = False,
    title: bool = False,
    spelling: str = "",
    typed: str = "",
) -> Term:
    """Make a term; drop a star if the last word is searched as a beginning anyway."""
    words = tuple(words)
    is_open = prefix and not is_unspaced(words[-1]) and not is_hangul(words[-1])
    return Term(words, is_open, title, spelling, typed)


def quoted(shown: str) -> str:
    return f'"{shown}"' if " " in shown or shown.lower() in _OPERATORS else shown


def near(one: Term, other: Term, distance: int) -> Near:
    """Make a Near in one field: if one term is for the title, both are."""
    title = one.title or other.title
    left, right = sorted((replace(one, title=title), replace(other, title=title)), key=str)
    return Near(left, right, distance)


def negation(node: Node) -> Node:
    """Negate *node*: NOT (a OR b) is NOT a AND NOT b, so that no OR is under a NOT."""
    if isinstance(node, Or):
        return conjunction(map(negation, node.operands))
    return node.operand if isinstance(node, Not) else Not(node)


def conjunction(nodes: Iterable[Node]) -> Node:
    return _joined(And, nodes)


def disjunction(nodes: Iterable[Node]) -> Node:
    """Join with OR: NOT a OR NOT b is NOT (a AND b), so that an OR has at most one NOT."""
    nodes = [
        each for node in nodes for each in (node.operands if isinstance(node, Or) else (node,))
    ]
    missing = [node.operand for node in nodes if isinstance(node, Not)]
    if len(missing) > 1:
        wanted = [node for node in nodes if not isinstance(node, Not)]
        nodes = [*wanted, negation(conjunction(missing))]
    return _joined(Or, nodes)


def leaves(node: Node) -> Iterator[Leaf]:
    """Yield each leaf as often as it occurs."""
    if isinstance(node, Not):
        yield from leaves(node.operand)
    elif isinstance(node, And | Or):
        for operand in node.operands:
            yield from leaves(operand)
    else:
        yield node


def terms(node: Node) -> Iterator[Term]:
    for leaf in leaves(node):
        if isinstance(leaf, Near):
            yield from (leaf.left, leaf.right)
        elif isinstance(leaf, Term):
            yield leaf


def needs(node: Node, is_enough: Callable[[Leaf], bool], *, wanted: bool = True) -> bool:
    """Return whether every match needs a leaf for which *is_enough* is True.

    With *wanted* False, return whether every way to make *node* false needs one.
    """
    if isinstance(node, Leaf):
        return wanted and is_enough(node)
    if isinstance(node, Not):
        return needs(node.operand, is_enough, wanted=not wanted)
    found = (needs(operand, is_enough, wanted=wanted) for operand in node.operands)
    return any(found) if isinstance(node, And) is wanted else all(found)


def _joined(kind: type[And] | type[Or], nodes: Iterable[Node]) -> Node:
    operands: set[Node] = set()
    for node in nodes:
        operands.update(node.operands if isinstance(node, kind) else (node,))
    if len(operands) == 1:
        return operands.pop()
    return kind(tuple(sorted(operands, key=lambda node: (isinstance(node, Not), str(node)))))


def _bracketed(node: Node, *kinds: type[Node]) -> str:
    return f"({node})" if isinstance(node, kinds) else str(node)


def _written(words: tuple[str, ...]) -> str:
    written = words[0]
    for before, word in pairwise(words):
        written += word if _touch(before, word, written) else f" {word}"
    return written


def _touch(before: str, word: str, written: str) -> bool:
    """Return whether *word* can follow *before* without a space and be read as the same words."""
    unspaced = is_unspaced(before), is_unspaced(word)
    if not any(unspaced) or not (before.isalnum() or unspaced[0]):
        return False
    if _APOSTROPHE in {before[-1], word[0]}:
        return False
    return (word.isalnum() or unspaced[1]) and is_normalized("NFC", written[-16:] + word)
