"""Which updates are handled: those of a person who sends a flood of them are not.

It stands before everything, so that what is dropped costs no task, no query and no answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from aiogram.types import CallbackQuery, Message
from aiogram.types.update import UpdateTypeLookupError

from bot.chat.buckets import Bucket, Buckets, Size, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection

    from aiogram.types import TelegramObject, Update

EVERYBODY = Size(burst=20, per_second=1)
ADMINS = Size(burst=100, per_second=5)
# Each letter typed may be one of these, and nobody reads an answer to the one before the last.
INLINE = Size(burst=60, per_second=5)

TOAST_SECONDS = 1.0  # between two presses that are told

# What a chat tells of itself comes once; dropped, we would believe it to be what it was.
_OF_THE_CHAT = (
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "new_chat_members",
    "left_chat_member",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
)
_DROPPABLE = {
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "inline_query",
    "chosen_inline_result",
}
_WHILE_TYPING = {"inline_query"}


@dataclass(frozen=True, slots=True)
class Judged:
    verdict: Verdict
    seconds: int = 0  # until the person is answered again


HANDLED = Judged(Verdict.HANDLE)
_DROPPED = Judged(Verdict.DROP)


@dataclass(slots=True)
class Floodgate:
    """*admins* run the bot; they may do more at once."""

    admins: Collection[int] = ()
    everybody: Size = EVERYBODY
    buckets: Buckets = field(default_factory=Buckets)

    def judge(self, update: Update, now: float) -> Judged:
        """Decide for one update, in their order; *now* in seconds of a clock that never goes back.

        A group is not told what one member does to it; the buttons are, over the chat, to them.
        """
        try:
            kind = update.event_type
        except UpdateTypeLookupError:  # newer than our aiogram: nothing handles it
            return _DROPPED
        event = getattr(update, kind)
        person = sender_of(event)
        if not person or not may_be_dropped(update):
            return HANDLED
        bucket = self._bucket(person, now, is_typing=kind in _WHILE_TYPING)
        verdict = bucket.ask(now, TOAST_SECONDS if kind == "callback_query" else inf)
        if verdict is Verdict.SAY and not _is_told(event):
            return _DROPPED
        return Judged(verdict, bucket.seconds_shut())

    def _bucket(self, person: int, now: float, *, is_typing: bool) -> Bucket:
        size = ADMINS if person in self.admins else self.everybody
        return self.buckets.of((person, is_typing), INLINE if is_typing else size, now)


def may_be_dropped(update: Update) -> bool:
    """Whether somebody may say it again; *update* is of a kind that aiogram knows."""
    return update.event_type in _DROPPABLE and not is_of_the_chat(update.event)


def sender_of(event: TelegramObject) -> int:
    """Return who sent it; anonymous admins and channels by their chat, 0 for nobody."""
    sender = getattr(event, "sender_chat", None) or getattr(event, "from_user", None)
    sender = sender or getattr(event, "chat", None)
    return sender.id if sender else 0


def is_of_the_chat(event: TelegramObject) -> bool:
    return isinstance(event, Message) and any(
        getattr(event, name) is not None for name in _OF_THE_CHAT
    )


def _is_told(event: TelegramObject) -> bool:
    return isinstance(event, CallbackQuery) or (
        isinstance(event, Message) and event.chat.type == "private"
    )
