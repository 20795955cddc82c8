"""What stands behind `title:`, `source:`, `lang:` and `#`."""

import re

from bot.matching.languages import CODES, MEANT
from bot.matching.lexemes import LEXEME, MEANT_FIELDS, quoted
from bot.matching.refusals import Code, QueryError, refused_here
from bot.matching.surroundings import folded_name, language_code, source_name
from bot.matching.tokens import Kind, Token

_KINDS = {"title": Kind.TITLE, "source": Kind.SOURCE, "lang": Kind.LANGUAGE}


def field(text: str, found: re.Match[str]) -> Token:
    """`title:` is a token by itself; the others have a name behind them."""
    name = found[0][:-1].lower()
    if name in MEANT_FIELDS:
        start, end = found.span()
        raise refused_here(Code.UNKNOWN_FIELD, text, start, end, f"{MEANT_FIELDS[name]}:")
    if name == "title":
        return Token(Kind.TITLE, found.start(), len(found[0]))
    return named(text, found, _KINDS[name])


def named(text: str, found: re.Match[str], kind: Kind) -> Token:
    start = found.end()
    if kind is not Kind.TOPIC:
        start += len(text[start:]) - len(text[start:].lstrip())
    behind = LEXEME.match(text, start)
    group = behind.lastgroup if behind else ""
    if behind is None or group not in {"word", "quote"}:
        code = Code.FIELD_BRACKETS if group == "open" else Code.NOTHING_FOLLOWS
        raise QueryError(code, text, found.start(), len(found[0]))
    typed, end = (behind[0], behind.end()) if group == "word" else quoted(text, start)
    name = _name(kind, typed, text, (start, end))
    if not name:
        raise QueryError(Code.NOTHING_FOLLOWS, text, found.start(), len(found[0]))
    return Token(kind, found.start(), end - found.start(), name=name)


def _name(kind: Kind, typed: str, text: str, place: tuple[int, int]) -> str:
    if kind is Kind.SOURCE:
        return source_name(typed)
    if kind is Kind.TOPIC:
        return folded_name(typed)
    code = language_code(typed.strip())
    if code not in CODES:
        start, end = place
        meant = MEANT.get(typed.strip().casefold()) or MEANT.get(code, "")
        if meant:
            raise refused_here(Code.UNKNOWN_LANGUAGE, text, start, end, meant)
        raise QueryError(Code.UNKNOWN_LANGUAGE, text, start, end - start)
    return code
