"""What stands behind `title:`, `source:`, `lang:` and `#`; of names perhaps several in brackets."""

import re
from collections.abc import Iterator
from unicodedata import normalize

from bot.matching.languages import CODES, MEANT
from bot.matching.lexemes import CLOSINGS, FIELDS, LEXEME, MEANT_FIELDS, OPENINGS, quoted
from bot.matching.refusals import Code, QueryError, not_before, refused_here
from bot.matching.surroundings import folded_name, language_code, source_name
from bot.matching.tokens import Kind, Token

_KINDS = {"title": Kind.TITLE, "source": Kind.SOURCE, "lang": Kind.LANGUAGE}
_SEVERAL = re.compile("[,;\uff0c\uff1b\u3001]+")
_INSIDE = re.compile(f"([^{re.escape(OPENINGS + CLOSINGS)}]*)[{re.escape(CLOSINGS)}]")
_OPERATORS = frozenset({"and", "or", "not", "AND", "OR", "NOT"})
_ORS = frozenset({"or", "OR", "\uff2f\uff32"})


def field(text: str, found: re.Match[str]) -> Iterator[Token]:
    """`title:` is a token by itself; the others have a name behind them, or brackets of names."""
    start, end = found.span()
    name = normalize("NFKC", found[0][:-1]).strip().lower()
    if name not in FIELDS:
        raise refused_here(Code.UNKNOWN_FIELD, text, start, end, MEANT_FIELDS[name])
    kind = _KINDS[name]
    opening = LEXEME.match(text, _behind(text, end))
    if kind is Kind.TITLE:
        yield Token(kind, start, end - start)
    elif opening and opening.lastgroup == "open":
        yield from _listed(text, found, opening, kind)
    else:
        yield named(text, found, kind)


def named(text: str, found: re.Match[str], kind: Kind) -> Token:
    start, end = found.span()
    behind = LEXEME.match(text, end if kind is Kind.TOPIC else _behind(text, end))
    if behind is None or behind.lastgroup not in {"word", "quote"}:
        is_not = behind is not None and behind.lastgroup == "not"
        turned = not_before(text, start, end) if is_not else ""
        raise QueryError(Code.NOTHING_FOLLOWS, text, start, end - start, turned)
    token = _name(text, behind, kind)
    if not token.name:
        raise QueryError(Code.NOTHING_FOLLOWS, text, start, end - start)
    return Token(kind, start, token.end - start, typed=token.typed, name=token.name)


def _behind(text: str, end: int) -> int:
    return end + len(text[end:]) - len(text[end:].lstrip())


def _listed(text: str, found: re.Match[str], opening: re.Match[str], kind: Kind) -> Iterator[Token]:
    """`source:(a OR b)` is `(source:a OR source:b)`."""
    yield Token(Kind.OPEN, found.start(), opening.end() - found.start())
    at, was_name = opening.end(), False
    while behind := LEXEME.match(text, at):
        at, group = behind.end(), behind.lastgroup
        is_or = group == "or" or behind[0] in _ORS
        if group == "space":
            continue
        if group == "close":
            yield Token(Kind.CLOSE, behind.start(), len(behind[0]))
            return
        if group not in {"word", "quote", "or"} or is_or is not was_name:
            raise _not_listed(text, opening, kind)
        token = _or(behind) if is_or else _name(text, behind, kind)
        if not (is_or or token.name):
            raise _not_listed(text, opening, kind)
        at, was_name = token.end, not is_or
        yield token
    raise QueryError(Code.UNCLOSED_BRACKET, text, opening.start(), 1, f"{text.rstrip()})")


def _or(found: re.Match[str]) -> Token:
    return Token(Kind.OR, found.start(), len(found[0]))


def _not_listed(text: str, opening: re.Match[str], kind: Kind) -> QueryError:
    """Names with nothing between them are one name of several words, or have lost their ORs."""
    start = opening.start()
    found = _INSIDE.match(text, opening.end())
    end = found.end() if found else len(text)
    names = _SEVERAL.sub(" ", found[1]).split() if found else []
    if not names or not all(_is_name(name) for name in names):
        return QueryError(Code.FIELD_BRACKETS, text, start, end - start)
    is_one = kind is Kind.SOURCE and names == text[opening.end() : end - 1].split()
    if is_one and not all("." in name for name in names):
        return refused_here(Code.FIELD_BRACKETS, text, start, end, f'"{" ".join(names)}"')
    return refused_here(Code.FIELD_BRACKETS, text, start, end, f"({' OR '.join(names)})")


def _is_name(word: str) -> bool:
    return word[0].isalnum() and word not in _OPERATORS


def _name(text: str, found: re.Match[str], kind: Kind) -> Token:
    start, end, typed = found.start(), found.end(), found[0]
    if found.lastgroup == "quote":
        typed, end = quoted(text, start)
    elif kind is not Kind.TOPIC and _SEVERAL.search(typed.rstrip(",;.")):
        instead = f"({' OR '.join(_SEVERAL.sub(' ', typed).split())})"
        raise refused_here(Code.FIELD_BRACKETS, text, start, end, instead)
    typed = typed.strip()
    if kind is Kind.LANGUAGE:
        return Token(kind, start, end - start, name=_language(text, (start, end), typed))
    name = source_name(typed) if kind is Kind.SOURCE else folded_name(typed)
    return Token(kind, start, end - start, typed=typed, name=name)


def _language(text: str, place: tuple[int, int], typed: str) -> str:
    code = language_code(normalize("NFKC", typed).rstrip(",;."))
    if code in CODES:
        return code
    start, end = place
    if meant := MEANT.get(typed.casefold()) or MEANT.get(code, ""):
        raise refused_here(Code.UNKNOWN_LANGUAGE, text, start, end, meant)
    raise QueryError(Code.UNKNOWN_LANGUAGE, text, start, end - start)
