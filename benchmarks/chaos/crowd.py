"""Several processes of the bot at once, each put back in its place when it ends."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.story.processes import Command, Workplace

# What a service manager waits before it starts one again.
STARTED_AGAIN_AFTER = 1.0


@dataclass(eq=False)
class Place:
    """One of the processes, whichever runs in it now."""

    settings: dict[str, Any]
    bot: Command | None = None
    is_paused: bool = False

    @property
    def pid(self) -> int:
        return self.bot.process.pid if self.bot else 0

    @property
    def clock(self) -> Path:
        """What its clock goes by, where that can be set."""
        return Path(self.settings["faketime_timestamp_file"])

    @property
    def works(self) -> bool:
        return self.bot is not None and not self.is_paused and self.bot.process.returncode is None

    def signal(self, number: signal.Signals) -> None:
        os.killpg(self.pid, number)


@dataclass(eq=False)
class Crowd:
    workplace: Workplace
    places: list[Place]
    said: list[str] = field(default_factory=list)
    """All that those have said that are no more."""
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def working(self) -> list[Place]:
        return [place for place in self.places if place.works]

    @property
    def tracebacks(self) -> int:
        return sum(text.count("Traceback (most recent call last)") for text in self.said)

    async def keep(self, place: Place) -> None:
        while not self._closing.is_set():
            async with self.workplace.dateline("run", **place.settings) as bot:
                place.bot = bot
                self.said.append(await _all_it_says(bot))
                place.bot = None
            if not self._closing.is_set():
                await asyncio.sleep(STARTED_AGAIN_AFTER)

    async def close(self) -> None:
        """Ask them to stop, as a service manager does."""
        self._closing.set()
        for place in self.working:
            place.signal(signal.SIGTERM)


async def _all_it_says(bot: Command) -> str:
    assert bot.process.stdout
    said = await bot.process.stdout.read()
    await bot.process.wait()
    return said.decode()


@asynccontextmanager
async def crowd(workplace: Workplace, settings: Sequence[dict[str, Any]]) -> AsyncIterator[Crowd]:
    """Yield the processes, one for each of *settings*; they are stopped well at the end."""
    gathered = Crowd(workplace, [Place(each) for each in settings])
    async with asyncio.TaskGroup() as group:
        for place in gathered.places:
            group.create_task(gathered.keep(place))
        yield gathered
        await gathered.close()
