"""Operators in small letters: words, unless they can only be meant as operators.

- `and` and `or` are operators between two parts of a query, not at its beginning or end.
- `not` is one before a part of a query, not at its end.
- `NEAR` in capitals without a number is one between two parts, so that it is asked how far.
- In quotes all of them are words, as is `And` with one capital.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.matching.tokens import Kind, Token

_SMALL = {"and": Kind.AND, "or": Kind.OR, "not": Kind.NOT, "NEAR": Kind.NEAR}
BEGINNINGS = frozenset(
    {Kind.TERM, Kind.OPEN, Kind.NOT, Kind.TITLE, Kind.SOURCE, Kind.LANGUAGE, Kind.TOPIC}
)
_ENDS = frozenset({Kind.TERM, Kind.CLOSE, Kind.SOURCE, Kind.LANGUAGE, Kind.TOPIC})


def resolved(text: str, read: Sequence[Token]) -> list[Token]:
    """*read* with the small operators as what they are; the last of *read* is the end."""
    found: list[Token] = []
    for at, token in enumerate(read):
        kind = _SMALL.get(text[token.position : token.end])
        if kind and token.kind is Kind.TERM and _is_meant(kind, found, text, read[at + 1]):
            found.append(replace(token, kind=kind, words=()))
        else:
            found.append(token)
    return found


def _is_meant(kind: Kind, before: Sequence[Token], text: str, after: Token) -> bool:
    is_between = bool(before) and before[-1].kind in _ENDS
    if after.kind not in BEGINNINGS:
        return False
    is_operator = text[after.position : after.end] in {"and", "or"}
    return not is_operator and (is_between or kind is Kind.NOT)
