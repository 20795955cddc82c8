"""Exact spelling, for terms that must match with capitals, accents and all."""

import re
from typing import Final
from unicodedata import category

from bot.text.folding import compose, fold
from bot.text.tracing import trace

QUOTES = '"\u201c\u201d\u201e\u201f\uff02«»‹›「」『』《》〈〉〝〞〟'  # noqa: RUF001 - they are its matter
INSIDE_HEBREW = '(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea])'  # an abbreviation's sign
_BETWEEN = re.compile(rf"(?:(?!{INSIDE_HEBREW})[\s{QUOTES}])+")


class _Seen(dict[int, str]):
    """A table for `str.translate` that drops invisible characters."""

    def __missing__(self, code: int) -> str:
        self[code] = seen = "" if category(chr(code)) == "Cf" else chr(code)
        return seen


_SEEN: Final = _Seen()


def spelled(text: str) -> str:
    """Return *text* composed, on one line, without quotes and invisible characters."""
    seen = text if text.isascii() else compose(text).translate(_SEEN)
    return _BETWEEN.sub(" ", seen).strip()


def spelling_of(typed: str) -> tuple[str, tuple[str, ...]]:
    """Return the spelling to search for, from first to last word, and its folded words."""
    spelling = spelled(typed)
    while True:
        places = trace(spelling).plain
        inner = spelled(spelling[places[0][0] : places[-1][1]]) if places else ""
        if inner == spelling:
            return spelling, fold(spelling).words
        spelling = inner
