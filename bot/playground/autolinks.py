"""The entities that Telegram finds in a text by itself: addresses, names, tags, numbers, commands.

A smaller net than Telegram's: an address without a scheme counts only under a well-known ending.
"""

import re

from bot.playground.cleaning import utf16_length
from bot.playground.entities import Mark

_ENDINGS = (
    "com|org|net|info|dev|app|news|edu|gov|online|site|shop|xyz|рф|eu|uk|de|fr|jp|cn|tw|ru|kr|es|it|ch|at"
    "|io|me|tv|co|ai|us|ca|au|nl|pl|br|mx|ua|tr|ir|in|hk|be|se|no|dk|fi|pt|gr|cz|ro|il|za|cc|ly|gg|so|to"
)
_PATTERNS = {
    "url": re.compile(
        r"(?<![\w@./])(?:(?:https?|tg|ton|ftp)://[\w\[][^\s<>\"'\u2060]*"
        rf"|(?:[\w-]+\.)+(?:{_ENDINGS})\b(?![@.]?\w)(?:[/?#][^\s<>\"'\u2060]*)?)",
        re.IGNORECASE,
    ),
    "email": re.compile(r"(?<![\w.+-])[\w.+-]+@(?:[a-z0-9-]+\.)+[a-z]{2,}\b", re.IGNORECASE),
    "mention": re.compile(r"(?<![\w@/])@[a-zA-Z]\w{2,31}\b"),
    "hashtag": re.compile(r"(?<![\w#\uff03@/])[#\uff03](?=\w*[^\W\d_])\w{1,255}"),
    "cashtag": re.compile(r"(?<![\w$])\$(?:1INCH|[A-Z]{1,8})\b(?!\$)"),
    "phone_number": re.compile(r"(?<![\w+])\+\d(?:[ ()-]{0,2}\d){7,14}(?!\d)"),
    "bank_card_number": re.compile(r"(?<![\w+.,-])\d(?:[ -]?\d){12,18}(?![\w-])"),
    "bot_command": re.compile(r"(?<![\w/<>])/[a-zA-Z0-9_]{1,64}(?:@\w{3,32})?(?![\w/])"),
}
_TRAILING = ".,:;!?)]}»”\u2019…"


def find_links(text: str) -> list[Mark]:
    """In order, none touching another."""
    found: list[Mark] = []
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            words = match[0].rstrip(_TRAILING) if kind == "url" else match[0]
            if kind == "bank_card_number" and not _is_card(words):
                continue
            offset = utf16_length(text[: match.start()])
            found.append(Mark(kind, offset, utf16_length(words)))
    found.sort(key=lambda mark: mark.order)
    apart: list[Mark] = []
    for mark in found:
        if mark.length and (not apart or mark.offset >= apart[-1].end):
            apart.append(mark)
    return apart


def _is_card(words: str) -> bool:
    """Whether the last digit checks the others (Luhn)."""
    digits = [int(sign) for sign in reversed(words) if sign.isdecimal()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
