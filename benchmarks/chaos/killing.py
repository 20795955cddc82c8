"""One run after another of the whole bot, each ended by SIGKILL at a random moment."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.chaos.town import Town, build
from benchmarks.chaos.verdict import Arrived, Verdict, verdict
from storage.db.engine import Storage
from storage.schema import migrate
from tests.story.newspaper import newspaper
from tests.story.playground import TOKEN, FarPlayground, far_playground
from tests.story.processes import Workplace

PER_SECOND = 27
LATENCY = 0.2  # seconds; several calls are in flight at each moment, as with Telegram itself
# Until here a process has not begun to send; some are to die there too.
DIES_YOUNG = 0.1
YOUNG_SECONDS = 4.0
TRIED_EVERY = 1.0  # seconds; leases of the dead are over after a minute and a half


@dataclass(frozen=True)
class Run:
    kills: int
    alerts: int
    digests: int
    database: str
    folder: Path
    dice: random.Random
    say: Callable[[str], None]

    async def run(self) -> tuple[Verdict, int]:
        """Return the verdict, and how many repeats were to be heard."""
        await migrate(self.database)
        async with self.town() as (town, playground, workplace, settings):
            in_flight = 0
            for number in range(self.kills):
                await town.progress(number / self.kills)
                seconds = self._life(await town.left(), self.kills - number)
                in_flight += await self._live_and_die(town, workplace, settings, seconds)
                self.say(f"kill {number + 1} of {self.kills}: {await town.left()} to go")
            await town.progress(1.0)
            await self._end_well(town, workplace, settings)
            arrived = Arrived.of({chat: await _messages(playground, chat) for chat in town.chats})
            return await verdict(town, arrived, self.kills, in_flight), arrived.loud_repeats

    @asynccontextmanager
    async def town(
        self,
    ) -> AsyncIterator[tuple[Town, FarPlayground, Workplace, dict[str, Any]]]:
        storage, workplace = Storage.open(self.database), Workplace(self.folder)
        async with far_playground(self.folder, latency=LATENCY) as playground, newspaper() as paper:
            settings = {
                "bot_token": TOKEN,
                "bot_api_url": playground.base_url,
                "database_url": self.database,
                "allowed_networks": "127.0.0.0/8",
                "admin_ids": "1",
                "access": "open",
                "send_per_second": PER_SECOND,
            }
            add = ("sources", "add", paper.url, "--every", "1s")
            async with workplace.dateline(*add, **settings) as command:
                assert await command.ended() == 0, command.output
            town = await build(storage, playground, paper, self.alerts, self.digests)
            yield town, playground, workplace, settings
        await storage.close()

    def _life(self, left: int, kills_left: int) -> float:
        """Return how long the next process lives, so that the work lasts until the last kill."""
        return self.dice.uniform(0, 2 * left / PER_SECOND / kills_left)

    async def _live_and_die(
        self, town: Town, workplace: Workplace, settings: dict[str, Any], seconds: float
    ) -> int:
        """Return how many calls were in flight when it died."""
        async with workplace.dateline("run", **settings) as bot:
            if self.dice.random() < DIES_YOUNG:
                await asyncio.sleep(self.dice.uniform(0, YOUNG_SECONDS))
            else:
                await bot.said("ready")
                await asyncio.sleep(seconds)
            said = await bot.killed_output()
        assert "Traceback" not in said, said
        return await town.in_flight(bot.process.pid)

    async def _end_well(self, town: Town, workplace: Workplace, settings: dict[str, Any]) -> None:
        """Let one process finish all, those with leases of the dead included."""
        async with workplace.dateline("run", **settings) as bot:
            await bot.said("ready")  # until then it cannot be asked to stop
            while (left := await town.left()) > 0:
                self.say(f"{left} to go")
                await asyncio.sleep(TRIED_EVERY)
            await bot.stop()


async def _messages(playground: FarPlayground, chat: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await playground.get(f"chats/{chat}/messages")
    return found
