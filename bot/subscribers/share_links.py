"""Links to the bot, `t.me/<bot>?start=…`, and sharing a topic by one.

admin_<code>   makes the first admin
invite_<code>  an invitation
topic_<slug>   a topic of the catalogue
topic_<id>     one that has no slug
q_<query>      a query, its UTF-8 as URL-safe base64 without padding
story_<id>     a story that the chat was sent
s_<token>      a query that is too long for that, stored under a token
posts_<token>  a channel whose posts may be followed

Telegram takes 64 characters of A-Z a-z 0-9 _ -.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TypeAlias

from bot.subscribers.errors import NoSuchTopic
from bot.subscribers.topics import find_topic
from storage.chats import lock_chat
from storage.db.engine import Storage
from storage.topics import add_share, share_by_token, share_of

LONGEST_START = 64
ADMIN_PREFIX, INVITE_PREFIX = "admin_", "invite_"
STORY = "story_"
POSTS = "posts_"
_TOPIC, _QUERY, _SHARED = "topic_", "q_", "s_"
_LARGEST_ID = 2**63 - 1
_TOKEN_BYTES = 16


@dataclass(frozen=True, slots=True)
class LinkedTopic:
    """*name*: a slug, or a number."""

    name: str


@dataclass(frozen=True, slots=True)
class LinkedQuery:
    typed: str


@dataclass(frozen=True, slots=True)
class LinkedShare:
    token: str


@dataclass(frozen=True, slots=True)
class LinkedStory:
    story_id: int


@dataclass(frozen=True, slots=True)
class LinkedChannel:
    token: str


Linked: TypeAlias = LinkedTopic | LinkedQuery | LinkedShare


def start_for(linked: Linked) -> str | None:
    """Return the start parameter of a link; None if it would be too long."""
    match linked:
        case LinkedTopic(name):
            start = _TOPIC + name
        case LinkedShare(token):
            start = _SHARED + token
        case LinkedQuery(typed):
            encoded = urlsafe_b64encode(typed.encode("utf-8", "replace")).decode()
            start = _QUERY + encoded.rstrip("=")
    return start if len(start) <= LONGEST_START else None


def read_start(start: str) -> Linked | LinkedStory | LinkedChannel | None:
    """Read the start parameter of a link; None if it has none of these forms."""
    if start.startswith(_TOPIC):
        return LinkedTopic(start.removeprefix(_TOPIC))
    if start.startswith(STORY):
        number = start.removeprefix(STORY)
        is_number = number.isascii() and number.isdigit()
        return LinkedStory(min(int(number), _LARGEST_ID)) if is_number else None
    if start.startswith(POSTS):
        return LinkedChannel(start.removeprefix(POSTS))
    if start.startswith(_SHARED):
        return LinkedShare(start.removeprefix(_SHARED))
    if start.startswith(_QUERY):
        typed = _decoded(start.removeprefix(_QUERY))
        return LinkedQuery(typed) if typed else None
    return None


def _decoded(text: str) -> str:
    """Return the decoded text, or "" if it is not valid."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return ""


async def share(storage: Storage, chat_id: int, topic_id: int) -> str:
    """Return the start parameter of a link to the topic.

    A query that is too long for a link is stored. Raises NoSuchTopic if the chat cannot see the
    topic.
    """
    async with storage.reading() as tx:
        topic = await find_topic(tx, chat_id, topic_id)
    linked: Linked = LinkedQuery(topic.typed)
    if topic.chat_id is None:
        linked = LinkedTopic(topic.slug or str(topic.id))
    return start_for(linked) or await _stored(storage, chat_id, topic.typed)


async def shared_query(storage: Storage, token: str) -> str:
    """Return the query that was shared under *token*; raise NoSuchTopic if there is none."""
    async with storage.reading() as tx:
        shared = await share_by_token(tx, token)
    if shared is None:
        raise NoSuchTopic
    return shared.typed


async def _stored(storage: Storage, chat_id: int, typed: str) -> str:
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        shared = await share_of(tx, chat_id, typed)
        if shared is None:
            shared = await add_share(tx, chat_id, typed, secrets.token_urlsafe(_TOKEN_BYTES))
    return _SHARED + shared.token
