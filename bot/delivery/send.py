"""The step that sends: claim, write down the intent, call, write down the answer.

Between these four no transaction is open. A crash before the intent costs nothing; one after it
leaves the delivery `sending`, which becomes unknown. Intents whose calls begin nearly together are
written down together, and so are answers.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.delivery.answers import CALL_LEASE, Answers, answer_to, attempt_of
from bot.delivery.calls import Lateness
from bot.delivery.channel import Address
from bot.delivery.errors import DeliveryError, Refused, Unknown
from bot.delivery.ledger import after_crash
from bot.delivery.outcome import changes
from bot.delivery.pace import Slots, chat_interval, free_slots, interval_of
from bot.delivery.telling import telling
from bot.rendering.messages import Message
from storage.deliveries_claimed import (
    Claimed,
    begin_sending,
    claim_deliveries,
    finish_sending,
    give_back,
)
from storage.deliveries_left import (
    begun_and_left,
    free_unbegun,
    resend_unknown,
    work_left_behind,
)
from storage.pace import advance, chat_pace_key, hold_back, lock_pace, paused_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.delivery.answers import Answer
    from bot.delivery.calls import Calls
    from bot.delivery.channel import Channel
    from storage.engine import Storage, Unit

log = structlog.get_logger(__name__)

PER_SECOND = 27.0

# From claim to intent passes a slot's wait, from intent to answer the channel's time-out.
CLAIM_LEASE = timedelta(seconds=30)

# Calls that begin within it begin together: at 27 a second each alone, at 1000 twenty.
TOGETHER_SECONDS = 0.02


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
    _doubt: asyncio.Event = field(default_factory=asyncio.Event)
    _lateness: Lateness = field(default_factory=Lateness)
    _unbegun: set[int] = field(default_factory=set)
    """Claims whose calls were not made, and that are not given back yet."""

    def __post_init__(self) -> None:
        answers = Answers(self.storage, self.owner, self.pace_key, self.calls.timer)
        object.__setattr__(self, "answers", answers)

    async def send_due(self, limit: int = 100) -> int:
        """Start the calls for what is due, each at its slot; return how many were claimed.

        The calls go on in `calls`; their answers wake whoever waits for them.
        """
        if not await self._is_clear():
            return 0
        claimed, moments = await self._claim(min(limit, self.calls.room))
        self._unbegun.update(each.id for each in claimed)
        self._lateness.begin_round()
        for together, moment in _together(claimed, moments):
            await self.calls.turn(moment, self._interval * len(together))
            intended = self.calls.timer.now()
            if self._lateness.is_unusual(intended - moment):
                log.debug("this process was late; others went on", deliveries=len(together))
                continue
            begun = await self._begin(together)
            self._unbegun.difference_update(each.id for each in together)
            for each in begun:
                self.calls.start(self._deliver(each, intended))
        await self._give_back_unbegun()
        return len(claimed)

    async def _give_back_unbegun(self) -> None:
        """What was late; and, in the round after the database failed, what it kept from going."""
        if self._unbegun:
            async with self.storage.writing() as unit:
                await give_back(unit, self._unbegun, self.owner)
            self._unbegun.clear()

    @property
    def _interval(self) -> timedelta:
        return interval_of(self.per_second)

    async def _is_clear(self) -> bool:
        """Settle what was left behind. After a doubt nothing goes until the channel answers."""
        await self._give_back_unbegun()
        async with self.storage.reading() as unit:
            left = await work_left_behind(unit)
        if not left and not self._doubt.is_set():
            return True
        if not await self.channel.answers():
            log.warning("the channel does not answer; nothing is sent until it does")
            return False
        self._doubt.clear()
        async with self.storage.writing() as unit:
            await self._settle(unit)
        return True

    async def _settle(self, unit: Unit) -> None:
        await free_unbegun(unit)
        for row in await begun_and_left(unit, self.owner, CALL_LEASE):
            decision = after_crash(attempt_of(row))
            facts = changes(row, decision, unit.now, trouble="cut off by a crash")
            await finish_sending(unit, row.id or 0, self.owner, **facts)
        await resend_unknown(unit)

    async def _claim(self, limit: int) -> tuple[list[Claimed], list[float]]:
        async with self.storage.writing() as waiting:
            row = await lock_pace(waiting, self.pace_key)
            # Slots are counted from when they were ours to give.
            started, unit = self.calls.timer.now(), await waiting.anew()
            if limit < 1 or (row.paused_until and row.paused_until > unit.now):
                return [], []
            slots = free_slots(row.tat, unit.now, self._interval, wanted=limit)
            claimed = await claim_deliveries(
                unit, self.owner, limit=len(slots.moments), lease=CLAIM_LEASE
            )
            if claimed:
                await self._take_slots(unit, claimed, slots)
            waits = [(moment - unit.now).total_seconds() for moment in slots.moments]
        return claimed, [started + wait for wait in waits[: len(claimed)]]

    async def _take_slots(self, unit: Unit, claimed: list[Claimed], slots: Slots) -> None:
        await advance(unit, self.pace_key, slots.tat_after(len(claimed)))
        following = {
            chat_pace_key(each.telegram_id): moment + chat_interval(each.chat_kind)
            for each, moment in zip(claimed, slots.moments, strict=False)
        }
        await hold_back(unit, following)

    async def _begin(self, claimed: Sequence[Claimed]) -> list[Claimed]:
        """Write down that the calls begin; none if the token pauses, nor where a claim is lost."""
        ids = [each.id for each in claimed]
        async with self.storage.writing() as unit:
            if await paused_until(unit, self.pace_key):
                await give_back(unit, ids, self.owner)
                return []
            begun = await begin_sending(unit, ids, self.owner, CALL_LEASE)
        return [each for each in claimed if each.id in begun]

    async def _deliver(self, claimed: Claimed, intended: float) -> None:
        structlog.contextvars.bind_contextvars(delivery=claimed.id, key=claimed.delivery.key)
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

    async def _call(self, claimed: Claimed) -> int:
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


def _together(
    claimed: Sequence[Claimed], moments: Sequence[float]
) -> Iterator[tuple[list[Claimed], float]]:
    """Yield those whose moments are nearly the same, with the first of these."""
    group: list[Claimed] = []
    first = 0.0
    for each, moment in zip(claimed, moments, strict=True):
        if group and moment - first > TOGETHER_SECONDS:
            yield group, first
            group = []
        if not group:
            first = moment
        group.append(each)
    if group:
        yield group, first


def _tell(answer: Answer, error: DeliveryError) -> None:
    level, sentence = telling(error, answer.decision, is_edit=answer.claimed.is_edit)
    facts = {"delivery": answer.claimed.id, "chat": answer.claimed.telegram_id}
    if answer.decision.token_pause:
        facts["seconds"] = int(answer.decision.token_pause.total_seconds())
    getattr(log, level)(sentence, said=str(error), becomes=answer.decision.state.value, **facts)
