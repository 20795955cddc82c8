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

# Telegram's id for any administrator who writes as the group (@GroupAnonymousBot).
ANONYMOUS_ADMINISTRATOR = 1087968824


def sender_of(event: Message | CallbackQuery) -> Sender | None:
    """Return the sender; None where nobody can be answered."""
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
    """Return a title that a button can show: the chat's own may have no visible character."""
    address = f"@{chat.username}" if chat.username else str(chat.id)
    return one_line(chat.title or "") or address


def private_sender(user: User) -> Sender:
    return Sender.in_private(user.id, user.first_name, user.language_code)


def thread_of(message: Message | InaccessibleMessage) -> int:
    """Return the forum topic of a message; 0 outside of topics.

    In a group without topics a reply has a thread too, which does not count.
    """
    if isinstance(message, Message) and message.is_topic_message:
        return message.message_thread_id or 0
    return 0


def thread_name_in(message: Message | InaccessibleMessage) -> str:
    """Return the name that a message's forum topic was created with; "" if unknown.

    A message in a topic that replies to nothing else replies to the one that created the topic.
    """
    answered = message.reply_to_message if isinstance(message, Message) else None
    made = answered.forum_topic_created if answered else None
    return thread_name(made.name) if made else ""


def thread_name(name: str) -> str:
    return one_line(name)[:_LONGEST_TITLE]
