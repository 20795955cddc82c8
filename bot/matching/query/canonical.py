"""Reads canonical texts back, and shows queries as they were typed.

A new process reads all stored queries. Nearly all are a few plain words, which this module reads
ten times faster than `parse`. The canonical text is folded, without accents and with other
characters (台湾 for 臺灣). Therefore users see the words that they typed instead.
"""

import re
from dataclasses import replace

from bot.matching.query.ast import (
    And,
    LabelTerm,
    Near,
    Node,
    Not,
    Or,
    SourceTerm,
    Term,
    conjunction,
    negation,
)
from bot.matching.query.parser import ParsedQuery, is_readable, parse
from bot.text.stopwords import STOP_WORDS

# Words that fold to themselves, are no stop words and no operators.
_ITEM = r'-?(?:[a-z]{3,40}|"[a-z]{3,40} [a-z]{3,40}")'
_PLAIN = re.compile(rf"(?!-){_ITEM}(?: {_ITEM}){{0,3}}")
_SEPARATE = re.compile(r'-?"[^"]*"|\S+')
_TELLING_NOTHING = STOP_WORDS | {"near"}


def read_back(canonical: str) -> ParsedQuery:
    """Parse a text that `parse` made; raise `QueryError` if it was made by an older grammar."""
    if not _PLAIN.fullmatch(canonical):
        return parse(canonical)
    if canonical.isalpha():
        return (
            parse(canonical) if canonical in _TELLING_NOTHING else ParsedQuery(Term((canonical,)))
        )
    if not _TELLING_NOTHING.isdisjoint(re.findall("[a-z]+", canonical)):
        return parse(canonical)
    return ParsedQuery(conjunction(map(_node, _SEPARATE.findall(canonical))))


def _node(item: str) -> Node:
    if item[0] == "-":
        return negation(_node(item[1:]))
    return Term(tuple(item.strip('"').split()))


def shown(query: ParsedQuery) -> str:
    """Return a text of the same query in the words that the user typed."""
    typed = str(as_typed(query.tree))
    return typed if is_readable(typed) and parse(typed) == query else query.canonical


def as_typed(node: Node) -> Node:
    """Return *node* with the words that the user typed, for printing only."""
    match node:
        case And() | Or():
            return replace(node, operands=tuple(map(as_typed, node.operands)))
        case Not():
            return Not(as_typed(node.operand))
        case Near():
            return replace(node, left=_word(node.left), right=_word(node.right))
        case Term():
            return _word(node)
        case SourceTerm(typed=typed) | LabelTerm(typed=typed) if typed:
            return replace(node, name=typed)
        case leaf:
            return leaf


def _word(term: Term) -> Term:
    return replace(term, words=(term.typed,)) if term.typed else term
