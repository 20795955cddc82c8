"""People's replies: they take their slots from the same pace as deliveries, and go before them.

A middleware of the session that the chat's bot uses; deliveries have a bot, and so a session, of
their own. Only calls that send, copy or forward count. A read time-out is never retried here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.exceptions import TelegramRetryAfter

from bot.delivery.calls import LoopTimer, Timer, Timetable
from bot.delivery.pace import chat_interval, reply_moment
from bot.delivery.turns import Turns
from storage.engine import DatabaseError
from storage.pace import chat_pace_key, hold_back, lock_pace, pause
from storage.tallies import tally
from storage.words import ChatKind, Event

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
    from aiogram.methods import Response, TelegramMethod
    from aiogram.methods.base import TelegramType

    from storage.engine import Storage, Unit

log = structlog.get_logger(__name__)

# So many slots are taken from the token's row at once; what is not used in time is lost, so that a
# reply alone costs the deliveries a sixth of a second.
BLOCK = 5

# Telegram lets a few messages in a row through; a person waits for them.
PRIVATE_BURST = 3
GROUP_BURST = 15

# So often a reply takes another slot for one that it came too late for; then it goes all the same.
TRIES = 3

# A longer flood wait is the caller's to tell; nobody waits so long for a reply.
SHORT_WAIT = timedelta(seconds=3)

_COUNTED = ("send", "copy", "forward")
_NOT_COUNTED = frozenset({"sendChatAction", "sendMessageDraft", "sendRichMessageDraft"})


def counts(method: str) -> bool:
    """Whether Telegram counts the API method named *method* as a message."""
    return method.startswith(_COUNTED) and method not in _NOT_COUNTED


@dataclass(eq=False)
class Replies(BaseRequestMiddleware):
    """Register it: `bot.session.middleware(Replies(storage, bot_key(token)))`."""

    storage: Storage
    pace_key: str
    per_second: float = 27.0
    timer: Timer = field(default_factory=LoopTimer)
    _turns: Turns = field(init=False)
    _slots: deque[float] = field(default_factory=deque)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        times = Timetable(timer=self.timer)
        self._turns = Turns(self.storage, times, self.pace_key, self.per_second)

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        if not counts(method.__api_method__):
            return await make_request(bot, method)
        chat_id = getattr(method, "chat_id", None)
        await self._wait_if_possible(chat_id)
        try:
            return await make_request(bot, method)
        except TelegramRetryAfter as refused:
            # It was refused, so it has not arrived: to ask once more cannot double it.
            await self._pause(refused.retry_after)
            if timedelta(seconds=refused.retry_after) > SHORT_WAIT:
                raise
            await self.timer.wait(refused.retry_after)
        await self._wait_if_possible(chat_id)
        return await make_request(bot, method)

    async def _wait_if_possible(self, chat_id: Any) -> None:
        try:
            await self._wait_for_slot(chat_id)
        except (DatabaseError, OSError) as error:
            # Somebody waits for an answer, if only to read that something is wrong.
            log.warning("answering without a slot; the database fails", error=str(error))

    async def _wait_for_slot(self, chat_id: Any) -> None:
        times = self._turns.times
        if isinstance(chat_id, int):
            await times.until(await self._chat_moment(chat_id))
        for _ in range(TRIES):
            moment = await self._slot()
            await times.until(moment)
            if not self._turns.is_missed(moment):
                return

    async def _chat_moment(self, chat_id: int) -> float:
        """When the chat may have another; with a slot for it, mostly, in one unit of work."""
        kind, burst = (
            (ChatKind.PRIVATE, PRIVATE_BURST) if chat_id > 0 else (ChatKind.GROUP, GROUP_BURST)
        )
        key = chat_pace_key(chat_id)
        async with self._one_at_a_time, self._turns.unit() as unit:
            now = self.timer.now()
            await self._have_slots(unit)
            row = await lock_pace(unit, key)
            moment, arrival = reply_moment(row.tat, unit.now, chat_interval(kind), burst)
            await hold_back(unit, {key: arrival})
        return now + (moment - unit.now).total_seconds()

    async def _slot(self) -> float:
        async with self._one_at_a_time:
            if not self._has_slots():
                async with self._turns.unit() as unit:
                    await self._have_slots(unit)
            return self._slots.popleft()

    async def _have_slots(self, unit: Unit) -> None:
        if not self._has_slots():
            self._slots.extend(await self._turns.block(unit, BLOCK))

    def _has_slots(self) -> bool:
        while self._slots and self._turns.is_missed(self._slots[0]):
            self._slots.popleft()  # used now, it would stand too close to another's
        return bool(self._slots)

    async def _pause(self, seconds: int) -> None:
        log.warning("telegram asks to slow down; the token pauses", seconds=seconds)
        async with self.storage.writing() as unit:
            await pause(unit, self.pace_key, unit.now + timedelta(seconds=seconds))
            await tally(unit, Event.FLOOD_WAIT)
