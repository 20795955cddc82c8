"""Keeping Telegram from making links of words that are not ours.

Whatever entities a message is sent with, Telegram links what looks like a mention, a hashtag, a
cashtag, a command, an address, a phone or card number in its text. What a variable brings to a
template was written by others, so word joiners, which show nothing, break such places up. What
stands in the template itself, such as /help, stays live, and so do its `<a href>`.

Joiners are of use in the text of a chat message alone: readers of attributes, of code, which
people copy, and of buttons leave them out, as do pages, mails and feeds.
"""

import re
from collections.abc import Iterable

JOINER = "\u2060"

_PLACES = re.compile(
    r"(?<=[@#\uff03])(?=\w)"  # mentions, e-mail addresses, hashtags
    r"|(?<=\$)(?=[A-Z]|1INCH)"
    r"|(?<=/)(?<![\w/<>]/)(?=\w)"  # commands
    r"|(?<=\w:)(?=//)|(?<=mailto:)(?=\w)"
    # The last part of a host's name has two letters at least; that of an IPv4 address has none.
    r"|(?<=\w\.)(?=[^\W\d_]{2})|(?<=\d\.)(?=\d{1,3}\.\d{1,3}\.\d)"
)
# From these on the rest is looked at, which few titles need.
_SIGNS = re.compile(r"[@#\uff03$/:.]|\d\D{0,2}\d")
_NUMBER = re.compile(r"\+\d(?:[ ().\u2010-\u2013-]*\d){6,}|\d(?:[ ().\u2010-\u2013-]?\d){8,}")
_DIGITS = re.compile(r"\d\D*\d\D*\d(?=\D*\d)")  # three, if another follows


def unlinked(text: str) -> str:
    """Return *text* with a joiner wherever Telegram would begin a link or go on with one."""
    at = places(text)
    return with_joiners(text, at) if at else text


def places(text: str) -> list[int]:
    """Return where joiners are to stand in *text*, in order."""
    if not _SIGNS.search(text):
        return []
    found = {match.start() for match in _PLACES.finditer(text)}
    for number in _NUMBER.finditer(text):
        within = _DIGITS.finditer(text, number.start(), number.end())
        found.update(match.end() for match in within)
    return sorted(found)


def with_joiners(text: str, at: Iterable[int]) -> str:
    pieces, done = [], 0
    for place in at:
        pieces.append(text[done:place])
        done = place
    return JOINER.join((*pieces, text[done:]))


def without_joiners(text: str) -> str:
    return text.replace(JOINER, "")
