"""The pace in simulated minutes, against the playground's own accounting."""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from aiogram import Bot
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.delivering.outboxes import fill
from bot.delivery.errors import FloodWait
from bot.delivery.pace import Timer, bot_key
from bot.delivery.sender import Calls, SendStage
from bot.delivery.telegram import Telegram
from bot.playground.errors import ApiError
from bot.playground.state.flood import Flood, FloodMode
from bot.rendering.messages import Message
from storage.db.engine import Storage

TOKEN = "1:playground"
MINUTES = 20
EACH = 3  # to a private chat, one right after the other
GROUPS, EACH_GROUP = 40, 60


@dataclass(slots=True)
class Clock(Timer):
    """The database's clock and the pace's timer in one; it goes on only when somebody waits."""

    moment: datetime = datetime(2026, 3, 2, 8, tzinfo=UTC)
    calls: Calls | None = None

    async def __call__(self, session: AsyncSession, /) -> datetime:
        del session
        return self.moment

    def now(self) -> float:
        return self.moment.timestamp()

    async def wait(self, seconds: float) -> None:
        if self.calls:
            await self.calls.all_done()
        self.moment += timedelta(seconds=seconds)


@dataclass(eq=False, kw_only=True)
class Accounts(Telegram):
    """A Telegram that only counts, strictly."""

    bot: Bot = field(default_factory=lambda: Bot(TOKEN))
    clock: Clock
    flood: Flood
    sent: list[tuple[float, int]] = field(default_factory=list)
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
        except ApiError as refusal:
            self.refused += 1
            raise FloodWait(str(refusal), timedelta(seconds=1)) from refusal
        self.sent.append((self.clock.now(), chat_id))
        return len(self.sent)

    async def edit(self, chat_id: int, message_id: int, message: Message) -> int:
        del chat_id, message
        return message_id

    async def responds(self) -> bool:
        return True


async def twenty_minutes(storage: Storage, clock: Clock) -> dict[str, object]:
    """Return the most there was in any second and to any chat, at 27 a second."""
    chats = (MINUTES * 60 * 27 - GROUPS * EACH_GROUP) // EACH
    await fill(storage, chats, EACH, groups=GROUPS, each_group=EACH_GROUP)
    accounts = Accounts(clock=clock, flood=Flood(clock.now, FloodMode.STRICT))
    until = clock.now() + MINUTES * 60
    async with Calls(timer=clock) as calls:
        clock.calls = calls
        sending = SendStage(storage, accounts, "me", calls, bot_key(TOKEN))
        while clock.now() < until:
            if not await sending.run_once():
                await clock.wait(0.05)
    moments = [at for at, _ in accounts.sent]
    return {
        "minutes": MINUTES,
        "sent": len(moments),
        "most_in_a_second": most_within(moments, 1.0),
        "refused_429": accounts.refused,
        "least_gap_private_seconds": round(least_gap(accounts.sent), 2),
        "most_in_a_minute_group": max(
            most_within(moments, 60.0)
            for chat, moments in by_chat(accounts.sent).items()
            if chat < 0
        ),
    }


def most_within(moments: list[float], seconds: float) -> int:
    window: deque[float] = deque()
    most = 0
    for moment in sorted(moments):
        window.append(moment)
        while window[0] <= moment - seconds:
            window.popleft()
        most = max(most, len(window))
    return most


def least_gap(sent: list[tuple[float, int]]) -> float:
    chats = (moments for chat, moments in by_chat(sent).items() if chat > 0)
    return min(later - at for moments in chats for at, later in pairwise(sorted(moments)))


def by_chat(sent: list[tuple[float, int]]) -> dict[int, list[float]]:
    found: defaultdict[int, list[float]] = defaultdict(list)
    for at, chat in sent:
        found[chat].append(at)
    return found
