"""The pace over simulated minutes, against the playground's own flood control."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from aiogram import Bot
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.chaos.pace import most_within
from benchmarks.deliver.outboxes import fill_outbox
from benchmarks.processes import TOKEN
from benchmarks.report import Row
from bot.delivery.errors import FloodWait
from bot.delivery.pace import Timer, bot_key
from bot.delivery.sender import Calls, SendStage
from bot.delivery.telegram import Telegram
from bot.playground.errors import ApiError
from bot.playground.state.flood import Flood, FloodMode
from bot.rendering.messages import Message
from storage.db.engine import Storage

MINUTES = 20
EACH = 3  # to a private chat, one right after the other
GROUPS, EACH_GROUP = 40, 60


@dataclass(slots=True)
class Clock(Timer):
    """The clock of the database and the timer of the pace; it advances only when someone waits."""

    moment: datetime = datetime(2026, 3, 2, 8, tzinfo=UTC)
    calls: Calls | None = None

    async def __call__(self, connection: AsyncConnection, /) -> datetime:
        del connection
        return self.moment

    def now(self) -> float:
        return self.moment.timestamp()

    async def wait(self, seconds: float) -> None:
        if self.calls:
            await self.calls.all_done()
        self.moment += timedelta(seconds=seconds)


@dataclass(eq=False, kw_only=True)
class CountingTelegram(Telegram):
    """Records the time and chat of each message, and refuses by strict flood control."""

    bot: Bot = field(default_factory=lambda: Bot(TOKEN))
    clock: Clock
    flood: Flood
    sent: defaultdict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: int = 0

    async def send(
        self,
        chat_id: int,
        message: Message,
        *,
        thread_id: int = 0,
        silent: bool = False,
        reply_to: int | None = None,
    ) -> int:
        del message, thread_id, silent, reply_to
        try:
            self.flood.charge(TOKEN, chat_id)
        except ApiError as error:
            self.refused += 1
            raise FloodWait(str(error), timedelta(seconds=1)) from error
        self.sent[chat_id].append(self.clock.now())
        return 1

    async def responds(self) -> bool:
        return True


async def twenty_minutes(storage: Storage, clock: Clock) -> Row:
    """Return the most messages in any second and to any chat, at 27 a second."""
    chats = (MINUTES * 60 * 27 - GROUPS * EACH_GROUP) // EACH
    await fill_outbox(storage, chats, EACH, groups=GROUPS, each_group=EACH_GROUP)
    telegram = CountingTelegram(clock=clock, flood=Flood(clock.now, FloodMode.STRICT))
    until = clock.now() + MINUTES * 60
    async with Calls(timer=clock) as calls:
        clock.calls = calls
        stage = SendStage(storage, telegram, "me", calls, bot_key(TOKEN))
        while clock.now() < until:
            if not await stage.run_once():
                await clock.wait(0.05)
    sent = [sent_at for times in telegram.sent.values() for sent_at in times]
    private = (times for chat, times in telegram.sent.items() if chat > 0)
    groups = (times for chat, times in telegram.sent.items() if chat < 0)
    gaps = (later - sooner for times in private for sooner, later in pairwise(sorted(times)))
    return {
        "minutes": MINUTES,
        "sent": len(sent),
        "most_in_a_second": most_within(sent, 1),
        "refused_429": telegram.refused,
        "least_gap_private_seconds": round(min(gaps), 2),
        "most_in_a_minute_group": max(most_within(times, 60) for times in groups),
    }
