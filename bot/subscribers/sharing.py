"""Sharing topics: a link with which somebody else watches the same, and what such a link opens."""

import secrets

from bot.subscribers.errors import NoSuchTopic
from bot.subscribers.starting import LinkedShare, LinkedTopic, LinkedWords, start_for
from storage.chats import lock_chat
from storage.db.engine import Storage, Transaction
from storage.sharing import Share, share_of, shared_by
from storage.topics import topic_seen_by

_TOKEN_BYTES = 16


async def start_parameter(storage: Storage, chat_id: int, topic_id: int) -> str:
    """Return what a link to the topic brings along; NoSuchTopic if the chat has none such."""
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        topic = await topic_seen_by(tx, chat_id, topic_id)
        if topic is None:
            raise NoSuchTopic
        if topic.chat_id is None:
            return _must(start_for(LinkedTopic(topic.slug or str(topic.id))))
        return start_for(LinkedWords(topic.typed)) or await _kept(tx, chat_id, topic.typed)


async def shared_query(storage: Storage, token: str) -> str:
    """Return the words that were shared under *token*; NoSuchTopic for none."""
    async with storage.reading() as tx:
        share = await shared_by(tx, token)
    if share is None:
        raise NoSuchTopic
    return share.typed


async def _kept(tx: Transaction, chat_id: int, typed: str) -> str:
    share = await share_of(tx, chat_id, typed)
    if share is None:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        share = Share(chat_id=chat_id, token=token, typed=typed, created_at=tx.now)
        tx.session.add(share)
        await tx.session.flush()
    return _must(start_for(LinkedShare(share.token)))


def _must(start: str | None) -> str:
    if start is None:
        raise ValueError("a name of ours is too long for a link")
    return start
