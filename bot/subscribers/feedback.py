"""Feedback: what users write to the admins, and the admins' replies."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bot.rendering.keyboards import answer_feedback
from bot.rendering.renderer import Renderer
from bot.subscribers.errors import NoSuchFeedback, TooMuchFeedback
from storage.access import AdminChat, admin_chats
from storage.chats import Chat, lock_chat
from storage.db.engine import Storage, Transaction
from storage.enums import DeliveryKind
from storage.feedback import FEEDBACK_NOTICE, Feedback, count_feedback, unsent_feedback
from storage.outbox import enqueue, new_delivery
from storage.updates import UpdateRef, is_duplicate

MOST_A_DAY = 5
LONGEST = 2000  # characters
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
    """Send *words* to all admins; False if there is none, and it is kept for the first one.

    Raise TooMuchFeedback if the chat has sent too many today.
    """
    words = words[:LONGEST]
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        to = await admin_chats(tx, admins)
        if await is_duplicate(tx, once):
            return bool(to)
        if await count_feedback(tx, chat_id, _DAY) >= MOST_A_DAY:
            raise TooMuchFeedback(MOST_A_DAY)
        passed_on_at = tx.now if to else None
        feedback = Feedback(chat_id=chat_id, made_at=tx.now, words=words, passed_on_at=passed_on_at)
        tx.session.add(feedback)
        await tx.session.flush()
        await enqueue(tx, _notify_admins(tx, to, chat.name, feedback, renderer=renderer))
    return bool(to)


async def forward_feedback(storage: Storage, *, renderer: Renderer, admins: frozenset[int]) -> None:
    """Send the admins what was kept for the first of them."""
    async with storage.writing() as tx:
        to = await admin_chats(tx, admins)
        for name, feedback in await unsent_feedback(tx) if to else ():
            feedback.passed_on_at = tx.now
            tx.session.add(feedback)
            await enqueue(tx, _notify_admins(tx, to, name, feedback, renderer=renderer))


def _notify_admins(
    tx: Transaction, to: Sequence[AdminChat], name: str, feedback: Feedback, *, renderer: Renderer
) -> list[dict[str, Any]]:
    return [
        _notification(tx, one.chat_id, one.language, name, feedback, renderer=renderer)
        for one in to
    ]


async def reply_to_feedback(
    storage: Storage,
    feedback_id: int,
    words: str,
    *,
    once: UpdateRef | None = None,
    renderer: Renderer,
) -> str:
    """Send the reply to the chat that wrote, and return its name; NoSuchFeedback if it is gone."""
    async with storage.writing() as tx:
        feedback = await tx.session.get(Feedback, feedback_id)
        chat = await tx.session.get(Chat, feedback.chat_id) if feedback else None
        if feedback is None or chat is None:
            raise NoSuchFeedback
        if await is_duplicate(tx, once):
            return chat.name
        feedback.answered_at = tx.now
        tx.session.add(feedback)
        message = renderer.of(chat.chosen_language or chat.language).message(
            "notices.html#feedback_answer", asked=feedback.words, words=words[:LONGEST]
        )
        named = {"notice": "answer", "subject": f"{feedback_id}:{tx.now:%Y%m%dT%H%M%S%f}"}
        row = new_delivery(tx, DeliveryKind.NOTICE, feedback.chat_id, message, **named)
        await enqueue(tx, [row])
    return chat.name


def _notification(
    tx: Transaction,
    admin_chat: int,
    language: str,
    name: str,
    feedback: Feedback,
    *,
    renderer: Renderer,
) -> dict[str, Any]:
    message = renderer.of(language).message(
        "notices.html#feedback",
        name=name,
        words=feedback.words,
        answer=answer_feedback(feedback.id),
    )
    named = {"notice": FEEDBACK_NOTICE, "subject": str(feedback.id)}
    return new_delivery(tx, DeliveryKind.NOTICE, admin_chat, message, **named)
