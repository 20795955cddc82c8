"""Feeds that fall due one after the other, a second apart, with all stages side by side.

Each step moves the database's clock to the next feed's turn and waits until no stage has work, so
that a feed shares no transaction with its neighbours. The stages' time-outs run by the machine's
clock, which takes only a part of a second for each step.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.ingest.stages import Stages, running, spread
from bot.sources.poll import PUBLIC_SLOTS

_APART: Final = timedelta(seconds=1)


@dataclass(slots=True)
class SteppingClock:
    """The database's clock, which stands still between steps."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def __call__(self, session: AsyncSession, /) -> datetime:
        del session
        return self.now


async def run_one_by_one(stages: Stages, feeds: int, clock: SteppingClock) -> None:
    """Run the stages on *feeds* sources, which `spread_out` has prepared."""
    async with running(stages) as now:
        for _ in range(feeds + 1):
            clock.now += _APART
            now.poll.wake()
            while not now.are_idle or stages.polling.public.room < PUBLIC_SLOTS:
                now.has_ended.clear()
                await now.has_ended.wait()


async def spread_out(stages: Stages, feeds: int) -> None:
    """Make one of *feeds* sources due in each of the next seconds."""
    await spread(stages.storage, feeds * _APART)
