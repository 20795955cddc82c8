"""Texts that are neither a setting nor plainly a query.

- A post by somebody else, forwarded or pasted: a link, or a text to take keywords from. A typed
  text is a post only if it is long and has no signs of a query.
- A message to the bot itself: `delete Taiwan`. The others are in `bot.subscribers.intents`.
- A list: several names, separated by commas or line breaks. The query finds any of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.matching.query import is_readable
from bot.matching.query.ast import quoted
from bot.sources.urls import is_link
from bot.subscribers.text import one_line
from bot.text.folding import folded_text
from bot.text.stopwords import STOP_WORDS

LONG: Final = 200  # characters; a longer text is a query only if it has the signs of one
_FEW: Final = 100  # characters; a post with so little text besides a link is about the link
_LONGEST_TITLE: Final = 200
_URL: Final = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_TRAILING: Final = ".,;:!?)]}\u2026\u300d\u3002"
_SIGNS: Final = re.compile(
    r"(?:^|[\s(])(?:OR|AND|NOT|NEAR(?:/\d+)?)(?=[\s(])|(?:^|\s)-[\w\"]|\b(?:title|source|lang):\S"
    r"|\w\*(?:\s|$)|(?:^|\s)#\w"
)


_COMMA: Final = re.compile(r",(?!\d)|[;\n\u060c\u3001\uff0c\uff1b]")
_OPERATOR: Final = re.compile(r"\b(?:OR|AND|NOT|NEAR)\b|[|!\"()*:#]|(?:^|\s)-")
_MOST_WORDS_OF_A_NAME: Final = 4
_MOST_LISTED: Final = 20
_DELETE: Final = re.compile(
    r"(?:please\s+)?(?:delete|remove|stop|unfollow|unsubscribe(?:\s+from)?|unwatch)\s+(.+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PostLink:
    url: str


@dataclass(frozen=True, slots=True)
class Post:
    """*title* is its first line."""

    title: str
    text: str


def asks(text: str) -> bool:
    """Whether *text* is a query rather than a text."""
    return bool(_SIGNS.search(text)) or (len(text) <= LONG and not _URL.search(text))


def is_telling(text: str) -> bool:
    """Return whether *text* has any word to search for."""
    words = folded_text(text).split()
    return bool(words) and (len(words) > 1 or words[0] not in STOP_WORDS)


def read_post(text: str, hidden_links: Iterable[str] = ()) -> PostLink | Post:
    """Return the link that a post is about, or its text; *hidden_links* are links under words."""
    links = [found.rstrip(_TRAILING) for found in _URL.findall(text)]
    links += [link for link in hidden_links if _URL.fullmatch(link)]
    links = [link for link in links if is_link(link)]
    bare = one_line(_URL.sub(" ", text))
    if links and len(bare) <= _FEW:
        return PostLink(links[0])
    lines = [line for line in map(one_line, _URL.sub(" ", text).splitlines()) if line]
    title = lines[0] if lines and len(lines[0]) <= _LONGEST_TITLE else ""
    return Post(title, "\n".join(lines[1:] if title else lines))


def to_delete(text: str) -> str:
    """Return the name or query in `delete Taiwan` and the like; "" if *text* is none of these."""
    found = _DELETE.fullmatch(one_line(text))
    return found[1] if found else ""


def names_in(text: str) -> tuple[str, ...]:
    """Return the names in a list with commas or line breaks; none if *text* is no list."""
    names = [name for name in map(one_line, _COMMA.split(text)) if name]
    are_names = all(
        len(name.split()) <= _MOST_WORDS_OF_A_NAME and is_telling(name) for name in names
    )
    if not 1 < len(names) <= _MOST_LISTED or not are_names or _OPERATOR.search(text):
        return ()
    return tuple(dict.fromkeys(names))


def any_of_names(names: Iterable[str]) -> str:
    """Return the query that finds any of *names*; "" if that is no query."""
    typed = " OR ".join(map(quoted, names))
    return typed if is_readable(typed) else ""
