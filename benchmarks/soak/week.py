"""One run: the news, the users and the bot on one clock, until the days are over."""

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from benchmarks.skipping_clock import Clock, SkippingLoop, WorkingStorage, open_storage
from benchmarks.soak.audience import draw_audience, store
from benchmarks.soak.bot import SoakedBot, soaked_bot
from benchmarks.soak.gauges import Gauges
from benchmarks.soak.news import News
from benchmarks.soak.numbers import HOUR, Numbers
from benchmarks.soak.telegram import Telegram
from benchmarks.soak.verdict import Records, Verdict, judge
from benchmarks.soak.web import Web, serving
from storage.schema import database_file

DRAIN = 0.5 * HOUR  # for messages on their way at the end


@dataclass(frozen=True)
class Week:
    """*url* is a migrated, empty database; *folder* keeps the records."""

    numbers: Numbers
    url: str
    folder: Path | None
    say: Callable[[str], None]

    def run(self) -> Verdict:
        clock = Clock(self.numbers.begins)
        with ExitStack() as stack:
            folder = self.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            runner = stack.enter_context(asyncio.Runner(loop_factory=lambda: SkippingLoop(clock)))
            return runner.run(self._run(clock, folder))

    async def _run(self, clock: Clock, folder: Path) -> Verdict:
        storage = open_storage(self.url, clock)
        audience = draw_audience(self.numbers)
        records = Records(self.numbers, audience, folder / "served.txt", folder / "journal.txt")
        with records.served.open("w") as served, records.journal.open("w") as journal:
            dice = random.Random(self.numbers.seed + 4)
            telegram = Telegram(clock=clock, journal=journal, dice=dice)
            gauges = Gauges(clock, telegram, storage, database_file(self.url))
            cpu = time.process_time()
            web = await self._live(storage, gauges, records, served)
            cpu = time.process_time() - cpu
        verdict = await judge(storage, gauges, records, clock)
        with clock.working():
            await storage.close()
        verdict.facts |= {
            "polls": web.requests,
            "unchanged": web.unchanged,
            "refused": web.refused,
            "articles": web.news.articles,
            "cpu_seconds": round(cpu),
        }
        return verdict

    async def _live(
        self, storage: WorkingStorage, gauges: Gauges, records: Records, served: TextIO
    ) -> Web:
        clock, telegram, audience = gauges.clock, gauges.telegram, records.audience
        news = News(self.numbers, clock)
        async with serving(news, clock, served) as (web, fetcher):
            await store(storage, self.numbers, audience, news)
            opened = soaked_bot(self.numbers, storage, self.url, fetcher, telegram, audience)
            async with opened as bot, _running(bot, gauges):
                async with asyncio.TaskGroup() as group:
                    lives = [
                        group.create_task(self._report_news(news)),
                        group.create_task(bot.users.live()),
                    ]
                    await self._measure_hours(clock, gauges, bot)
                    for life in lives:
                        life.cancel()
                await asyncio.sleep(DRAIN.total_seconds())
        return web

    async def _report_news(self, news: News) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(news.seconds_to_next_event())
            for delay, feed, event in news.happen():
                loop.call_later(delay, news.report, feed, event)

    async def _measure_hours(self, clock: Clock, gauges: Gauges, bot: SoakedBot) -> None:
        for number in range(1, int(self.numbers.duration / HOUR) + 1):
            await asyncio.sleep(number * HOUR.total_seconds() - clock.seconds)
            hour = await gauges.end_hour(bot.story_mb)
            self.say(f"{hour.line()}, {time.process_time():.0f} s of CPU")
        if (left := self.numbers.duration.total_seconds() - clock.seconds) > 0:
            await asyncio.sleep(left)


@asynccontextmanager
async def _running(bot: SoakedBot, gauges: Gauges) -> AsyncIterator[None]:
    """Run the stages in the block, then let them finish."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for runner in bot.runners:
            group.create_task(runner.run(stopping))
        tasks = [
            group.create_task(bot.wake_stages(gauges.see)),
            group.create_task(bot.collect_garbage()),
        ]
        yield
        for task in tasks:
            task.cancel()
        stopping.set()
