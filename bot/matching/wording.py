"""Words and phrases of a query, folded as the texts are."""

import re

from bot.matching.characters import is_hangul, is_unspaced
from bot.matching.folding import fold
from bot.matching.lexemes import STARS
from bot.matching.refusals import Code, QueryError, refused_here
from bot.matching.spelling import spelling_of
from bot.matching.tokens import Kind, Token

SHORTEST_PREFIX = 3

_STAR = re.compile(f"[{STARS}]")


def term_token(text: str, start: int, end: int, inside: str, if_empty: Code | None = None) -> Token:
    """Read *inside*, which stands between *start* and *end*, perhaps in quotes."""
    stem = inside.rstrip(STARS)
    prefix = stem != inside
    # Twice: an unseen character beside a sign may hide that the sign is no part of a name.
    words = fold(fold(stem).plain).words
    if _STAR.search(stem) or (prefix and not words):
        raise QueryError(Code.STRAY_STAR, text, start, end - start)
    if if_empty and not words:
        raise QueryError(if_empty, text, start, end - start)
    if prefix and len(words[-1]) < SHORTEST_PREFIX and not _is_beginning_anyway(words[-1]):
        raise refused_here(Code.SHORT_PREFIX, text, start, end, _STAR.sub("", text[start:end]))
    return Token(Kind.TERM, start, end - start, words, prefix, typed=" ".join(stem.split()))


def _is_beginning_anyway(word: str) -> bool:
    return is_unspaced(word) or is_hangul(word)


def exact_term(
    text: str, start: int, end: int, inside: str, if_empty: Code = Code.EMPTY_PHRASE
) -> Token:
    """The same, to be found only as it is spelt here."""
    if _STAR.search(inside):
        raise refused_here(Code.EXACT_STAR, text, start, end, _STAR.sub("", text[start:end]))
    spelling, words = spelling_of(inside)
    if not words:
        raise QueryError(if_empty, text, start, end - start)
    return Token(Kind.TERM, start, end - start, words, spelling=spelling)
