"""The pieces that a query's text is cut into, whatever the keyboard that wrote them.

Quotes of any family are read ("…", “…”, „…“, «…», »…«, 「…」, 《…》, ‘…’, '…'), brackets and
stars of any width, the dashes that telephones make of a minus, and `!` for it.
"""  # noqa: RUF002 - they are its matter

import re
from typing import Final

from bot.matching.refusals import Code, QueryError
from bot.matching.spelling import INSIDE_HEBREW

FIELDS: Final = ("title", "source", "lang")
# Fields of other search engines, and what to write instead; "" where there is no such thing.
MEANT_FIELDS: Final = {
    "headline": "title:", "intitle": "title:", "allintitle": "title:", "subject": "title:",
    "site": "source:", "domain": "source:", "host": "source:", "from": "source:",
    "publisher": "source:", "language": "lang:", "topic": "#", "intext": "", "inurl": "",
    "url": "", "author": "",
}  # fmt: skip

_WIDE = {code: code - ord("a") + ord("\uff41") for code in range(ord("a"), ord("z") + 1)}
_NAMES = [*FIELDS, *MEANT_FIELDS]
# Of full width too, as a Japanese keyboard writes them.
_ANY_FIELD = "|".join([*_NAMES, *(name.translate(_WIDE) for name in _NAMES)])

_DOUBLE = '"\u201c\u201d\u201e\u201f\uff02\u301d\u301e\u301f'
# What closes a quote that this opens.
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
    """What stands in the quotes that open at *at*, and where they end."""
    end = _closing(text, at)
    if end is None:
        raise QueryError(Code.UNCLOSED_QUOTE, text, at, 1, text.rstrip() + CLOSERS[text[at]][0])
    return text[at + 1 : end].strip(), end + 1


def _closing(text: str, at: int) -> int | None:
    single = _SINGLES.get(text[at])
    closer = rf"[{single}](?!{_LETTER})" if single else f"[{CLOSERS[text[at]]}]"
    closing = re.compile(f"{INSIDE_HEBREW}|({closer})")
    return next((found.start() for found in closing.finditer(text, at + 1) if found[1]), None)
