"""Role `send`: takes the outbox to Telegram and to mail servers, and reads what bounces."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.loops import Loop
from bot.ops.instrumentation import GaugeName

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.app.surroundings import Surroundings

CALLS_PATIENCE = timedelta(seconds=6)
FEW_CALLS = 64
SLOW_CALL_SECONDS = 0.3


@asynccontextmanager
async def sending_loops(around: Surroundings) -> AsyncIterator[list[Loop]]:
    """Yield the loops; calls in flight have an end of the block to finish in."""
    from bot.app.mails import mail_loops
    from bot.app.sessions import telegram_session
    from bot.delivery.pace import bot_key
    from bot.delivery.sender import Calls, SendStage
    from bot.delivery.telegram import Telegram
    from bot.ops.instrumented_telegram import InstrumentedCalls

    place, pace = around.place, around.settings.send_per_second
    calls = Calls(_in_flight(pace), CALLS_PATIENCE)
    async with (
        telegram_session(place.token, place.api, connections=calls.limit) as bot,
        calls,
        mail_loops(around) as mails,
    ):
        bot.session.middleware(InstrumentedCalls(around.watch))
        key = bot_key(place.token)
        telegram = Telegram(bot, most_topics=around.settings.topics_per_chat)
        stage = SendStage(around.storage, telegram, around.owner, calls, key, pace, around.watch)
        send = Loop("send", stage.run_once)
        around.watch.gauges[GaugeName.SENDS_IN_FLIGHT] = lambda: calls.limit - calls.room
        calls.on_done = send.wake
        yield [send, *mails]


def _in_flight(per_second: float) -> int:
    """Return how many calls there may be at once for the pace to be kept by a slow Telegram."""
    return max(FEW_CALLS, int(per_second * SLOW_CALL_SECONDS))
