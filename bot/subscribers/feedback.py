"""Feedback: what users write to the admins, and the admins' replies."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from bot.rendering.keyboards import answer_feedback
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from bot.subscribers.errors import NoSuchFeedback, TooMuchFeedback
from storage.access import AdminChat, admin_chats
from storage.admin_inbox import (
    FEEDBACK_NOTICE,
    Feedback,
    add_feedback,
    count_feedback,
    unsent_feedback,
)
from storage.chats import Chat, lock_chat
from storage.db.engine import Storage, Transaction
from storage.enums import DeliveryKind
from storage.outbox import enqueue, new_delivery
from storage.updates import UpdateRef, is_duplicate

MOST_A_DAY = 5
LONGEST = 4096  # characters; the longest message that Telegram delivers
_DAY = timedelta(days=1)


async def send_feedback(
    storage: Storage,
    chat_id: int,
    words: str,
    *,
    once: UpdateRef | None = None,
    renderer: Renderer,
    admins: frozenset[int],
) -> bool:
    """Send *words* to all admins; False if there is no admin yet. The first one will get them.

    Raises TooMuchFeedback if the chat has sent too many today.
    """
    words = words[:LONGEST]
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        to = await admin_chats(tx, admins)
        if await is_duplicate(tx, once):
            return bool(to)
        if await count_feedback(tx, chat_id, _DAY) >= MOST_A_DAY:
            raise TooMuchFeedback(MOST_A_DAY)
        feedback = await add_feedback(tx, chat_id, words, is_passed_on=bool(to))
        await enqueue(tx, _notices(tx, to, chat.name, feedback, renderer=renderer))
    return bool(to)


async def forward_feedback(storage: Storage, *, renderer: Renderer, admins: frozenset[int]) -> None:
    """Send the admins the feedback that arrived before there was an admin."""
    async with storage.writing() as tx:
        to = await admin_chats(tx, admins)
        for name, feedback in await unsent_feedback(tx) if to else ():
            feedback.passed_on_at = tx.now
            await enqueue(tx, _notices(tx, to, name, feedback, renderer=renderer))


async def reply_to_feedback(
    storage: Storage,
    feedback_id: int,
    words: str,
    *,
    once: UpdateRef | None = None,
    renderer: Renderer,
) -> str:
    """Send a reply to the chat that wrote, and return the chat's name.

    Raises NoSuchFeedback if the chat is gone.
    """
    async with storage.writing() as tx:
        feedback = await tx.get(Feedback, feedback_id)
        chat = await tx.get(Chat, feedback.chat_id) if feedback else None
        if feedback is None or chat is None:
            raise NoSuchFeedback
        if await is_duplicate(tx, once):
            return chat.name
        feedback.answered_at = tx.now
        messages = renderer.of(chat.speaks).messages(
            "notices.html#feedback_answer", asked=feedback.words, words=words[:LONGEST]
        )
        subject = f"{feedback_id}:{tx.now:%Y%m%dT%H%M%S%f}"
        await enqueue(tx, _deliveries(tx, feedback.chat_id, messages, "answer", subject))
    return chat.name


def _notices(
    tx: Transaction, to: Iterable[AdminChat], name: str, feedback: Feedback, *, renderer: Renderer
) -> list[dict[str, Any]]:
    """Return the deliveries of the feedback to each admin."""
    answer = answer_feedback(feedback.id)
    deliveries = []
    for admin in to:
        messages = renderer.of(admin.language).messages(
            "notices.html#feedback", name=name, words=feedback.words, answer=answer
        )
        subject = str(feedback.id)
        deliveries += _deliveries(tx, admin.chat_id, messages, FEEDBACK_NOTICE, subject)
    return deliveries


def _deliveries(
    tx: Transaction, chat_id: int, messages: Iterable[Message], notice: str, subject: str
) -> list[dict[str, Any]]:
    """Return a delivery for each message; long words take two, numbered behind *subject*."""
    return [
        new_delivery(
            tx,
            DeliveryKind.NOTICE,
            chat_id,
            message,
            notice=notice,
            subject=f"{subject}/{number}" if number else subject,
        )
        for number, message in enumerate(messages)
    ]
