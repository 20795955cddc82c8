"""A query's text as tokens: words, phrases, brackets and operators, each with its place.

Quotes of any family are read ("…", “…”, „…“, «…», »…«, 「…」), full-width forms, and the dashes
that telephones make of a minus. A word that folds to nothing, such as a lone `&`, is no token.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bot.matching.folding import fold
from bot.matching.refusals import Code, QueryError

SHORTEST_PREFIX = 3

_QUOTES = '"\u201c\u201d\u201e\u201f\uff02'
_CLOSERS = dict.fromkeys(_QUOTES, _QUOTES) | dict.fromkeys("«»", "«»") | {"「": "」", "『": "』"}
_INSIDE_HEBREW = '(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea])'  # an abbreviation's sign
_LEXEME = re.compile(
    rf"""(?P<space> [\s\u3001\uff0c\uff1b]+ )
       | (?P<open>  [(\uff08] )
       | (?P<close> [)\uff09] )
       | (?P<or>    [|\uff5c]+ )
       | (?P<quote> [{"".join(_CLOSERS)}] )
       | (?P<not>   [-\u2212\u2013\u2014\uff0d]+ (?=[^\s\u3000]) )
       | (?P<title> title[:\uff1a] )
       | (?P<word>  (?:[^\s()|{"".join(_CLOSERS)}\u3001\uff08\uff09\uff0c\uff1b\uff5c」』]
                      | {_INSIDE_HEBREW})+ )
       | (?P<stray> . )
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Kind(StrEnum):
    TERM = "term"
    OPEN = "open"
    CLOSE = "close"
    AND = "and"
    OR = "or"
    NOT = "not"
    TITLE = "title"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    position: int
    length: int
    words: tuple[str, ...] = ()  # folded; a term has at least one
    prefix: bool = False


_WRITTEN_OUT = {"AND": Kind.AND, "OR": Kind.OR, "NOT": Kind.NOT}


def tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        found = _LEXEME.match(text, at)
        if found is None:
            return
        token = _token(text, found)
        at = token.position + token.length
        if token.kind is not Kind.TERM or token.words:
            yield token
    yield Token(Kind.END, len(text), 0)


def _token(text: str, found: re.Match[str]) -> Token:
    at, length = found.start(), len(found[0])
    match found.lastgroup:
        case "quote":
            return _phrase(text, at)
        case "word":
            return _word(text, at, found[0])
        case "space" | "stray":
            return Token(Kind.TERM, at, length)
        case kind:
            return Token(Kind(kind or ""), at, length)


def _phrase(text: str, at: int) -> Token:
    closers = _CLOSERS[text[at]]
    closing = re.compile(f"{_INSIDE_HEBREW}|([{closers}])")
    end = next((m.start() for m in closing.finditer(text, at + 1) if m[1]), None)
    if end is None:
        raise QueryError(Code.UNCLOSED_QUOTE, text, at, 1, text.rstrip() + closers[0])
    return _term(text, at, end + 1 - at, text[at + 1 : end].strip(), Code.EMPTY_PHRASE)


def _word(text: str, at: int, word: str) -> Token:
    if word in _WRITTEN_OUT:
        return Token(_WRITTEN_OUT[word], at, len(word))
    return _term(text, at, len(word), word, None)


def _term(text: str, at: int, length: int, inside: str, if_empty: Code | None) -> Token:
    stem = inside.rstrip("*\uff0a")
    prefix = stem != inside
    # Twice: an unseen character beside a sign may hide that the sign is no part of a name.
    words = fold(fold(stem).plain).words
    if "*" in stem or "\uff0a" in stem or (prefix and not words):
        raise QueryError(Code.STRAY_STAR, text, at, length)
    if if_empty and not words:
        raise QueryError(if_empty, text, at, length)
    if prefix and len(words[-1]) < SHORTEST_PREFIX and words[-1].isascii():
        without = text[:at] + text[at : at + length].replace("*", "") + text[at + length :]
        raise QueryError(Code.SHORT_PREFIX, text, at, length, without)
    return Token(Kind.TERM, at, length, words, prefix)
