"""Telegram in this process: it records messages, and fails now and then.

1. For a few minutes of each day it is away: no connection, server errors, and calls with an unknown
   outcome.
2. Now and then it responds with a 429, or rejects the markup.
3. Users block the bot and return, groups become supergroups, accounts are deleted.
"""

import asyncio
import random
import re
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TextIO

import structlog
from aiogram import Bot

from benchmarks.skipping_clock import Clock
from benchmarks.soak.numbers import DAY
from bot.delivery import telegram as channel
from bot.delivery.errors import (
    BadMarkup,
    ChatBlocked,
    ChatGone,
    ChatMigrated,
    DeliveryError,
    FloodWait,
    NeverSent,
    ServerError,
    Unknown,
)
from bot.rendering.messages import Message

CODES: Final = re.compile(r"zq(\d+)x")
_FLOOD, _LOST, _BAD = 1 / 20_000, 1 / 5_000, 1 / 3_000
_AWAY: Final = (NeverSent, ServerError, Unknown)
TIMES_AWAY_A_DAY: Final = 2
SHORTEST_AWAY, LONGEST_AWAY = 60, 300  # seconds


@dataclass(eq=False, kw_only=True)
class Telegram(channel.Telegram):
    """*journal* gets a line for each message that arrived."""

    bot: Bot = field(default_factory=lambda: Bot("1:soak"))
    clock: Clock
    journal: TextIO
    dice: random.Random
    blocked: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    moved: dict[int, int] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    fullest: int = 0
    last_id: int = 0
    _second: deque[float] = field(default_factory=deque)
    _away: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for day in range(40):
            for _ in range(TIMES_AWAY_A_DAY):
                begins = (day + self.dice.random()) * DAY.total_seconds()
                seconds = self.dice.uniform(SHORTEST_AWAY, LONGEST_AWAY)
                self._away.append((begins, begins + seconds))

    @property
    def is_away(self) -> bool:
        now = self.clock.seconds
        return any(begins <= now < ends for begins, ends in self._away)

    async def send(
        self,
        chat_id: int,
        message: Message,
        *,
        thread_id: int = 0,
        silent: bool = False,
        reply_to: int | None = None,
    ) -> int:
        del thread_id, reply_to
        arrived = await self._fail(chat_id, message)
        if arrived is not None:
            if arrived:
                self._write(chat_id, message, silent=silent)
            raise self._count(Unknown("no answer in time"))
        self._write(chat_id, message, silent=silent)
        self.calls["sent"] += 1
        return self.last_id

    async def edit(self, chat_id: int, message_id: int, message: Message) -> int:
        if await self._fail(chat_id, message) is not None:
            raise self._count(Unknown("no answer in time"))
        self.calls["edited"] += 1
        return message_id

    async def responds(self) -> bool:
        await asyncio.sleep(0.1)
        return not self.is_away

    def tick(self) -> None:
        """Count a message, of the outbox or a reply."""
        now = self.clock.seconds
        self._second.append(now)
        while self._second[0] <= now - 1:
            self._second.popleft()
        self.fullest = max(self.fullest, len(self._second))

    async def _fail(self, chat: int, message: Message) -> bool | None:
        """Raise the error of a call; return None, or if it has no response, whether it arrived."""
        self.tick()
        await asyncio.sleep(self.dice.uniform(0.04, 0.3))
        if self.is_away:
            kind = self.dice.choice(_AWAY)
            if kind is not Unknown:
                raise self._count(kind("away"))
            await asyncio.sleep(30)
            return self.dice.random() < 0.5
        self._check_chat(chat)
        drawn = self.dice.random()
        if drawn < _FLOOD:
            pause = timedelta(seconds=self.dice.randint(3, 40))
            raise self._count(FloodWait("Too Many Requests", pause))
        if drawn < _FLOOD + _LOST:
            return self.dice.random() < 0.5
        if drawn < _FLOOD + _LOST + _BAD and message.entities:
            raise self._count(BadMarkup("can't parse entities"))
        return None

    def _check_chat(self, chat: int) -> None:
        if chat in self.blocked:
            raise self._count(ChatBlocked("bot was blocked by the user"))
        if chat in self.gone:
            raise self._count(ChatGone("chat not found"))
        if new := self.moved.get(chat):
            raise self._count(ChatMigrated("group chat was upgraded to a supergroup chat", new))

    def _count(self, error: DeliveryError) -> DeliveryError:
        self.calls[type(error).__name__] += 1
        return error

    def _write(self, chat: int, message: Message, *, silent: bool) -> None:
        self.last_id += 1
        decision = structlog.contextvars.get_contextvars().get("of", "-")
        key = f"{decision}:{chat}".replace(", part ", ":").replace(" ", ":")
        text = message.rich or message.text
        codes = " ".join(sorted(set(CODES.findall(text))))
        self.journal.write(f"{self.clock.seconds:.3f} {chat} {key} {int(silent)} {codes}\n")
