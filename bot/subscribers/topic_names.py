"""Names of topics: given by a user, or made from the query.

`"interest rate" OR "central bank"` is called "Interest rate, central bank": its first three terms
without quotes, operators and excluded terms. A query of plain words stays as it was typed.
"""

import re
from collections.abc import Iterator

from bot.matching.query import QueryError, parse
from bot.matching.query.ast import And, LabelTerm, Near, Node, Not, Or, SourceTerm, Term
from bot.subscribers.text import one_line

LONGEST_NAME = 80  # characters; a query may be longer
MOST_TERMS = 3
_PLAIN_WORDS = re.compile(r"\w(?:[\w'\u2019 ]|(?<=\w)-(?=\w))*")
_OPERATORS = frozenset({"and", "near", "not", "or"})


def name_for(text: str) -> str:
    """Return *text* on one line, cut to `LONGEST_NAME`; "" if it is empty or invisible."""
    line = one_line(text)
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def name_of_query(typed: str) -> str:
    """Return a readable name for the query *typed*, with its terms in the order of the text."""
    try:
        tree = parse(typed).tree
    except QueryError:
        return name_for(typed)
    if _PLAIN_WORDS.fullmatch(typed) and _OPERATORS.isdisjoint(typed.casefold().split()):
        return name_for(_capitalized(one_line(typed)))
    folded = typed.casefold()
    terms = sorted(_terms(tree), key=lambda term: folded.find(term.rstrip("…").casefold()))
    if not terms:
        return name_for(typed)
    are_together = isinstance(tree, And) and not any(isinstance(node, Or) for node in tree.operands)
    name = (" " if are_together else ", ").join(dict.fromkeys(terms[:MOST_TERMS]))
    return name_for(_capitalized(f"{name} …" if len(terms) > MOST_TERMS else name))


def _capitalized(name: str) -> str:
    first_word = name.split(maxsplit=1)[0]
    return name[0].upper() + name[1:] if first_word.islower() else name


def _terms(node: Node) -> Iterator[str]:
    match node:
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _terms(operand)
        case Term():
            yield _shown(node)
        case Near(left=left, right=right):
            yield f"{_shown(left)} … {_shown(right)}"
        case SourceTerm(name=name, typed=typed) | LabelTerm(name=name, typed=typed):
            yield typed or name
        case Not():
            return


def _shown(term: Term) -> str:
    """Return the term as it was typed; a star becomes an ellipsis."""
    return term.as_typed.removesuffix("*") + "…" * term.prefix
