"""The tree of a query: frozen, flattened and sorted, so that equal queries are equal trees."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias
from unicodedata import is_normalized

from bot.matching.characters import is_hangul, is_unspaced

_OPERATORS = frozenset({"and", "near", "not", "or"})


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase: folded words that follow each other, the last perhaps only a beginning."""

    words: tuple[str, ...]
    prefix: bool = False
    title: bool = False

    @property
    def shown(self) -> str:
        """As people write it, without quotes or field."""
        return _written(self.words) + "*" * self.prefix

    def __str__(self) -> str:
        shown = self.shown
        quoted = f'"{shown}"' if " " in shown or shown in _OPERATORS else shown
        return f"title:{quoted}" if self.title else quoted


@dataclass(frozen=True, slots=True)
class Not:
    operand: "Node"

    def __str__(self) -> str:
        return f"-{_bracketed(self.operand, And, Or)}"


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


Node: TypeAlias = Term | Not | And | Or


def term(words: Iterable[str], *, prefix: bool = False, title: bool = False) -> Term:
    """Where every beginning is found anyway, a star says nothing and is left out."""
    words = tuple(words)
    return Term(words, prefix and not is_unspaced(words[-1]) and not is_hangul(words[-1]), title)


def negation(node: Node) -> Node:
    return node.operand if isinstance(node, Not) else Not(node)


def conjunction(nodes: Iterable[Node]) -> Node:
    return _joined(And, nodes)


def disjunction(nodes: Iterable[Node]) -> Node:
    return _joined(Or, nodes)


def terms(node: Node) -> Iterator[Term]:
    if isinstance(node, Term):
        yield node
    elif isinstance(node, Not):
        yield from terms(node.operand)
    else:
        for operand in node.operands:
            yield from terms(operand)


def needs(node: Node, is_enough: Callable[[Term], bool], *, wanted: bool = True) -> bool:
    """Whether nothing can match without one of the terms that are enough.

    With `wanted` False the question is about what makes *node* false.
    """
    if isinstance(node, Term):
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
    """Whether *word*, written without a space, is read as the same two words again."""
    unspaced = is_unspaced(before), is_unspaced(word)
    if not any(unspaced) or not (before.isalnum() or unspaced[0]):
        return False
    return (word.isalnum() or unspaced[1]) and is_normalized("NFC", written[-16:] + word)
