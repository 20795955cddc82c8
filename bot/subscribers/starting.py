"""What a link to the bot brings along: `t.me/<bot>?start=…`, 64 characters of A-Z a-z 0-9 _ -.

topic_<slug>   a topic of the catalogue
topic_<id>     one that has no slug
q_<words>      a query, its UTF-8 as URL-safe base64 without padding
s_<token>      a query that is too long for that: what somebody shared, by its token
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TypeAlias

LONGEST_START = 64
_TOPIC, _WORDS, _SHARED = "topic_", "q_", "s_"


@dataclass(frozen=True, slots=True)
class LinkedTopic:
    """*name*: a slug, or a number."""

    name: str


@dataclass(frozen=True, slots=True)
class LinkedWords:
    typed: str


@dataclass(frozen=True, slots=True)
class LinkedShare:
    token: str


Linked: TypeAlias = LinkedTopic | LinkedWords | LinkedShare


def start_for(linked: Linked) -> str | None:
    """Return what brings it along; None where that is too long for a link."""
    match linked:
        case LinkedTopic(name):
            start = _TOPIC + name
        case LinkedShare(token):
            start = _SHARED + token
        case LinkedWords(typed):
            start = _WORDS + urlsafe_b64encode(typed.encode("utf-8", "replace")).decode().rstrip(
                "="
            )
    return start if len(start) <= LONGEST_START else None


def read_start(start: str) -> Linked | None:
    """Return what a link brings along; None for what is no link of these."""
    if start.startswith(_TOPIC):
        return LinkedTopic(start.removeprefix(_TOPIC))
    if start.startswith(_SHARED):
        return LinkedShare(start.removeprefix(_SHARED))
    if start.startswith(_WORDS):
        typed = _decoded(start.removeprefix(_WORDS))
        return LinkedWords(typed) if typed else None
    return None


def _decoded(text: str) -> str:
    """Return what *text* encodes, "" for nothing or nonsense."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return ""
