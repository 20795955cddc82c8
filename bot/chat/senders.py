"""The sender of an update and the chat it came from; a private chat has its user's id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.types import CallbackQuery, Message

from bot.subscribers.text import one_line
from bot.subscribers.users import Sender, language_tag, user_name
from storage.enums import ChatKind

if TYPE_CHECKING:
    from aiogram.types import Chat, InaccessibleMessage, User

# Telegram allows 128; other servers may allow more, and a row must stay small.
_LONGEST_TITLE = 128

# The id of @GroupAnonymousBot, under which administrators write as the group.
ANONYMOUS_ADMINISTRATOR = 1087968824


def sender_of(event: Message | CallbackQuery) -> Sender | None:
    """Return the sender; None if there is nobody to reply to."""
    message = event.message if isinstance(event, CallbackQuery) else event
    if event.from_user is None:
        return None
    if message is None:  # a button under an inline result in another chat
        return private_sender(event.from_user)
    thread_id, thread_name = thread_of(message), thread_name_in(message)
    return sender_at(event.from_user, message.chat, thread_id, thread_name)


def sender_at(user: User, chat: Chat, thread_id: int = 0, thread_name: str = "") -> Sender:
    """Return *user* as a sender of *chat*."""
    kind = ChatKind(chat.type)
    if kind is ChatKind.PRIVATE:
        return private_sender(user)
    return Sender(
        user_id=user.id,
        telegram_id=chat.id,
        thread_id=thread_id,
        kind=kind,
        name=user_name(user.first_name),
        title=_title_of(chat)[:_LONGEST_TITLE],
        thread_name=thread_name,
        language=language_tag(user.language_code),
    )


def _title_of(chat: Chat) -> str:
    """Return the title, or the address if the title has no visible character for a button."""
    address = f"@{chat.username}" if chat.username else str(chat.id)
    return one_line(chat.title or "") or address


def private_sender(user: User) -> Sender:
    return Sender.in_private(user.id, user.first_name, user.language_code)


def thread_of(message: Message | InaccessibleMessage) -> int:
    """Return the thread id of a message in a forum topic; 0 outside of topics.

    A reply in a group without topics has a thread id too, which is ignored.
    """
    if isinstance(message, Message) and message.is_topic_message:
        return message.message_thread_id or 0
    return 0


def thread_name_in(message: Message | InaccessibleMessage) -> str:
    """Return the name that a message's forum topic was created with; "" if unknown.

    In a topic, a message that is no other reply is a reply to the one that created the topic.
    """
    replied_to = message.reply_to_message if isinstance(message, Message) else None
    created = replied_to.forum_topic_created if replied_to else None
    return thread_name(created.name) if created else ""


def thread_name(name: str) -> str:
    return one_line(name)[:_LONGEST_TITLE]
