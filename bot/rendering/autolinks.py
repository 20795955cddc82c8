"""Keeping Telegram from making links of words that are not ours.

Whatever entities a message is sent with, Telegram links what looks like a mention, a hashtag, a
cashtag, a command, an address, a phone or card number in its text. The values of a template's
variables were written by others, so word joiners, which are invisible, break such places up. The
text of the template itself, such as /help, stays live, and so do its `<a href>`.

Joiners are of use in the text of a chat message alone: they are removed from attributes, from code,
which users copy, and from buttons, as from pages, mails and feeds.
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
# Only a text with one of these can need joiners; few titles have one.
_SIGNS = re.compile(r"[@#\uff03$/:.]|\d\D{0,2}\d")
_NUMBER = re.compile(r"\+\d(?:[ ().\u2010-\u2013-]*\d){6,}|\d(?:[ ().\u2010-\u2013-]?\d){8,}")
_DIGITS = re.compile(r"\d\D*\d\D*\d(?=\D*\d)")  # three, if another follows


def unlinked(text: str) -> str:
    """Return *text* with a joiner wherever Telegram would begin or continue a link."""
    return with_joiners(text, places(text))


def places(text: str) -> list[int]:
    """Return the indices at which *text* needs joiners, in order."""
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
