"""The entities that Telegram finds in a text by itself: addresses, names, tags, commands.

A smaller net than Telegram's: an address without a scheme counts only under a well-known ending.
"""

import re

from bot.playground.cleaning import utf16_length
from bot.playground.entities import Mark

_ENDINGS = "com|org|net|info|io|dev|app|me|tv|news|edu|gov|eu|uk|de|fr|jp|cn|tw|ru|kr|es|it|ch|at"
_PATTERNS = {
    "url": re.compile(
        r"(?<![\w@./])(?:(?:https?|tg|ftp)://[^\s<>\"']+"
        rf"|(?:[a-z0-9-]+\.)+(?:{_ENDINGS})\b(?![@.]?\w)(?:[/?#][^\s<>\"']*)?)",
        re.IGNORECASE,
    ),
    "email": re.compile(r"(?<![\w.+-])[\w.+-]+@(?:[a-z0-9-]+\.)+[a-z]{2,}\b", re.IGNORECASE),
    "mention": re.compile(r"(?<![\w@/])@[a-zA-Z]\w{2,31}\b"),
    "hashtag": re.compile(r"(?<![\w#@/])#(?=\w*[^\W\d_])\w{1,255}"),
    "cashtag": re.compile(r"(?<![\w$])\$[A-Z]{1,8}\b"),
    "bot_command": re.compile(r"(?<![\w/<>])/[a-zA-Z0-9_]{1,64}(?:@\w{3,32})?(?![\w/])"),
}
_TRAILING = ".,:;!?)]}»”\u2019…"


def find_links(text: str) -> list[Mark]:
    """In order, none touching another."""
    found: list[Mark] = []
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            words = match[0].rstrip(_TRAILING) if kind == "url" else match[0]
            offset = utf16_length(text[: match.start()])
            found.append(Mark(kind, offset, utf16_length(words)))
    found.sort(key=lambda mark: mark.order)
    apart: list[Mark] = []
    for mark in found:
        if mark.length and (not apart or mark.offset >= apart[-1].end):
            apart.append(mark)
    return apart
