"""What the calls came to, written down: many answers in one transaction.

While one transaction is being written the next answers gather. What cannot be written down, since
the database is full or away, is tried again for as long as the calls' leases last: an answer that
is lost makes of a sent delivery one that may have arrived.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.delivery.calls import LoopTimer, Timer
from bot.delivery.outcomes import Attempt, counts_for_pace, following, outcome_of, values_of
from bot.delivery.pace import chat_interval
from storage.db.engine import is_transient
from storage.enums import DeliveryKind
from storage.outbox import Answer as Recorded
from storage.outbox import record_answers, replace_with_fallback
from storage.pace import advance_all, chat_pace_key, count_flood_wait, pause, pause_chat
from storage.states import Effect
from storage.suspension import migrate_chat, suspend_chat

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from bot.delivery.errors import DeliveryError
    from bot.delivery.outcomes import Outcome
    from storage.db.engine import Storage, Transaction
    from storage.outbox import ClaimedDelivery, Delivery

log = structlog.get_logger(__name__)

CALL_LEASE = timedelta(seconds=90)
# Together shorter than the lease of a call, less what the call itself may take.
PAUSES_SECONDS = (0.5, 1, 2, 4, 8, 16, 20)
_BEYOND_THE_ROW = frozenset(
    {
        Effect.FALLBACK,
        Effect.SUSPEND_CHAT,
        Effect.MIGRATE_CHAT,
        Effect.PAUSE_CHAT,
        Effect.PAUSE_TOKEN,
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """*error* is None for a yes; then *message_id* is the id of the message there."""

    claimed: ClaimedDelivery
    outcome: Outcome
    message_id: int | None = None
    error: DeliveryError | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it changes nothing but its delivery."""
        return not self.outcome.transition.effects & _BEYOND_THE_ROW


def answer_to(
    claimed: ClaimedDelivery, message_id: int | None = None, error: DeliveryError | None = None
) -> Answer:
    outcome = outcome_of(attempt_of(claimed.delivery, begun=1), error)
    return Answer(claimed, outcome, message_id, error)


def attempt_of(row: Delivery, *, begun: int = 0) -> Attempt:
    return Attempt(
        number=row.attempts + begun,
        is_edit=row.kind is DeliveryKind.EDIT,
        resent=row.resent,
        has_fallback=row.fallback is not None,
    )


async def in_time(
    write: Callable[[], Awaitable[None]],
    timer: Timer,
    pauses: Sequence[float] = PAUSES_SECONDS,
    **facts: object,
) -> None:
    """Call *write* until the database is there, with pauses shorter than the lease of the calls."""
    for seconds in pauses:
        try:
            await write()
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning(
                "answers cannot be written down; tried again",
                reason=str(error).partition("\n")[0],
                in_seconds=seconds,
                **facts,
            )
            await timer.wait(seconds)
        else:
            return
    log.error("answers are lost; what was sent may be sent once more", **facts)


@dataclass(eq=False)
class Answers:
    storage: Storage
    owner: str
    pace_key: str
    timer: Timer = field(default_factory=LoopTimer)
    _gathered: list[Answer] = field(default_factory=list)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def write(self, answer: Answer) -> None:
        """Return once *answer* is written down, together with those that came meanwhile."""
        self._gathered.append(answer)
        async with self._one_at_a_time:
            together, self._gathered = self._gathered, []
            if plain := [each for each in together if each.is_plain]:
                await self._write_down(plain)
            # What touches chats and the token has a transaction of its own, for the order of its
            # locks.
            for other in (each for each in together if not each.is_plain):
                await self._write_down([other])

    async def _write_down(self, answers: Sequence[Answer]) -> None:
        try:
            await self._write_in_time(answers)
        except Exception:  # one bad answer must not take the others with it
            if len(answers) == 1:  # it stays `sending`, and its lease runs out
                log.exception("an answer is lost", delivery=answers[0].claimed.id)
                return
            for each in answers:
                await self._write_down([each])

    async def _write_in_time(self, answers: Sequence[Answer]) -> None:
        await in_time(lambda: self._write_once(answers), self.timer, answers=len(answers))

    async def _write_once(self, answers: Sequence[Answer]) -> None:
        async with self.storage.writing() as tx:
            for answer in answers:
                await self._pause(tx, answer)
            written = {each.claimed.id: _recorded(tx, each) for each in answers}
            ours = await record_answers(tx, self.owner, written)
            for answer in answers:
                if answer.claimed.id in ours:
                    await _follow(tx, answer)
            await advance_all(tx, _paces(tx, answers))

    async def _pause(self, tx: Transaction, answer: Answer) -> None:
        outcome = answer.outcome
        if outcome.token_pause is not None:
            await pause(tx, self.pace_key, tx.now + outcome.token_pause)
        elif outcome.chat_pause is not None:
            until = tx.now + outcome.chat_pause
            await pause_chat(tx, self.pace_key, answer.claimed.telegram_id, until)
            await count_flood_wait(tx)


def _recorded(tx: Transaction, answer: Answer) -> Recorded:
    values = values_of(
        answer.outcome,
        tx.now,
        fallback=answer.claimed.delivery.fallback,
        message_id=answer.message_id,
        error=answer.error,
    )
    return Recorded(answer.outcome.event, values)


async def _follow(tx: Transaction, answer: Answer) -> None:
    outcome, row = answer.outcome, answer.claimed.delivery
    if outcome.has(Effect.FALLBACK):
        await replace_with_fallback(tx, row, following(row.fallback or {}))
    if outcome.suspend:
        await suspend_chat(tx, row.chat_id, outcome.suspend)
    if outcome.migrate_to:
        await migrate_chat(tx, answer.claimed.telegram_id, outcome.migrate_to)


def _paces(tx: Transaction, answers: Sequence[Answer]) -> dict[str, datetime]:
    return {
        chat_pace_key(each.claimed.telegram_id): tx.now + chat_interval(each.claimed.chat_kind)
        for each in answers
        if counts_for_pace(each.claimed.is_edit, each.error)
    }
