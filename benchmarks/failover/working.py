"""Processes of the bot, two or more, which send while their database goes away and comes back."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlmodel import col, func, select

from benchmarks.chaos.crowd import crowd
from benchmarks.chaos.pace import Fastest, counts, fastest
from benchmarks.chaos.town import Town, build
from benchmarks.chaos.verdict import Arrived, Verdict, verdict
from benchmarks.failover.behind import sent_in_vain
from benchmarks.failover.mishaps import Mishap, Stage, Two, address, stage
from bot.database_urls import with_driver
from storage.db.engine import DatabaseError, Storage
from storage.enums import DeliveryState
from storage.outbox import Delivery
from storage.schema import migrate
from tests.story.newspaper import newspaper
from tests.story.playground import TOKEN, FarPlayground, far_playground
from tests.story.processes import Workplace

TRIED_EVERY = 0.5
OWN_SECONDS = 5.0  # that we wait for an answer ourselves
LATENCY = 0.2
BEFORE_IT = 0.2  # of the messages are sent when it happens


@dataclass(frozen=True)
class Outcome:
    """*away*: seconds from when it happened until the database was back.

    *still*: seconds from when it happened until the next message whose intent was written down
    after that; *late*: seconds of these after it was back. *ended*: processes that did not
    bear it, and were started again. *unknown*: messages of which the standby had not heard; they
    may come again, with a sound, and count as in flight.
    """

    verdict: Verdict
    pace: Fastest
    away: float
    still: float
    late: float
    loud: int
    tracebacks: int
    ended: int
    unknown: int = 0

    @property
    def is_good(self) -> bool:
        is_calm = self.loud <= self.unknown and not (self.tracebacks or self.ended)
        return self.verdict.is_good and self.pace.is_kept and is_calm

    def to_json(self) -> dict[str, Any]:
        times = {
            f"seconds_{name}": round(getattr(self, name), 1) for name in ("away", "still", "late")
        }
        said = {
            "repeats_heard": self.loud,
            "tracebacks": self.tracebacks,
            "processes_ended": self.ended,
            "unknown_to_standby": self.unknown,
        }
        return times | self.verdict.to_json() | asdict(self.pace) | said


@dataclass(frozen=True)
class Working:
    folder: Path
    alerts: int
    say: Callable[[str], None]
    latency: float = LATENCY
    roles: tuple[str, ...] = ("", "")
    """Of each process; empty: all."""

    async def through(
        self,
        mishap: Mishap,
        *,
        synchronous: bool = True,
        silent_seconds: float = 20,
        behind: float = 0,
    ) -> Outcome:
        self.say(f"{mishap}: starting servers")
        facts = {"silent_seconds": silent_seconds, "behind": behind}
        async with stage(mishap, synchronous=synchronous, **facts) as (what, seen):
            url = with_driver(address(seen))
            await migrate(url)
            storage = Storage.open(url, command_seconds=OWN_SECONDS)
            try:
                return await self._work(what, storage, address(seen))
            finally:
                await storage.close()

    async def _work(self, what: Stage, storage: Storage, url: str) -> Outcome:
        workplace = Workplace(self.folder)
        async with (
            far_playground(self.folder, latency=self.latency) as playground,
            newspaper() as paper,
        ):
            settings = {
                "bot_token": TOKEN,
                "bot_api_url": playground.base_url,
                "database_url": address(what.servers),
                "allowed_networks": "127.0.0.0/8",
                "admin_ids": "1",
                "access": "open",
            }
            add = ("sources", "add", paper.url, "--every", "1s")
            async with workplace.dateline(*add, **settings | {"database_url": url}) as command:
                assert await command.ended() == 0, command.output
            town = await build(storage, playground, paper, self.alerts, 0)
            every = [settings | ({"roles": roles} if roles else {}) for roles in self.roles]
            async with crowd(workplace, every) as people:
                moments = await self._happen(what, town)
            unknown = 0
            if isinstance(what, Two) and what.behind:
                unknown = await sent_in_vain(what.primary, storage)
            return await self._outcome(town, playground, people.said, moments, unknown)

    async def _happen(self, what: Stage, town: Town) -> tuple[float, float, int]:
        """Return when the database was gone and back, and how many calls were in flight."""
        await town.progress(1.0)
        while (left := await town.left()) > (1 - BEFORE_IT) * town.due:
            self.say(f"{left} to go")
            await asyncio.sleep(4 * TRIED_EVERY)
        self.say("it happens")
        gone, back = await what.happen()
        self.say(f"the database is back after {back - gone:.1f} s")
        in_flight = await _again_and_again(lambda: _sending(town))
        while (left := await _again_and_again(town.left)) > 0:
            self.say(f"{left} to go")
            await asyncio.sleep(4 * TRIED_EVERY)
        return gone, back, in_flight

    async def _outcome(
        self,
        town: Town,
        playground: FarPlayground,
        said: list[str],
        moments: tuple[float, float, int],
        unknown: int,
    ) -> Outcome:
        gone, back, in_flight = moments
        chats = {chat: await playground.get(f"chats/{chat}/messages") for chat in town.chats}
        arrived, journal = Arrived.of(chats), await playground.get("journal")
        (self.folder / "said.log").write_text("\n======\n".join(said))
        first = min(call["at"] for call in journal if counts(call) and call["at"] >= back)
        return Outcome(
            verdict=await verdict(town, arrived, 1, in_flight + unknown),
            pace=fastest(journal),
            away=back - gone,
            still=first - gone,
            late=first - back,
            loud=arrived.loud_repeats,
            tracebacks=sum(text.count("Traceback (most recent call last)") for text in said),
            ended=len(said) - len(self.roles),
            unknown=unknown,
        )


async def _sending(town: Town) -> int:
    async with town.storage.reading() as tx:
        sending = select(func.count()).where(col(Delivery.state) == DeliveryState.SENDING)
        return (await tx.session.exec(sending)).one()


async def _again_and_again(ask: Callable[[], Any]) -> int:
    """Our own connections were lost too."""
    while True:
        with suppress(DatabaseError, OSError):
            return int(await ask())
        await asyncio.sleep(TRIED_EVERY)
