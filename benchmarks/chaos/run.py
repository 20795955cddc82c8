"""One run: processes of the bot that send while faults happen, until everything is sent."""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from benchmarks.chaos.audience import Audience
from benchmarks.chaos.faults import PAST_EVERY_LEASE, Fault, Faults, faked_clock, shuffled
from benchmarks.chaos.network import network_to
from benchmarks.chaos.pace import Pace, pace_of
from benchmarks.chaos.scene import LATENCY, PER_SECOND, Scene, scene
from benchmarks.chaos.supervisor import Supervisor, supervised
from benchmarks.chaos.verdict import Verdict, judge

CHECK_EVERY = 1.0
DIES_YOUNG = 0.1  # of the kills hit a process that is still starting


@dataclass(frozen=True)
class Outcome:
    """*loud_repeats* made a sound; *tracebacks* are errors that no stage expected."""

    verdict: Verdict
    pace: Pace
    loud_repeats: int
    tracebacks: int
    faults: Mapping[str, int]

    @property
    def is_good(self) -> bool:
        is_quiet = not (self.loud_repeats or self.tracebacks)
        return self.verdict.is_good and self.pace.is_kept and is_quiet

    def to_json(self) -> dict[str, Any]:
        others = {"loud_repeats": self.loud_repeats, "tracebacks": self.tracebacks}
        return asdict(self.verdict) | asdict(self.pace) | others | {"faults": self.faults}


@dataclass(frozen=True)
class Run:
    """*url* is a migrated, empty database; *roles* are dealt to the processes in turn."""

    url: str
    folder: Path
    alerts: int
    digests: int
    faults: Mapping[Fault, int]
    dice: random.Random
    say: Callable[[str], None]
    processes: int = 1
    roles: tuple[str, ...] = ("",)
    skew_seconds: int = 0
    pause_seconds: float = PAST_EVERY_LEASE
    latency: float = LATENCY
    ends_leases: bool = False

    async def run(self) -> Outcome:
        async with AsyncExitStack() as stack:
            opened = scene(
                self.url,
                self.folder,
                alerts=self.alerts,
                digests=self.digests,
                latency=self.latency,
            )
            on = await stack.enter_async_context(opened)
            network, url = None, make_url(self.url)
            if url.host:
                network = await stack.enter_async_context(network_to(url.host, url.port or 5432))
                url = url.set(host="127.0.0.1", port=network.port)
            settings = on.settings | {"database_url": url.render_as_string(hide_password=False)}
            each = [settings | self._own_settings(number) for number in range(self.processes)]
            async with supervised(on.workplace, each) as supervisor:
                faults = Faults(
                    supervisor,
                    on.audience,
                    network,
                    self.dice,
                    self.say,
                    self.pause_seconds,
                    self.ends_leases,
                )
                await self._happen(on.audience, supervisor, faults)
            return await self._outcome(on, supervisor, faults)

    async def _happen(self, audience: Audience, supervisor: Supervisor, faults: Faults) -> None:
        """Spread the faults over the time that the work takes, and wait for its end."""
        await audience.progress(0)
        while await self._left(audience) == audience.due:  # noqa: ASYNC110 - no event
            await asyncio.sleep(CHECK_EVERY)
        order = shuffled(self.faults, self.dice)
        for number, fault in enumerate(order):
            await audience.progress(number / len(order))
            left = await self._left(audience)
            if self.dice.random() >= DIES_YOUNG:
                await supervisor.all_ready()
            mean = left / PER_SECOND / (len(order) - number)
            await asyncio.sleep(self.dice.uniform(0, 2 * mean))
            await faults.happen(fault)
        await audience.progress(1)
        await faults.all_over()
        while await self._left(audience) > 0:  # noqa: ASYNC110
            await asyncio.sleep(CHECK_EVERY)
        await supervisor.all_ready()  # before that a process cannot be stopped well

    async def _left(self, audience: Audience) -> int:
        left = await audience.left()
        self.say(f"{left} to go")
        return left

    async def _outcome(self, on: Scene, supervisor: Supervisor, faults: Faults) -> Outcome:
        arrivals = await on.arrivals()
        (self.folder / "output.log").write_text("\n======\n".join(supervisor.outputs))
        happened = dict(sorted(faults.happened.items()))
        return Outcome(
            verdict=await judge(
                on.audience, arrivals, happened.get(Fault.KILL, 0), faults.in_flight
            ),
            pace=pace_of(await on.playground.get("journal")),
            loud_repeats=arrivals.loud_repeats,
            tracebacks=supervisor.tracebacks,
            faults=happened | {"skew_seconds": self.skew_seconds},
        )

    def _own_settings(self, number: int) -> dict[str, Any]:
        """Return the roles and the clock of one process."""
        roles = self.roles[number % len(self.roles)]
        own: dict[str, Any] = {"roles": roles} if roles else {}
        if self.skew_seconds or self.faults.get(Fault.STEP):
            spread = number / max(1, self.processes - 1)
            file = self.folder.absolute() / f"clock-{number}"
            own |= faked_clock(file, int((2 * spread - 1) * self.skew_seconds))
        return own
