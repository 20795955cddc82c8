"""The step that sends: claim, write down the intent, call, write down the answer.

Between these four no transaction is open. A crash before the intent costs nothing; one after it
leaves the delivery `sending`, which becomes unknown.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.delivery.channel import Address
from bot.delivery.errors import AddressClosed, DeliveryError, Refused, Unknown
from bot.delivery.fallbacks import following
from bot.delivery.ledger import Attempt, after_crash, decide
from bot.delivery.outcome import changes, counts_for_pace
from bot.delivery.pace import Slots, chat_interval, free_slots, interval_of
from bot.rendering.messages import Message
from storage.chats_migrated import migrate_chat
from storage.chats_suspended import suspend_chat
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
from storage.deliveries_swapped import swap_in
from storage.pace import advance, chat_pace_key, hold_back, lock_pace, pause, paused_until
from storage.words import DeliveryKind

if TYPE_CHECKING:
    from bot.delivery.calls import Calls
    from bot.delivery.channel import Channel
    from bot.delivery.ledger import Decision
    from storage.deliveries import Delivery
    from storage.engine import Storage, Unit

log = structlog.get_logger(__name__)

PER_SECOND = 27.0

# From claim to intent passes a slot's wait, from intent to answer the channel's time-out.
CLAIM_LEASE = timedelta(seconds=30)
CALL_LEASE = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Sending:
    """*owner* names this process; *pace_key* the row of the bot's token (`pace.bot_key`)."""

    storage: Storage
    channel: Channel
    owner: str
    calls: Calls
    pace_key: str
    per_second: float = PER_SECOND
    _doubt: asyncio.Event = field(default_factory=asyncio.Event)

    async def send_due(self, limit: int = 100) -> int:
        """Start the calls for what is due, each at its slot; return how many were claimed.

        The calls go on in `calls`; their answers wake whoever waits for them.
        """
        if not await self._is_clear():
            return 0
        claimed, moments = await self._claim(min(limit, self.calls.room))
        for each, moment in zip(claimed, moments, strict=True):
            await self.calls.turn(moment, self._interval)
            if await self._begin(each):
                self.calls.start(self._deliver(each))
        return len(claimed)

    @property
    def _interval(self) -> timedelta:
        return interval_of(self.per_second)

    async def _is_clear(self) -> bool:
        """Settle what was left behind. After a doubt nothing goes until the channel answers."""
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
            decision = after_crash(_attempt(row))
            facts = changes(row, decision, unit.now, trouble="cut off by a crash")
            await finish_sending(unit, row.id or 0, self.owner, **facts)
        await resend_unknown(unit)

    async def _claim(self, limit: int) -> tuple[list[Claimed], list[float]]:
        started = self.calls.timer.now()
        async with self.storage.writing() as unit:
            row = await lock_pace(unit, self.pace_key)
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

    async def _begin(self, claimed: Claimed) -> bool:
        """Write down that the call begins; False if the token pauses or the claim is lost."""
        async with self.storage.writing() as unit:
            if await paused_until(unit, self.pace_key):
                await give_back(unit, [claimed.id])
                return False
            return bool(await begin_sending(unit, [claimed.id], self.owner, CALL_LEASE))

    async def _deliver(self, claimed: Claimed) -> None:
        message_id, error = None, None
        try:
            message_id = await self._call(claimed)
        except DeliveryError as known:
            error = known
        except Exception as unexpected:  # one bad delivery must not end the others
            log.exception("a call failed in an unknown way", delivery=claimed.id)
            error = Unknown(repr(unexpected))
        try:
            await self._record(claimed, message_id, error)
        except Exception:  # it stays `sending`, and its lease runs out
            log.exception("an answer could not be written down", delivery=claimed.id)

    async def _call(self, claimed: Claimed) -> int:
        row = claimed.delivery
        try:
            message = Message.from_json(row.body)
        except (KeyError, TypeError) as error:
            raise Refused("the stored body cannot be read") from error
        address = Address(claimed.telegram_id, claimed.thread_id)
        if claimed.target_message_id is not None:
            return await self.channel.edit(address, claimed.target_message_id, message)
        return await self.channel.send(address, message, silent=row.silent)

    async def _record(
        self, claimed: Claimed, message_id: int | None, error: DeliveryError | None
    ) -> None:
        row = claimed.delivery
        decision = decide(_attempt(row, begun=1), error)
        if error:
            _tell(claimed, decision, error)
            if error.doubts_channel:
                self._doubt.set()
        async with self.storage.writing() as unit:
            facts = changes(row, decision, unit.now, message_id=message_id, trouble=error)
            if await finish_sending(unit, claimed.id, self.owner, **facts):
                await self._follow(unit, claimed, decision, unit.now)
            if counts_for_pace(claimed.is_edit, error):
                until = unit.now + chat_interval(claimed.chat_kind)
                await hold_back(unit, {chat_pace_key(claimed.telegram_id): until})

    async def _follow(
        self, unit: Unit, claimed: Claimed, decision: Decision, now: datetime
    ) -> None:
        if decision.swap:
            await swap_in(unit, claimed.delivery, following(claimed.delivery.fallback or {}))
        if decision.suspend:
            await suspend_chat(unit, claimed.delivery.chat_id, decision.suspend)
        if decision.migrate_to:
            await migrate_chat(unit, claimed.telegram_id, decision.migrate_to)
        if decision.token_pause:
            await pause(unit, self.pace_key, now + decision.token_pause)


def _attempt(row: Delivery, *, begun: int = 0) -> Attempt:
    return Attempt(
        number=row.attempts + begun,
        is_edit=row.kind is DeliveryKind.EDIT,
        resent=row.resent,
        has_fallback=row.fallback is not None,
    )


def _tell(claimed: Claimed, decision: Decision, error: DeliveryError) -> None:
    told = log.info if isinstance(error, AddressClosed) else log.warning
    told(
        "a delivery was not answered with a yes",
        delivery=claimed.id,
        answer=type(error).__name__,
        detail=str(error),
        becomes=decision.state.value,
        token_pauses=decision.token_pause and decision.token_pause.total_seconds(),
    )
