"""A query as its person wrote it: what is told of it keeps the words that were typed.

The canonical text, by which equal queries are one, is folded; people know it neither by its
accents nor by its characters: 臺灣 is 台湾 there.
"""

from dataclasses import replace

from bot.matching.query import Query, is_readable, parse
from bot.matching.tree import And, Near, Node, Not, Or, Source, Term


def shown(query: Query) -> str:
    """A text of the same query in the words that were typed."""
    typed = str(as_typed(query.tree))
    return typed if is_readable(typed) and parse(typed) == query else query.canonical


def as_typed(node: Node) -> Node:
    """*node* to be printed, not to be matched."""
    match node:
        case And() | Or():
            return replace(node, operands=tuple(map(as_typed, node.operands)))
        case Not():
            return Not(as_typed(node.operand))
        case Near():
            return replace(node, left=_word(node.left), right=_word(node.right))
        case Term():
            return _word(node)
        case Source(typed=typed) if typed:
            return Source(typed)
        case leaf:
            return leaf


def _word(term: Term) -> Term:
    return replace(term, words=(term.typed,)) if term.typed else term
