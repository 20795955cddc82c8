"""Headlines in a few words, for the first line of a digest and the subject of its mail.

1. A headline that is short enough stays whole. Wide characters (Chinese, Japanese, Korean) count
   double, because each says as much as several letters and takes twice the room.
2. Else it ends at the last border of a clause that fits, without an ellipsis: a comma, a dash or a
   word such as *after*. What is left must be long enough to be understood.
3. Else it may be a third longer if it is then whole, or ends at such a border: half a sentence
   with an ellipsis often leaves out what happened.
4. Else it ends after a word that can end a phrase, or between characters in scripts without
   spaces, with an ellipsis: "to", "will pay" and "568 billion" need the word after them.
5. A quotation at the start is not cut off from the words that say whose it is. If both do not fit,
   those words stand alone.
"""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from itertools import islice
from unicodedata import category, east_asian_width

from bot.text.stopwords import STOP_WORDS

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
# Opening quotation marks, with those that can close them.
_QUOTES = {
    "'": "'", '"': '"', "\u2018": "\u2019", "\u201c": "\u201d", "\u201e": "\u201c\u201d",
    "«": "»", "\u2039": "\u203a", "「": "」", "『": "』",
}  # fmt: skip
_SAID_BY = re.compile(r"\s*(?:[:\uff1a]|[\u2013\u2014|-]\s)\s*")
# "Week in Politics: a vote; a visit; a storm" has so many parts.
_FEWEST_PARTS = 3
_PARTS = re.compile(r"[;\uff1b\u061b•]")


@lru_cache(maxsize=4_096)
def short_headline(title: str, width: int = WIDTH) -> str:
    """Return *title* in at most *width* columns, or a third more if it then needs no ellipsis."""
    title = " ".join(title.split())
    quoted = _end_of_quotation(title)
    for room in (width, int(width * _MOST)):
        if columns(title) <= room:
            return title
        if clause := _clause(title, room, quoted):
            return clause
    if quoted and (colon := _SAID_BY.match(title, quoted)):
        speaker = title[colon.end() :]
        if columns(title[: colon.end()]) + _SHORTEST > width and columns(speaker) >= _SHORTEST:
            return short_headline(speaker, width)
    return _cut(title, width)


def short_headlines(titles: Iterable[str], most: int) -> tuple[str, ...]:
    """Return the short forms of up to *most* titles, fewer if that spares a break in a sentence.

    If the first has no good end, it takes the room of all.
    """
    titles = list(islice(titles, most))
    short = [short_headline(title) for title in titles]
    if not short or not is_broken(short[0]):
        return (*short[:1], *(one for one in short[1:] if not is_broken(one)))
    return (short_headline(titles[0], WIDTH * most),)


def is_broken(short: str) -> bool:
    """Return whether a short headline ends within a sentence."""
    return short.endswith(_ELLIPSIS)


def is_round_up(title: str) -> bool:
    """Return whether a title names several stories, or only that there are some."""
    parts = [part for part in _PARTS.split(title) if part.strip()]
    return len(parts) >= _FEWEST_PARTS or bool(_round_ups().search(title.casefold()))


def columns(text: str) -> int:
    """Return the width of *text*, in which Chinese and Japanese characters count double."""
    return sum(_columns_of(character) for character in text)


def _columns_of(character: str) -> int:
    if category(character)[0] == "M":
        return 0
    return 2 if east_asian_width(character) in _WIDE else 1


def _end_of_quotation(title: str) -> int:
    """Return where a quotation ends with which *title* begins; 0 without one."""
    closing = _QUOTES.get(title[:1], "")
    ends = (at + 1 for at in range(1, len(title)) if title[at] in closing)
    # An apostrophe stands within a word.
    return next((end for end in ends if not title[end : end + 1].isalnum()), 0)


def _clause(title: str, width: int, quoted: int) -> str:
    """Return the longest clause from the start of *title* that fits; "" if all are too short.

    None ends within the quotation that ends at *quoted*, or right behind it.
    """
    borders = {
        match.start()
        for match in _PUNCTUATION.finditer(title)
        if match[0] not in _COMMAS or columns(title[: match.start()]) >= _SHORTEST_AT_COMMA
    }
    borders |= {match.start() for match in _clause_words().finditer(title)}
    after = (border for border in sorted(borders, reverse=True) if border > quoted + 1)
    fitting = (title[:border].rstrip(_STOPS) for border in after)
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
    phrase = _phrase(at_a_word)
    kept = next((each for each in (phrase, at_a_word) if columns(each) >= _SHORTEST), head)
    return kept.rstrip(_STOPS) + _ELLIPSIS


def _phrase(head: str) -> str:
    """Return *head* without the words at its end that need another word after them."""
    words = head.split(" ")
    while words and _hangs(words[-1], words[-2] if len(words) > 1 else ""):
        words.pop()
    return " ".join(words)


def _hangs(word: str, before: str) -> bool:
    data, plain = _clause_data(), word.strip(_STOPS).casefold()
    is_amount = any(map(str.isdigit, word)) or plain in data["hanging"]
    is_verb = word.islower() and before.casefold() in data["before_verbs"]
    return not plain or is_amount or is_verb or plain in STOP_WORDS


@cache
def _clause_data() -> Mapping[str, Collection[str]]:
    text = files("bot.publishing").joinpath("clause_words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _clause_words() -> re.Pattern[str]:
    words = sorted(map(re.escape, _clause_data()["words"]), key=len, reverse=True)
    return re.compile(rf"\s(?:{'|'.join(words)})\s", re.IGNORECASE)


@cache
def _round_ups() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(_clause_data()['round_ups'])})\b")
