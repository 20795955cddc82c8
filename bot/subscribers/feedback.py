"""Feedback: what people write to whoever runs the bot, and what is answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.rendering.keyboards import answer_feedback
from bot.rendering.renderer import Renderer
from bot.subscribers.errors import NoSuchFeedback, TooMuchFeedback
from storage.chats import Chat, lock_chat
from storage.db.engine import Storage, Transaction
from storage.enums import FEEDBACK_NOTICE, DeliveryKind, UpdateRef
from storage.feedback import Feedback, count_feedback, unsent_feedback
from storage.outages import Dependent, admins_of_source
from storage.outbox import enqueue, new_delivery
from storage.updates import is_duplicate

MOST_A_DAY = 5
LONGEST = 2000  # characters
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FeedbackDesk:
    storage: Storage
    renderer: Renderer
    admins: frozenset[int] = field(default=frozenset())

    async def send(self, chat_id: int, words: str, *, once: UpdateRef | None = None) -> bool:
        """Bring *words* to all who run the bot; False: nobody who does is there, so it is kept.

        TooMuchFeedback if that was often enough today.
        """
        words = words[:LONGEST]
        async with self.storage.writing() as tx:
            chat = await lock_chat(tx, chat_id)
            to = await admins_of_source(tx, self.admins)
            if await is_duplicate(tx, once):
                return bool(to)
            if await count_feedback(tx, chat_id, _DAY) >= MOST_A_DAY:
                raise TooMuchFeedback(MOST_A_DAY)
            passed_on_at = tx.now if to else None
            feedback = Feedback(
                chat_id=chat_id, made_at=tx.now, words=words, passed_on_at=passed_on_at
            )
            tx.session.add(feedback)
            await tx.session.flush()
            await enqueue(tx, self._all_told(tx, to, chat.name, feedback))
        return bool(to)

    async def pass_on(self) -> None:
        """Bring what nobody has been sent yet to all who run the bot by now."""
        async with self.storage.writing() as tx:
            to = await admins_of_source(tx, self.admins)
            for name, feedback in await unsent_feedback(tx) if to else ():
                feedback.passed_on_at = tx.now
                tx.session.add(feedback)
                await enqueue(tx, self._all_told(tx, to, name, feedback))

    def _all_told(
        self, tx: Transaction, to: Sequence[Dependent], name: str, feedback: Feedback
    ) -> list[dict[str, Any]]:
        return [self._told(tx, one.chat_id, one.language, name, feedback) for one in to]

    async def answer(self, feedback_id: int, words: str, *, once: UpdateRef | None = None) -> str:
        """Bring the answer to who wrote; return their name. NoSuchFeedback if that is gone."""
        async with self.storage.writing() as tx:
            feedback = await tx.session.get(Feedback, feedback_id)
            chat = await tx.session.get(Chat, feedback.chat_id) if feedback else None
            if feedback is None or chat is None:
                raise NoSuchFeedback
            if await is_duplicate(tx, once):
                return chat.name
            feedback.answered_at = tx.now
            tx.session.add(feedback)
            message = self.renderer.of(chat.chosen_language or chat.language).message(
                "notices.html#feedback_answer", asked=feedback.words, words=words[:LONGEST]
            )
            named = {"notice": "answer", "subject": f"{feedback_id}:{tx.now:%Y%m%dT%H%M%S%f}"}
            row = new_delivery(tx, DeliveryKind.NOTICE, feedback.chat_id, message, **named)
            await enqueue(tx, [row])
        return chat.name

    def _told(
        self, tx: Transaction, keeper: int, language: str, name: str, feedback: Feedback
    ) -> dict[str, Any]:
        message = self.renderer.of(language).message(
            "notices.html#feedback",
            name=name,
            words=feedback.words,
            answer=answer_feedback(feedback.id),
        )
        named = {"notice": FEEDBACK_NOTICE, "subject": str(feedback.id)}
        return new_delivery(tx, DeliveryKind.NOTICE, keeper, message, **named)
