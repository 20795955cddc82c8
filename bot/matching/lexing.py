"""A query's text read as tokens.

A word that folds to nothing, such as a lone `&`, is no token. `"a b"~5` is three: `a NEAR/5 b`.
`and`, `or` and `not` in small letters stay words here; `operators` decides what they are.
"""

import re
from collections.abc import Iterator
from unicodedata import normalize

from bot.matching.lexemes import AFTER_QUOTE, LEXEME, STARS, quoted
from bot.matching.naming import field, named
from bot.matching.refusals import Code, QueryError, refused_here
from bot.matching.tokens import Kind, Token
from bot.matching.wording import exact_term, term_token

FARTHEST = 50  # words between two that are near

_IN_CAPITALS = {"AND": Kind.AND, "OR": Kind.OR, "NOT": Kind.NOT}
_NEAR = re.compile(r"near/(\d{0,9})", re.IGNORECASE)
# What other search engines write for it, or what was meant as it.
_LIKE_NEAR = re.compile(r"(?:NEAR[^\w\s]*|[NnWw]/)(\d+).*")
_LONGEST_OPERATOR = 20


def tokens(text: str) -> Iterator[Token]:
    at = 0
    while found := LEXEME.match(text, at):
        for token in _tokens(text, found):
            at = token.end
            if token.kind is not Kind.TERM or token.words:
                yield token
    yield Token(Kind.END, len(text), 0)


def _tokens(text: str, found: re.Match[str]) -> Iterator[Token]:
    at, length = found.start(), len(found[0])
    match found.lastgroup:
        case "quote":
            yield from _quoted(text, at)
        case "word":
            yield _word(text, at, found[0])
        case "field":
            yield from field(text, found)
        case "topic":
            yield named(text, found, Kind.TOPIC)
        case "space" | "stray":
            yield Token(Kind.TERM, at, length)
        case kind:
            yield Token(Kind(kind or ""), at, length)


def _word(text: str, at: int, word: str) -> Token:
    operator = normalize("NFKC", word) if len(word) < _LONGEST_OPERATOR else word
    if operator in _IN_CAPITALS:
        return Token(_IN_CAPITALS[operator], at, len(word))
    if near := _NEAR.fullmatch(operator):
        return Token(
            Kind.NEAR, at, len(word), distance=_distance(text, at, at + len(word), near[1])
        )
    if meant := _LIKE_NEAR.fullmatch(operator):
        raise refused_here(Code.NEAR_HOW_FAR, text, at, at + len(word), f"NEAR/{meant[1]}")
    return term_token(text, at, at + len(word), word)


def _quoted(text: str, at: int) -> Iterator[Token]:
    inside, end = quoted(text, at)
    after = AFTER_QUOTE.match(text, end)
    if after is None:
        raise AssertionError  # it matches nothing too
    behind = after.end()
    if behind < len(text) and text[behind] in STARS:
        code = Code.EXACT_STAR if after["exact"] else Code.STRAY_STAR
        instead = text[at:behind] if after["exact"] else f'"{inside}*"'
        raise refused_here(code, text, at, behind + 1, instead)
    read = exact_term if after["exact"] else term_token
    if after["near"] is None:
        yield read(text, at, after.end(), inside, Code.EMPTY_PHRASE)
        return
    pieces = inside.split()
    if len(pieces) != 2:  # noqa: PLR2004 - two are near each other
        raise QueryError(Code.NEAR_WHAT, text, at, after.end() - at)
    distance = _distance(text, after.start("near"), after.end(), after["far"])
    one, other = (read(text, at, after.end(), piece, Code.EMPTY_PHRASE) for piece in pieces)
    yield from (one, Token(Kind.NEAR, at, after.end() - at, distance=distance), other)


def _distance(text: str, start: int, end: int, far: str) -> int:
    """*far* is the number as it was written, in the NEAR between *start* and *end*."""
    if not far:
        instead = text[start:end].rstrip() + "5"
        raise refused_here(Code.NEAR_HOW_FAR, text, start, end, instead)
    if int(far) > FARTHEST:
        instead = text[start:end].replace(text[start:end][-len(far) :], str(FARTHEST))
        raise refused_here(Code.NEAR_TOO_FAR, text, start, end, instead)
    return int(far)
