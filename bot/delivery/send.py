"""The step that sends: claim, write down the intent, call, write down the answer.

Between these four no transaction is open. A crash before the intent costs nothing; one after it
leaves the delivery `sending`, which becomes unknown. Intents whose calls begin nearly together are
written down together, and so are answers.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

import structlog

from bot.delivery.answers import CALL_LEASE, Answers, answer_to, attempt_of
from bot.delivery.channel import Address
from bot.delivery.errors import DeliveryError, Refused, Unknown
from bot.delivery.outcomes import after_crash, log_line, values_of
from bot.delivery.pace import GROUPS_AHEAD, chat_interval
from bot.delivery.turns import Turns
from bot.rendering.messages import Message
from storage.outbox import Answer as Recorded
from storage.outbox import (
    begin_sending,
    claim_abandoned,
    claim_deliveries,
    has_abandoned,
    record_answers,
    release_claims,
    release_unsent,
    resend_unknown,
)
from storage.pace import charge, chat_pace_key, pauses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.delivery.answers import Answer
    from bot.delivery.calls import Calls
    from bot.delivery.channel import Channel
    from storage.db.engine import Storage, Transaction
    from storage.outbox import ClaimedDelivery

log = structlog.get_logger(__name__)

PER_SECOND = 27.0

# From claim to intent passes a slot's wait, from intent to answer the channel's time-out.
CLAIM_LEASE = timedelta(seconds=30)

# Calls that begin within it begin together: at 27 a second each alone, at 1000 twenty.
TOGETHER_SECONDS = 0.02


class Planned(NamedTuple):
    """A claim, and the moment of its slot on the timer."""

    claimed: ClaimedDelivery
    moment: float


@dataclass(frozen=True, slots=True)
class Sending:
    """*owner* names this process; *pace_key* the row of the bot's token (`pace.bot_key`)."""

    storage: Storage
    channel: Channel
    owner: str
    calls: Calls
    pace_key: str
    per_second: float = PER_SECOND
    answers: Answers = field(init=False)
    _turns: Turns = field(init=False)
    _doubt: asyncio.Event = field(default_factory=asyncio.Event)
    _unbegun: set[int] = field(default_factory=set)
    """Claims whose calls were not made, and that are not given back yet."""

    def __post_init__(self) -> None:
        answers = Answers(self.storage, self.owner, self.pace_key, self.calls.timer)
        turns = Turns(self.storage, self.calls, self.pace_key, self.per_second)
        object.__setattr__(self, "answers", answers)
        object.__setattr__(self, "_turns", turns)

    async def send_due(self, limit: int = 100) -> int:
        """Start the calls for what is due, each at its slot; return how many were claimed.

        The calls go on in `calls`; their answers wake whoever waits for them.
        """
        if not await self._is_clear():
            return 0
        waiting = await self._claim(min(limit, self.calls.room))
        number = len(waiting)
        self._unbegun.update(each.claimed.id for each in waiting)
        while waiting:
            first, waiting = _split(waiting)
            await self.calls.until(first[0].moment - self._turns.lead.seconds)
            intended, ready = self.calls.timer.now(), await self._begin(first)
            while ready and not await self._turns.keep(ready[0].moment, len(ready)):
                ready, waiting = await self._put_off(ready, waiting)
            for each in ready:
                self._unbegun.discard(each.claimed.id)
                self.calls.start(self._deliver(each.claimed, intended))
        await self._give_back_unbegun()
        return number

    async def _put_off(
        self, ready: Sequence[Planned], waiting: Sequence[Planned]
    ) -> tuple[list[Planned], list[Planned]]:
        """Return both at other slots: without those for which there is none soon."""
        async with self._turns.transaction() as tx:
            offer = await self._turns.offer(tx, len(ready) + len(waiting))
            if offer.moments:
                await self._turns.take(offer, len(offer.moments))
        log.debug(
            "a slot was missed", deliveries=len(ready) + len(waiting), lead=self._turns.lead.seconds
        )
        again = [
            Planned(each.claimed, moment)
            for each, moment in zip((*ready, *waiting), offer.moments, strict=False)
        ]
        return again[: len(ready)], again[len(ready) :]

    async def _give_back_unbegun(self) -> None:
        """What may not go now; and, after the database failed, what that kept from going."""
        if self._unbegun:
            async with self.storage.writing() as tx:
                await release_claims(tx, self._unbegun, self.owner)
            self._unbegun.clear()

    async def _is_clear(self) -> bool:
        """Settle what was left behind. After a doubt nothing goes until the channel answers."""
        await self._give_back_unbegun()
        async with self.storage.reading() as tx:
            left = await has_abandoned(tx)
        if not left and not self._doubt.is_set():
            return True
        if not await self.channel.answers():
            log.warning("the channel does not answer; nothing is sent until it does")
            return False
        self._doubt.clear()
        async with self.storage.writing() as tx:
            await self._settle(tx)
        return True

    async def _settle(self, tx: Transaction) -> None:
        await release_unsent(tx)
        answers = {}
        for row in await claim_abandoned(tx, self.owner, CALL_LEASE):
            outcome = after_crash(attempt_of(row))
            values = values_of(outcome, tx.now, error="cut off by a crash")
            answers[row.id] = Recorded(outcome.event, values)
        await record_answers(tx, self.owner, answers)
        await resend_unknown(tx)

    async def _claim(self, limit: int) -> list[Planned]:
        async with self.storage.writing() as tx:
            offer = await self._turns.offer(tx, limit, commits=2)
            slots = offer.slots.moments
            if not slots:
                return []
            claimed = await claim_deliveries(
                offer.tx,
                self.owner,
                limit=len(slots),
                lease=CLAIM_LEASE,
                groups_ahead=GROUPS_AHEAD,
            )
            if claimed:
                await self._turns.take(offer, len(claimed))
            calls = {
                chat_pace_key(each.telegram_id): (slot, chat_interval(each.chat_kind))
                for each, slot in zip(claimed, slots, strict=False)
            }
            await charge(tx, calls)
        return [Planned(*each) for each in zip(claimed, offer.moments, strict=False)]

    async def _begin(self, planned: Sequence[Planned]) -> list[Planned]:
        """Write down that the calls begin; none into a pause, nor where a claim is lost."""
        async with self._turns.transaction() as tx:
            chats = {each.claimed.id: chat_pace_key(each.claimed.telegram_id) for each in planned}
            paused = await pauses(tx, {self.pace_key, *chats.values()})
            if self.pace_key in paused:
                return []
            ids = [row for row, chat in chats.items() if chat not in paused]
            begun = await begin_sending(tx, ids, self.owner, CALL_LEASE)
        return [each for each in planned if each.claimed.id in begun]

    async def _deliver(self, claimed: ClaimedDelivery, intended: float) -> None:
        structlog.contextvars.bind_contextvars(delivery=claimed.id, of=claimed.delivery.decision)
        try:
            self.calls.check_in_time(intended)
            answer = answer_to(claimed, await self._call(claimed))
        except DeliveryError as error:
            answer = answer_to(claimed, error=error)
        except Exception as unexpected:  # one bad delivery must not end the others
            log.exception("a call failed in an unknown way", delivery=claimed.id)
            answer = answer_to(claimed, error=Unknown(repr(unexpected)))
        if answer.error:
            _tell(answer, answer.error)
            if answer.error.doubts_channel:
                self._doubt.set()
        await self.answers.write(answer)

    async def _call(self, claimed: ClaimedDelivery) -> int:
        row = claimed.delivery
        try:
            message = Message.from_json(row.body)
        except (KeyError, TypeError) as error:
            raise Refused("the stored body cannot be read") from error
        address = Address(claimed.telegram_id, claimed.thread_id)
        if claimed.target_message_id is not None:
            return await self.channel.edit(address, claimed.target_message_id, message)
        return await self.channel.send(
            address, message, silent=row.silent, reply_to=claimed.reply_message_id
        )


def _split(waiting: Sequence[Planned]) -> tuple[list[Planned], list[Planned]]:
    """Return those that go together with the first, and those after."""
    end = waiting[0].moment + TOGETHER_SECONDS
    number = sum(1 for _ in takewhile(lambda each: each.moment <= end, waiting))
    return list(waiting[:number]), list(waiting[number:])


def _tell(answer: Answer, error: DeliveryError) -> None:
    level, sentence = log_line(answer.outcome, is_edit=answer.claimed.is_edit)
    facts = {"delivery": answer.claimed.id, "chat": answer.claimed.telegram_id}
    if pause := answer.outcome.chat_pause or answer.outcome.token_pause:
        facts["seconds"] = int(pause.total_seconds())
    getattr(log, level)(sentence, said=str(error), becomes=answer.outcome.state.value, **facts)
