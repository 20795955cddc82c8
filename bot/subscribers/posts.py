"""What somebody else wrote, forwarded or pasted: a link, or a text to take words from.

A text that is typed is one only if it is long, and asks for nothing in the way of queries.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.matching.query.stopwords import STOP_WORDS
from bot.matching.text import folded_text
from bot.sources.urls import is_link
from bot.subscribers.text import one_line

LONG: Final = 200  # characters: nobody types so long a query without its signs
_FEW: Final = 100  # characters beside a link, which is what the post is about then
_LONGEST_TITLE: Final = 200
_URL: Final = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_TRAILING: Final = ".,;:!?)]}\u2026\u300d\u3002"
_SIGNS: Final = re.compile(
    r"(?:^|[\s(])(?:OR|AND|NOT|NEAR(?:/\d+)?)(?=[\s(])|(?:^|\s)-[\w\"]|\b(?:title|source|lang):\S"
    r"|\w\*(?:\s|$)|(?:^|\s)#\w",
)


@dataclass(frozen=True, slots=True)
class Link:
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
    """Whether there is anything in it to look for or to understand."""
    words = folded_text(text).split()
    return bool(words) and (len(words) > 1 or words[0] not in STOP_WORDS)


def read_post(text: str, hidden_links: Iterable[str] = ()) -> Link | Post:
    """Return the link that a post is about, or what it says; *hidden_links* lie under its words."""
    links = [found.rstrip(_TRAILING) for found in _URL.findall(text)]
    links += [link for link in hidden_links if _URL.fullmatch(link)]
    links = [link for link in links if is_link(link)]
    bare = one_line(_URL.sub(" ", text))
    if links and len(bare) <= _FEW:
        return Link(links[0])
    lines = [line for line in map(one_line, _URL.sub(" ", text).splitlines()) if line]
    title = lines[0] if lines and len(lines[0]) <= _LONGEST_TITLE else ""
    return Post(title, "\n".join(lines[1:] if title else lines))
