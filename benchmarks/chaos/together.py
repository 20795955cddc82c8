"""Several processes on one PostgreSQL, and all that can befall them while they work."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from benchmarks.chaos.clocks import NORMAL_TIME, faked_clock
from benchmarks.chaos.crowd import Crowd, crowd
from benchmarks.chaos.pace import Fastest, fastest
from benchmarks.chaos.town import Town, build
from benchmarks.chaos.troubles import PAST_EVERY_LEASE, Trouble, Troubles, shuffled
from benchmarks.chaos.verdict import Arrived, Verdict, verdict
from benchmarks.chaos.wire import Wire, wire
from storage.db.engine import Storage
from tests.story.newspaper import newspaper
from tests.story.playground import TOKEN, FarPlayground, far_playground
from tests.story.processes import Workplace

PER_SECOND = 27
LATENCY = 0.2
TRIED_EVERY = 1.0


@dataclass(frozen=True)
class Outcome:
    """*loud* repeats were heard; *tracebacks* are errors that no step expected."""

    verdict: Verdict
    pace: Fastest
    loud: int
    tracebacks: int
    troubles: Mapping[str, int]

    @property
    def is_good(self) -> bool:
        return self.verdict.is_good and self.pace.is_kept and not (self.loud or self.tracebacks)

    def to_json(self) -> dict[str, Any]:
        plain = {"repeats_heard": self.loud, "tracebacks": self.tracebacks}
        return self.verdict.to_json() | asdict(self.pace) | plain | {"troubles": self.troubles}


@dataclass(frozen=True)
class Together:
    """*database* is migrated; *roles* are gone through once and again, one for each process."""

    database: str
    folder: Path
    processes: int
    alerts: int
    digests: int
    wanted: Mapping[Trouble, int]
    dice: random.Random
    say: Callable[[str], None]
    roles: tuple[str, ...] = ("",)
    skew_seconds: int = 0
    pause_seconds: float = PAST_EVERY_LEASE
    latency: float = LATENCY
    buries: bool = False

    async def run(self) -> Outcome:
        url = make_url(self.database)
        storage, workplace = Storage.open(self.database), Workplace(self.folder)
        async with (
            far_playground(self.folder, latency=self.latency) as playground,
            newspaper() as paper,
            wire(url.host or "127.0.0.1", url.port or 5432) as network,
        ):
            settings = self._settings(playground, network)
            add = ("sources", "add", paper.url, "--every", "1s")
            async with workplace.dateline(*add, **settings[0] | NORMAL_TIME) as command:
                assert await command.ended() == 0, command.output
            town = await build(storage, playground, paper, self.alerts, self.digests)
            async with self._working(workplace, settings, town, network) as troubles:
                await self._trouble(town, troubles)
                await self._until_done(town)
            outcome = await self._outcome(town, playground, troubles)
        await storage.close()
        return outcome

    @asynccontextmanager
    async def _working(
        self, workplace: Workplace, settings: list[dict[str, Any]], town: Town, network: Wire
    ) -> AsyncIterator[Troubles]:
        async with crowd(workplace, settings) as people:
            yield Troubles(
                people, town, network, self.dice, self.say, self.pause_seconds, self.buries
            )

    async def _trouble(self, town: Town, troubles: Troubles) -> None:
        """Let all happen by the time that the work takes without any trouble."""
        events = shuffled(self.wanted, self.dice)
        await town.progress(0)
        while (left := await town.left()) == town.due:
            self.say(f"{left} to go")
            await asyncio.sleep(TRIED_EVERY)
        mean = town.due / PER_SECOND / (len(events) + 1)
        for number, trouble in enumerate(events):
            await town.progress(number / len(events))
            await asyncio.sleep(self.dice.uniform(0, 2 * mean))
            await troubles.happen(trouble)
        await town.progress(1.0)
        await troubles.all_over()

    async def _until_done(self, town: Town) -> None:
        while (left := await town.left()) > 0:
            self.say(f"{left} to go")
            await asyncio.sleep(TRIED_EVERY)

    async def _outcome(self, town: Town, playground: FarPlayground, troubles: Troubles) -> Outcome:
        messages = {chat: await playground.get(f"chats/{chat}/messages") for chat in town.chats}
        arrived = Arrived.of(messages)
        happened = dict(sorted(troubles.happened.items()))
        kills = happened.get(Trouble.KILL, 0)
        people: Crowd = troubles.crowd
        _keep(self.folder, people.said)
        return Outcome(
            verdict=await verdict(town, arrived, kills, troubles.in_flight),
            pace=fastest(await playground.get("journal")),
            loud=arrived.loud_repeats,
            tracebacks=people.tracebacks,
            troubles=happened | {"skew_seconds": self.skew_seconds},
        )

    def _settings(self, playground: FarPlayground, network: Wire) -> list[dict[str, Any]]:
        through = make_url(self.database).set(host="127.0.0.1", port=network.port)
        common = {
            "bot_token": TOKEN,
            "bot_api_url": playground.base_url,
            "database_url": through.render_as_string(hide_password=False),
            "allowed_networks": "127.0.0.0/8",
            "admin_ids": "1",
            "access": "open",
            "send_per_second": PER_SECOND,
        }
        return [common | self._own(number) for number in range(self.processes)]

    def _own(self, number: int) -> dict[str, Any]:
        """What is special to one process: what it does, and what its clock shows."""
        roles = self.roles[number % len(self.roles)]
        own: dict[str, Any] = {"roles": roles} if roles else {}
        if self.skew_seconds or self.wanted.get(Trouble.STEP):
            spread = number / max(1, self.processes - 1)
            clock = self.folder.absolute() / f"clock-{number}"
            own |= faked_clock(clock, int((2 * spread - 1) * self.skew_seconds))
        return own


def _keep(folder: Path, said: list[str]) -> None:
    (folder / "said.log").write_text("\n======\n".join(said))
