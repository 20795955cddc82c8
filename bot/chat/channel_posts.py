"""Reads the posts of channels from Telegram's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.types import (
    MessageOriginChannel,
    MessageOriginChat,
    MessageOriginHiddenUser,
    MessageOriginUser,
)

from bot.sources.channels.posts import LONGEST_ALBUM_ID, PostPart
from bot.subscribers.text import one_line, storable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiogram.types import Message, MessageOriginUnion

_LONGEST_NAME = 256


def post_of(message: Message) -> PostPart:
    """Return the facts of a post; a service message or a story has no words."""
    edited = message.edit_date if isinstance(message.edit_date, int) else 0
    return PostPart(
        channel_id=message.chat.id,
        message_id=message.message_id,
        published=int(message.date.timestamp()),
        edited=edited,
        username=message.chat.username or "",
        text=storable(message.text or message.caption or ""),
        author=_name(message.author_signature or _origin_name(message.forward_origin)),
        album=(message.media_group_id or "")[:LONGEST_ALBUM_ID],
        names=tuple(filter(None, map(_name, _names(message)))),
    )


def is_by_bot(message: Message, bot_id: int) -> bool:
    """Return whether the bot wrote the post, directly or by way of an inline result or forward."""
    origin = message.forward_origin
    writers = [message.from_user, message.via_bot]
    if isinstance(origin, MessageOriginUser):
        writers.append(origin.sender_user)
    return any(writer is not None and writer.id == bot_id for writer in writers)


def forwarded_from(message: Message) -> tuple[int, int] | None:
    """Return the ids of the channel and of the post that this post forwards; None for none."""
    origin = message.forward_origin
    if not isinstance(origin, MessageOriginChannel):
        return None
    return origin.chat.id, origin.message_id


def _origin_name(origin: MessageOriginUnion | None) -> str:
    match origin:
        case MessageOriginChannel():
            return origin.chat.title or ""
        case MessageOriginChat():
            return origin.sender_chat.title or ""
        case MessageOriginUser():
            return origin.sender_user.full_name
        case MessageOriginHiddenUser():
            return origin.sender_user_name
        case _:
            return ""


def _names(message: Message) -> Iterator[str | None]:
    if message.audio:
        yield message.audio.performer
        yield message.audio.title
        yield message.audio.file_name
    if message.document and not message.animation:  # a name such as "video.mp4" says nothing
        yield message.document.file_name
    if message.poll:
        yield message.poll.question
        yield from (option.text for option in message.poll.options)
    if message.venue:
        yield message.venue.title
        yield message.venue.address


def _name(text: str | None) -> str:
    return one_line(storable((text or "")[:_LONGEST_NAME]))
