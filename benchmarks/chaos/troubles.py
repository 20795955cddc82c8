"""What befalls the processes: killed, paused past their leases, cut off from the database."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import text

from benchmarks.chaos.clocks import step_clock
from benchmarks.chaos.crowd import Crowd, Place
from benchmarks.chaos.town import Town
from benchmarks.chaos.wire import Wire

# The longest lease, that of a call, and some seconds for others to take over what it leaves.
PAST_EVERY_LEASE = 100.0
_ASKED_EVERY = 1.0
_SILENT_SECONDS = (2.0, 12.0)
_BACKENDS = text("""
    SELECT count(pg_terminate_backend(pid)) FROM (
        SELECT pid FROM pg_stat_activity WHERE client_port = ANY(:ports)
        ORDER BY random() LIMIT 3) AS chosen""")


class Trouble(StrEnum):
    KILL = "kills"  # of one process
    PAUSE = "pauses"  # of one process, past what it leases
    CUT = "cuts"  # of some connections, by the database
    DROP = "drops"  # of all connections, by the network
    SILENCE = "silences"  # of the network, for some seconds
    STEP = "steps"  # of the clock of one process, minutes back or forth


@dataclass(eq=False)
class Troubles:
    """*in_flight* counts the calls that nobody was there to hear the answer of."""

    crowd: Crowd
    town: Town
    wire: Wire
    dice: random.Random
    say: Callable[[str], None]
    pause_seconds: float = PAST_EVERY_LEASE
    buries: bool = False
    """Whether the leases of who was killed end with it, for a run to be short."""
    happened: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    _pauses: set[asyncio.Task[None]] = field(default_factory=set)

    async def happen(self, trouble: Trouble) -> None:
        match trouble:
            case Trouble.KILL:
                await self._kill()
            case Trouble.PAUSE:
                self._pauses.add(asyncio.ensure_future(self._pause()))
            case Trouble.CUT:
                await self._cut()
            case Trouble.DROP:
                self.happened["connections_dropped"] += self.wire.cut()
            case Trouble.SILENCE:
                async with self.wire.silence():
                    await asyncio.sleep(self.dice.uniform(*_SILENT_SECONDS))
            case Trouble.STEP:
                place = await self._one()
                self.say(
                    f"{place.pid} is {step_clock(place.clock, self.dice):+d} s off from now on"
                )
        self.happened[trouble] += trouble is not Trouble.PAUSE
        self.say(f"{trouble}: {self.happened[trouble]}")

    async def all_over(self) -> None:
        if self._pauses:
            await asyncio.gather(*self._pauses)

    async def _kill(self) -> None:
        place = await self._one()
        pid, bot = place.pid, place.bot
        place.signal(signal.SIGKILL)
        if bot:
            await bot.process.wait()
        self.in_flight += await self.town.in_flight(pid)
        if self.buries:
            await self.town.bury(pid)

    async def _pause(self) -> None:
        """Stop one until others have taken over all that it held; then let it go on."""
        place = await self._one()
        pid, place.is_paused = place.pid, True
        place.signal(signal.SIGSTOP)
        self.in_flight += await self.town.in_flight(pid)
        await asyncio.sleep(self.pause_seconds)
        self.say(f"{pid} goes on, and holds {await self.town.held_by(pid)}")
        place.signal(signal.SIGCONT)
        place.is_paused = False
        self.happened[Trouble.PAUSE] += 1

    async def _cut(self) -> None:
        async with self.town.storage.writing() as tx:
            connection = await tx.session.connection()
            cut = await connection.execute(_BACKENDS, {"ports": self.wire.ports})
            self.happened["connections_cut"] += cut.scalar_one()

    async def _one(self) -> Place:
        """Return one of those that work, once there are two: somebody must go on."""
        while len(working := self.crowd.working) < min(2, len(self.crowd.places)):
            self.say("waiting for others to work")
            await asyncio.sleep(_ASKED_EVERY)
        return self.dice.choice(working)


def shuffled(wanted: Mapping[Trouble, int], dice: random.Random) -> list[Trouble]:
    """Return the *wanted* troubles in a random order; pauses, which take long, come first."""
    others = [each for each, number in wanted.items() for _ in range(number)]
    dice.shuffle(others)
    pauses = [each for each in others if each is Trouble.PAUSE]
    rest = [each for each in others if each is not Trouble.PAUSE]
    early = rest[: len(rest) // 2] + pauses
    dice.shuffle(early)
    return early + rest[len(rest) // 2 :]
