"""One run: the world and the bot, side by side on one clock, until its days are over."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from benchmarks.soak.clock import Clock, SkippingLoop
from benchmarks.soak.gauges import Gauges
from benchmarks.soak.house import House, RealStorage, house, open_storage
from benchmarks.soak.numbers import HOUR, Numbers
from benchmarks.soak.origin import Origin, serving
from benchmarks.soak.press import Feed, Press
from benchmarks.soak.telegram import Telegram
from benchmarks.soak.town import build, settle
from benchmarks.soak.verdict import Records, Verdict, judge
from storage.schema import database_file, migrate

# When nothing new happens any more, what is on its way has so long to arrive.
DRAINS = 0.5 * HOUR


@dataclass(frozen=True)
class Week:
    numbers: Numbers
    url: str
    folder: Path
    say: Callable[[str], None]
    memory: Callable[[], None] = lambda: None
    """Told after each day."""

    def run(self) -> Verdict:
        clock = Clock(self.numbers.begins)
        with asyncio.Runner(loop_factory=lambda: SkippingLoop(clock)) as runner:
            return runner.run(self._run(clock))

    async def _run(self, clock: Clock) -> Verdict:
        with clock.working():
            await migrate(self.url)
        storage = open_storage(self.url, clock)
        served, journal = self.folder / "served.txt", self.folder / "journal.txt"
        with served.open("w") as served_file, journal.open("w") as journal_file:
            telegram = Telegram(
                clock=clock,
                journal=journal_file,
                dice=random.Random(self.numbers.seed + 4),
            )
            gauges = Gauges(clock, telegram, storage, database_file(self.url))
            begun = time.process_time()
            origin = await self._live(clock, storage, telegram, gauges, served_file)
            spent = time.process_time() - begun
        records = Records(self.numbers, settle(self.numbers), served, journal)
        verdict = await judge(storage, gauges, records, clock)
        with clock.working():
            await storage.close()
        verdict.facts |= {"polls": origin.asked, "unchanged": origin.unchanged}
        verdict.facts |= {"refused": origin.refused, "cpu_seconds": round(spent)}
        verdict.facts |= {"articles": origin.press.articles}
        return verdict

    async def _live(
        self, clock: Clock, storage: RealStorage, telegram: Telegram, gauges: Gauges, served: TextIO
    ) -> Origin:
        press = Press(self.numbers, clock)
        town = settle(self.numbers)
        async with serving(press, clock, served) as (origin, fetcher):
            await build(storage, self.numbers, town, press)
            opened = house(self.numbers, clock, storage, self.url, fetcher, telegram, town)
            async with opened as bot, _running(bot, gauges):
                async with asyncio.TaskGroup() as group:
                    lives = [group.create_task(self._happen(press))]
                    lives.append(group.create_task(bot.people.live()))
                    await self._hours(clock, gauges)
                    for each in lives:
                        each.cancel()
                await asyncio.sleep(DRAINS.total_seconds())
        return origin

    async def _happen(self, press: Press) -> None:
        loop = asyncio.get_running_loop()

        def tell(feed: Feed, event: tuple[int, int]) -> None:
            press.tell(feed, event)

        while True:
            await asyncio.sleep(press.next_event())
            for later, feed, event in press.happen():
                loop.call_later(later, tell, feed, event)

    async def _hours(self, clock: Clock, gauges: Gauges) -> None:
        hours = self.numbers.lasts / HOUR
        for number in range(1, int(hours) + 1):
            await asyncio.sleep(number * HOUR.total_seconds() - clock.seconds)
            hour = await gauges.hour()
            self.say(f"{hour.line()}, {time.process_time():.0f} s of CPU")
            if number % 24 == 0:
                self.memory()
        if (left := self.numbers.lasts.total_seconds() - clock.seconds) > 0:
            await asyncio.sleep(left)


@asynccontextmanager
async def _running(bot: House, gauges: Gauges) -> AsyncIterator[None]:
    """Run the stages in the block, then let them finish."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for runner in bot.runners:
            group.create_task(runner.run(stopping))
        ours = [group.create_task(bot.tick_on(gauges.see)), group.create_task(bot.keep_tidy())]
        yield
        for each in ours:
            each.cancel()
        stopping.set()
