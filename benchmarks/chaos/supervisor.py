"""Processes of the bot that are started again when they end."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.story.processes import Command, Workplace

RESTART_AFTER = 1.0  # seconds, as service managers wait


@dataclass(eq=False)
class Slot:
    """The place of one process, and of those that follow it."""

    settings: dict[str, Any]
    bot: Command | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    is_paused: bool = False

    @property
    def pid(self) -> int:
        return self.bot.process.pid if self.bot else 0

    @property
    def clock(self) -> Path:
        """The file that sets the clock of the process, if it has one of its own."""
        return Path(self.settings["faketime_timestamp_file"])

    @property
    def is_working(self) -> bool:
        is_alive = self.bot is not None and self.bot.process.returncode is None
        return is_alive and not self.is_paused

    def signal(self, number: signal.Signals) -> None:
        os.killpg(self.pid, number)


@dataclass(eq=False)
class Supervisor:
    workplace: Workplace
    slots: list[Slot]
    outputs: list[str] = field(default_factory=list)
    """Of the processes that have ended."""
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def working(self) -> list[Slot]:
        return [slot for slot in self.slots if slot.is_working]

    @property
    def tracebacks(self) -> int:
        return sum(output.count("Traceback (most recent call last)") for output in self.outputs)

    async def all_ready(self) -> None:
        for slot in self.slots:
            await slot.ready.wait()

    async def keep_running(self, slot: Slot) -> None:
        while not self._stopping.is_set():
            async with self.workplace.dateline("run", **slot.settings) as bot:
                slot.bot = bot
                self.outputs.append(await _read_all(bot, slot.ready))
                slot.bot = None
                slot.ready.clear()
            if not self._stopping.is_set():
                await asyncio.sleep(RESTART_AFTER)

    async def stop(self) -> None:
        """Terminate the processes, as a service manager does."""
        self._stopping.set()
        for slot in self.working:
            slot.signal(signal.SIGTERM)


async def _read_all(bot: Command, ready: asyncio.Event) -> str:
    assert bot.process.stdout
    lines = []
    async for line in bot.process.stdout:
        lines.append(line.decode())
        if '"ready"' in lines[-1]:  # of the log in JSON
            ready.set()
    await bot.process.wait()
    return "".join(lines)


@asynccontextmanager
async def supervised(
    workplace: Workplace, settings: Sequence[dict[str, Any]]
) -> AsyncIterator[Supervisor]:
    """Run a process for each of *settings*, and stop them at the end."""
    supervisor = Supervisor(workplace, [Slot(each) for each in settings])
    async with asyncio.TaskGroup() as group:
        for slot in supervisor.slots:
            group.create_task(supervisor.keep_running(slot))
        yield supervisor
        await supervisor.stop()
