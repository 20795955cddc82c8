"""Keeps Telegram from turning words of sources and users into links.

Telegram links everything in a message that looks like a mention, a hashtag, a cashtag, a command,
an address, a phone or card number, whatever entities the message has. The values of template
variables are written by others, so invisible word joiners break up such text in them. The text of
the template itself, such as /help, stays live, and so does its `<a href>`.

Joiners are useful in the text of chat messages only. They are removed from attributes, from code
(which users copy), from buttons, and from pages, mails and feeds.
"""

import re
from collections.abc import Iterable

JOINER = "\u2060"

_PLACES = re.compile(
    r"(?<=[@#\uff03])(?=\w)"  # mentions, e-mail addresses, hashtags
    r"|(?<=\$)(?=[A-Z]|1INCH)"
    r"|(?<=/)(?<![\w/<>]/)(?=\w)"  # commands
    r"|(?<=\w:)(?=//)|(?<=mailto:)(?=\w)"
    # A top-level domain has at least two letters; an IPv4 address has none.
    r"|(?<=\w\.)(?=[^\W\d_]{2})|(?<=\d\.)(?=\d{1,3}\.\d{1,3}\.\d)"
)
# A text without any of these needs no joiners; few titles have one.
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
    indices = {match.start() for match in _PLACES.finditer(text)}
    for number in _NUMBER.finditer(text):
        digits = _DIGITS.finditer(text, number.start(), number.end())
        indices.update(match.end() for match in digits)
    return sorted(indices)


def with_joiners(text: str, indices: Iterable[int]) -> str:
    pieces, done = [], 0
    for index in indices:
        pieces.append(text[done:index])
        done = index
    return JOINER.join((*pieces, text[done:]))


def without_joiners(text: str) -> str:
    return text.replace(JOINER, "")
