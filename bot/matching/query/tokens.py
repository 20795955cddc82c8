"""Splits a query into tokens: words, phrases, names, brackets and operators, with their places.

- All that keyboards write is read: quotes of any family ("…", “…”, „…“, «…», »…«, 「…」,
  《…》, ‘…’, '…'), brackets and stars of any width, the dashes that telephones make of a minus, and
  `!` for it.
- A word that folds to nothing, such as a lone `&`, is no token. `"a b"~5` is three tokens, those of
  `a NEAR/5 b`.
- `and` and `or` in lower case are operators between two parts of a query, not at its beginning or
  end. `not` is an operator before a part of a query, not at its end. In quotes all of them are
  words, and so is `And` with one capital.
- `NEAR` in capitals without a number is an operator between two parts, so that the user is asked
  for the distance.
"""  # noqa: RUF002 - they are its matter

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from unicodedata import normalize

from bot.matching.query.errors import QueryError, QueryErrorCode, error_here, not_before
from bot.matching.query.fields import (
    CODES,
    FIELDS,
    MEANT_CODES,
    MEANT_FIELDS,
    folded_name,
    language_code,
    source_name,
)
from bot.text.characters import is_hangul, is_unspaced
from bot.text.folding import fold
from bot.text.spelling import INSIDE_HEBREW, spelling_of


class TokenKind(StrEnum):
    TERM = "term"
    OPEN = "open"
    CLOSE = "close"
    AND = "and"
    OR = "or"
    NOT = "not"
    NEAR = "near"
    TITLE = "title"
    SOURCE = "source"
    AUTHOR = "author"
    CATEGORY = "category"
    LANGUAGE = "lang"
    TOPIC = "topic"
    END = "end"


# The kinds of tokens that consist of a field, or `#`, and a name.
NAMED: Final = frozenset(
    {
        TokenKind.SOURCE,
        TokenKind.AUTHOR,
        TokenKind.CATEGORY,
        TokenKind.LANGUAGE,
        TokenKind.TOPIC,
    }
)


@dataclass(frozen=True, slots=True)
class Token:
    kind: TokenKind
    position: int
    length: int
    words: tuple[str, ...] = ()  # folded; a term has at least one
    prefix: bool = False
    spelling: str = ""  # the exact spelling, if it is required
    typed: str = ""  # a term or name as it was written, without quotes or star
    name: str = ""  # of a topic, source, author, category or language
    distance: int = -1  # of a NEAR; -1 if not given

    @property
    def end(self) -> int:
        return self.position + self.length


_WIDE = {code: code - ord("a") + ord("\uff41") for code in range(ord("a"), ord("z") + 1)}
_NAMES = [*FIELDS, *MEANT_FIELDS]
# In full width too, as Japanese keyboards write them.
_ANY_FIELD = "|".join([*_NAMES, *(name.translate(_WIDE) for name in _NAMES)])

_DOUBLE = '"\u201c\u201d\u201e\u201f\uff02\u301d\u301e\u301f'
# The closing quotes of each opening one.
CLOSERS: Final = {
    **dict.fromkeys(_DOUBLE, _DOUBLE),
    **dict.fromkeys("«»", "«»"),
    **dict.fromkeys("‹›", "‹›"),  # noqa: RUF001 - French
    "「": "」", "『": "』", "《": "》", "〈": "〉",
}  # fmt: skip
_OPENING = "".join(CLOSERS)
# Before a letter they are apostrophes, unless it is the `c` of exactly so.
_LETTER = r"(?![cC]\b)\w"
_SINGLES = {"'": "'", "\u2018": "\u2019", "\u201a": "\u2018\u2019"}
OPENINGS: Final = "([{\uff08\uff3b\uff5b\u3010\u3014\u3016"
CLOSINGS: Final = ")]}\uff09\uff3d\uff5d\u3011\u3015\u3017"
_SEPARATORS = "\u3001\u3002\uff0c\uff1b\uff01\uff1f\u061b\u060c"
_CLOSING = "」』》〉"
_BARS = "|\uff5c\u00a6"
_MINUSES = r"!\-\u2212\u2013\u2014\uff0d"
_BRACKETS = re.escape(OPENINGS + CLOSINGS)
# A single quote closes before what is no letter; without such a one it opens nothing.
_SINGLE = "|".join(
    rf"{opening} (?= (?: [^{closers}] | [{closers}] (?={_LETTER}) )* [{closers}] (?!{_LETTER}) )"
    for opening, closers in _SINGLES.items()
)

LEXEME: Final = re.compile(
    rf"""(?P<space> [\s{_SEPARATORS}]+ )
       | (?P<open>  [{re.escape(OPENINGS)}] )
       | (?P<close> [{re.escape(CLOSINGS)}] )
       | (?P<or>    [{_BARS}]+ )
       | (?P<quote> [{_OPENING}] | {_SINGLE} )
       | (?P<not>   [{_MINUSES}]+ (?=[^\s{_MINUSES}]) )
       | (?P<topic> [\#\uff03] (?=[^\W_]|[{_OPENING}]|{_SINGLE}) )
       | (?P<field> (?:{_ANY_FIELD}) [\ ]? [:\uff1a] )
       | (?P<word>  (?:[^\s{_BARS}{_BRACKETS}{_OPENING}{_CLOSING}{_SEPARATORS}]
                      | {INSIDE_HEBREW})+ )
       | (?P<stray> . )
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# Behind a closing quote: `c` for exactly this spelling, `~5` for near each other.
AFTER_QUOTE: Final = re.compile(
    r"(?P<exact>[cC](?!\w))?(?P<near>[~\uff5e\u301c]\s*(?P<far>\d{0,9}))?"
)
STARS: Final = "*\uff0a\ufe61"


def quoted(text: str, at: int) -> tuple[str, int]:
    """Return the text in the quotes that open at *at*, and the offset at which they end."""
    end = _closing(text, at)
    if end is None:
        raise QueryError(
            QueryErrorCode.UNCLOSED_QUOTE, text, at, 1, text.rstrip() + CLOSERS[text[at]][0]
        )
    return text[at + 1 : end].strip(), end + 1


def _closing(text: str, at: int) -> int | None:
    single = _SINGLES.get(text[at])
    closer = rf"[{single}](?!{_LETTER})" if single else f"[{CLOSERS[text[at]]}]"
    closing = re.compile(f"{INSIDE_HEBREW}|({closer})")
    return next((found.start() for found in closing.finditer(text, at + 1) if found[1]), None)


SHORTEST_PREFIX = 3

_STAR = re.compile(f"[{STARS}]")


def term_token(
    text: str, start: int, end: int, inside: str, if_empty: QueryErrorCode | None = None
) -> Token:
    """Read *inside*, the text from *start* to *end* without any quotes."""
    stem = inside.rstrip(STARS)
    prefix = stem != inside
    # Twice, because an invisible character may make a sign beside it look like part of a name.
    words = fold(fold(stem).plain).words
    if _STAR.search(stem) or (prefix and not words):
        raise QueryError(QueryErrorCode.STRAY_STAR, text, start, end - start)
    if if_empty and not words:
        raise QueryError(if_empty, text, start, end - start)
    if prefix and len(words[-1]) < SHORTEST_PREFIX and not _is_beginning_anyway(words[-1]):
        raise error_here(
            QueryErrorCode.SHORT_PREFIX, text, start, end, _STAR.sub("", text[start:end])
        )
    return Token(TokenKind.TERM, start, end - start, words, prefix, typed=" ".join(stem.split()))


def _is_beginning_anyway(word: str) -> bool:
    return is_unspaced(word) or is_hangul(word)


def exact_term(
    text: str,
    start: int,
    end: int,
    inside: str,
    if_empty: QueryErrorCode = QueryErrorCode.EMPTY_PHRASE,
) -> Token:
    """Read *inside* like `term_token`, as a term that is found in this spelling only."""
    if _STAR.search(inside):
        raise error_here(
            QueryErrorCode.EXACT_STAR, text, start, end, _STAR.sub("", text[start:end])
        )
    spelling, words = spelling_of(inside)
    if not words:
        raise QueryError(if_empty, text, start, end - start)
    return Token(TokenKind.TERM, start, end - start, words, spelling=spelling)


_SEVERAL = re.compile("[,;\uff0c\uff1b\u3001]+")
_INSIDE = re.compile(f"([^{re.escape(OPENINGS + CLOSINGS)}]*)[{re.escape(CLOSINGS)}]")
_OPERATORS = frozenset({"and", "or", "not", "AND", "OR", "NOT"})
_ORS = frozenset({"or", "OR", "\uff2f\uff32"})


def field_token(text: str, found: re.Match[str]) -> Iterator[Token]:
    """Yield `title:` as a token, or another field with its name, or brackets of names."""
    start, end = found.span()
    name = normalize("NFKC", found[0][:-1]).strip().lower()
    if name not in FIELDS:
        raise error_here(QueryErrorCode.UNKNOWN_FIELD, text, start, end, MEANT_FIELDS[name])
    kind = TokenKind(name)
    opening = LEXEME.match(text, _behind(text, end))
    if kind is TokenKind.TITLE:
        yield Token(kind, start, end - start)
    elif opening and opening.lastgroup == "open":
        yield from _bracketed_names(text, found, opening, kind)
    else:
        yield named_token(text, found, kind)


def named_token(text: str, found: re.Match[str], kind: TokenKind) -> Token:
    start, end = found.span()
    behind = LEXEME.match(text, end if kind is TokenKind.TOPIC else _behind(text, end))
    if behind is None or behind.lastgroup not in {"word", "quote"}:
        is_not = behind is not None and behind.lastgroup == "not"
        turned = not_before(text, start, end) if is_not else ""
        raise QueryError(QueryErrorCode.NOTHING_FOLLOWS, text, start, end - start, turned)
    token = _name_token(text, behind, kind)
    if not token.name:
        raise QueryError(QueryErrorCode.NOTHING_FOLLOWS, text, start, end - start)
    return Token(kind, start, token.end - start, typed=token.typed, name=token.name)


def _behind(text: str, end: int) -> int:
    return end + len(text[end:]) - len(text[end:].lstrip())


def _bracketed_names(
    text: str, found: re.Match[str], opening: re.Match[str], kind: TokenKind
) -> Iterator[Token]:
    """Yield the tokens of `source:(a OR b)`, which is `(source:a OR source:b)`."""
    yield Token(TokenKind.OPEN, found.start(), opening.end() - found.start())
    at, was_name = opening.end(), False
    while behind := LEXEME.match(text, at):
        at, group = behind.end(), behind.lastgroup
        is_or = group == "or" or behind[0] in _ORS
        if group == "space":
            continue
        if group == "close":
            yield Token(TokenKind.CLOSE, behind.start(), len(behind[0]))
            return
        if group not in {"word", "quote", "or"} or is_or is not was_name:
            raise _bracket_error(text, opening, kind)
        token = _or_token(behind) if is_or else _name_token(text, behind, kind)
        if not (is_or or token.name):
            raise _bracket_error(text, opening, kind)
        at, was_name = token.end, not is_or
        yield token
    raise QueryError(QueryErrorCode.UNCLOSED_BRACKET, text, opening.start(), 1, f"{text.rstrip()})")


def _or_token(found: re.Match[str]) -> Token:
    return Token(TokenKind.OR, found.start(), len(found[0]))


def _bracket_error(text: str, opening: re.Match[str], kind: TokenKind) -> QueryError:
    """Return an error with a suggestion: one name of several words, or names joined by OR."""
    start = opening.start()
    found = _INSIDE.match(text, opening.end())
    end = found.end() if found else len(text)
    names = _SEVERAL.sub(" ", found[1]).split() if found else []
    if not names or not all(_is_name(name) for name in names):
        return QueryError(QueryErrorCode.FIELD_BRACKETS, text, start, end - start)
    is_one = kind is not TokenKind.LANGUAGE and names == text[opening.end() : end - 1].split()
    if is_one and not all("." in name for name in names):
        return error_here(QueryErrorCode.FIELD_BRACKETS, text, start, end, f'"{" ".join(names)}"')
    return error_here(QueryErrorCode.FIELD_BRACKETS, text, start, end, f"({' OR '.join(names)})")


def _is_name(word: str) -> bool:
    return word[0].isalnum() and word not in _OPERATORS


def _name_token(text: str, found: re.Match[str], kind: TokenKind) -> Token:
    start, end, typed = found.start(), found.end(), found[0]
    if found.lastgroup == "quote":
        typed, end = quoted(text, start)
    elif kind is not TokenKind.TOPIC and _SEVERAL.search(typed.rstrip(",;.")):
        instead = f"({' OR '.join(_SEVERAL.sub(' ', typed).split())})"
        raise error_here(QueryErrorCode.FIELD_BRACKETS, text, start, end, instead)
    typed = typed.strip()
    if kind is TokenKind.LANGUAGE:
        return Token(kind, start, end - start, name=_language(text, (start, end), typed))
    name = source_name(typed) if kind is TokenKind.SOURCE else folded_name(typed)
    return Token(kind, start, end - start, typed=typed, name=name)


def _language(text: str, place: tuple[int, int], typed: str) -> str:
    code = language_code(normalize("NFKC", typed).rstrip(",;."))
    if code in CODES:
        return code
    start, end = place
    if meant := MEANT_CODES.get(typed.casefold()) or MEANT_CODES.get(code, ""):
        raise error_here(QueryErrorCode.UNKNOWN_LANGUAGE, text, start, end, meant)
    raise QueryError(QueryErrorCode.UNKNOWN_LANGUAGE, text, start, end - start)


FARTHEST = 50  # words between the two terms of a NEAR

_IN_CAPITALS = {"AND": TokenKind.AND, "OR": TokenKind.OR, "NOT": TokenKind.NOT}
_NEAR = re.compile(r"near/(\d{0,9})", re.IGNORECASE)
# Operators of other search engines for NEAR, and misspelt ones.
_LIKE_NEAR = re.compile(r"(?:NEAR[^\w\s]*|[NnWw]/)(\d+).*")
_LONGEST_OPERATOR = 20


def tokens(text: str) -> Iterator[Token]:
    at = 0
    while found := LEXEME.match(text, at):
        for token in _tokens(text, found):
            at = token.end
            if token.kind is not TokenKind.TERM or token.words:
                yield token
    yield Token(TokenKind.END, len(text), 0)


def _tokens(text: str, found: re.Match[str]) -> Iterator[Token]:
    at, length = found.start(), len(found[0])
    match found.lastgroup:
        case "quote":
            yield from _quoted(text, at)
        case "word":
            yield _word(text, at, found[0])
        case "field":
            yield from field_token(text, found)
        case "topic":
            yield named_token(text, found, TokenKind.TOPIC)
        case "space" | "stray":
            yield Token(TokenKind.TERM, at, length)
        case kind:
            yield Token(TokenKind(kind or ""), at, length)


def _word(text: str, at: int, word: str) -> Token:
    operator = normalize("NFKC", word) if len(word) < _LONGEST_OPERATOR else word
    if operator in _IN_CAPITALS:
        return Token(_IN_CAPITALS[operator], at, len(word))
    if near := _NEAR.fullmatch(operator):
        return Token(
            TokenKind.NEAR, at, len(word), distance=_distance(text, at, at + len(word), near[1])
        )
    if meant := _LIKE_NEAR.fullmatch(operator):
        raise error_here(QueryErrorCode.NEAR_HOW_FAR, text, at, at + len(word), f"NEAR/{meant[1]}")
    return term_token(text, at, at + len(word), word)


def _quoted(text: str, at: int) -> Iterator[Token]:
    inside, end = quoted(text, at)
    after = AFTER_QUOTE.match(text, end)
    if after is None:
        raise AssertionError  # it matches nothing too
    behind = after.end()
    if behind < len(text) and text[behind] in STARS:
        code = QueryErrorCode.EXACT_STAR if after["exact"] else QueryErrorCode.STRAY_STAR
        instead = text[at:behind] if after["exact"] else f'"{inside}*"'
        raise error_here(code, text, at, behind + 1, instead)
    read = exact_term if after["exact"] else term_token
    if after["near"] is None:
        yield read(text, at, after.end(), inside, QueryErrorCode.EMPTY_PHRASE)
        return
    pieces = inside.split()
    if len(pieces) != 2:  # noqa: PLR2004 - two are near each other
        raise QueryError(QueryErrorCode.NEAR_WHAT, text, at, after.end() - at)
    distance = _distance(text, after.start("near"), after.end(), after["far"])
    one, other = (
        read(text, at, after.end(), piece, QueryErrorCode.EMPTY_PHRASE) for piece in pieces
    )
    yield from (one, Token(TokenKind.NEAR, at, after.end() - at, distance=distance), other)


def _distance(text: str, start: int, end: int, far: str) -> int:
    """Read *far*, the number in the NEAR between *start* and *end*."""
    if not far:
        instead = text[start:end].rstrip() + "5"
        raise error_here(QueryErrorCode.NEAR_HOW_FAR, text, start, end, instead)
    if int(far) > FARTHEST:
        instead = text[start:end].replace(text[start:end][-len(far) :], str(FARTHEST))
        raise error_here(QueryErrorCode.NEAR_TOO_FAR, text, start, end, instead)
    return int(far)


_SMALL = {"and": TokenKind.AND, "or": TokenKind.OR, "not": TokenKind.NOT, "NEAR": TokenKind.NEAR}
BEGINNINGS = frozenset(
    {
        TokenKind.TERM,
        TokenKind.OPEN,
        TokenKind.NOT,
        TokenKind.TITLE,
        *NAMED,
    }
)
_ENDS = frozenset({TokenKind.TERM, TokenKind.CLOSE, *NAMED})


def resolved(text: str, read: Sequence[Token]) -> list[Token]:
    """Return *read* with lower-case operators recognized; the last token of *read* is the end."""
    found: list[Token] = []
    for at, token in enumerate(read):
        kind = _SMALL.get(text[token.position : token.end])
        if kind and token.kind is TokenKind.TERM and _is_meant(kind, found, text, read[at + 1]):
            found.append(replace(token, kind=kind, words=()))
        else:
            found.append(token)
    return found


def _is_meant(kind: TokenKind, before: Sequence[Token], text: str, after: Token) -> bool:
    is_between = bool(before) and before[-1].kind in _ENDS
    if after.kind not in BEGINNINGS:
        return False
    is_operator = text[after.position : after.end] in {"and", "or"}
    return not is_operator and (is_between or kind is TokenKind.NOT)
