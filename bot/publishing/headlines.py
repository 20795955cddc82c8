"""Headlines in a few words, for the first line of a digest and the subject of its mail.

1. A headline that is short enough stays whole. Wide characters (Chinese, Japanese, Korean) count
   double, because each says as much as several letters and takes twice the room.
2. Else it ends at the last border of a clause that fits, without an ellipsis: a comma, a dash or a
   word such as *after*. What is left must be long enough to be understood.
3. Else it may be a third longer if it is then whole, or ends at such a border: half a sentence
   with an ellipsis often leaves out what happened.
4. Else it ends between words, or between characters in scripts without spaces, with an ellipsis.
"""

import re
import tomllib
from functools import cache
from importlib.resources import files
from unicodedata import category, east_asian_width

WIDTH = 45  # columns
_MOST = 4 / 3  # of the width
_SHORTEST = 19  # columns of a clause that stands alone
_SHORTEST_AT_COMMA = 26  # before a comma, less is part of a list: "Envoys, …"
_ELLIPSIS = "…"
_WIDE = frozenset("WF")
_STOPS = " ,;:.\u2013—-·、\uff0c\uff1b\uff1a。|\u060c"
# Where a clause ends. A hyphen counts only between blanks, and a comma not within a number. A colon
# does not count, because the news often comes after it.
_PUNCTUATION = re.compile(r"\s+[-\u2013—|]+\s+|[,;\u060c](?=\s)|[、\uff0c\uff1b。]|—")
_COMMAS = frozenset(",;\u060c、\uff0c\uff1b")


def short_headline(title: str, width: int = WIDTH) -> str:
    """Return *title* in at most *width* columns, or a third more if it then needs no ellipsis."""
    title = " ".join(title.split())
    for room in (width, int(width * _MOST)):
        if columns(title) <= room:
            return title
        if clause := _clause(title, room):
            return clause
    return _cut(title, width)


def columns(text: str) -> int:
    """Return the width of *text*, in which Chinese and Japanese characters count double."""
    return sum(_columns_of(character) for character in text)


def _columns_of(character: str) -> int:
    if category(character)[0] == "M":
        return 0
    return 2 if east_asian_width(character) in _WIDE else 1


def _clause(title: str, width: int) -> str:
    """Return the longest clause from the start of *title* that fits; "" if all are too short."""
    borders = {
        match.start()
        for match in _PUNCTUATION.finditer(title)
        if match[0] not in _COMMAS or columns(title[: match.start()]) >= _SHORTEST_AT_COMMA
    }
    borders |= {match.start() for match in _clause_words().finditer(title)}
    fitting = (title[:border].rstrip(_STOPS) for border in sorted(borders, reverse=True))
    return next((head for head in fitting if _SHORTEST <= columns(head) <= width), "")


def _cut(title: str, width: int) -> str:
    room, end = width - 1, 0
    for character in title:
        room -= _columns_of(character)
        if room < 0:
            break
        end += 1
    # The zero-width joiner holds one emoji together.
    while end > 0 and ("\u200d" in title[end - 1 : end + 1] or category(title[end])[0] == "M"):
        end -= 1
    head = title[:end]
    at_a_word = head if title[end] == " " else head.rpartition(" ")[0]
    kept = at_a_word if columns(at_a_word) >= _SHORTEST else head
    return kept.rstrip(_STOPS) + _ELLIPSIS


@cache
def _clause_words() -> re.Pattern[str]:
    text = files("bot.publishing").joinpath("clause_words.toml").read_text(encoding="utf-8")
    words = sorted(map(re.escape, tomllib.loads(text)["words"]), key=len, reverse=True)
    return re.compile(rf"\s(?:{'|'.join(words)})\s", re.IGNORECASE)
