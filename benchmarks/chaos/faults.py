"""The faults: processes killed or paused, connections lost, clocks that are set."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.chaos.audience import Audience
from benchmarks.chaos.network import Network
from benchmarks.chaos.supervisor import Slot, Supervisor

# The longest lease is that of a call; the rest is for others to take over.
PAST_EVERY_LEASE = 100.0
STEP_SECONDS = 300  # longer than every lease
_SILENT_SECONDS = (2.0, 12.0)
_TERMINATE_BACKENDS = text("""
    SELECT count(pg_terminate_backend(pid)) FROM (
        SELECT pid FROM pg_stat_activity WHERE client_port = ANY(:ports)
        ORDER BY random() LIMIT 3) AS chosen""")


class Fault(StrEnum):
    KILL = "kills"  # of one process
    PAUSE = "pauses"  # of one process, past its leases
    CUT = "cuts"  # of some connections, by the database
    DROP = "drops"  # of all connections, by the network
    SILENCE = "silences"  # of the network, for some seconds
    STEP = "steps"  # of the clock of one process, by minutes


@dataclass(eq=False)
class Faults:
    """*in_flight* counts the calls whose responses no process received.

    *ends_leases*: end the leases of a killed process at once, which shortens a run.
    """

    supervisor: Supervisor
    audience: Audience
    network: Network | None
    dice: random.Random
    say: Callable[[str], None]
    pause_seconds: float
    ends_leases: bool
    happened: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    _pauses: set[asyncio.Task[None]] = field(default_factory=set)

    async def happen(self, fault: Fault) -> None:
        match fault:
            case Fault.KILL:
                await self._kill()
            case Fault.PAUSE:
                self._pauses.add(asyncio.ensure_future(self._pause()))
            case Fault.STEP:
                slot = await self._pick()
                seconds = self.dice.randint(-STEP_SECONDS, STEP_SECONDS)
                set_clock(slot.clock, seconds)
                self.say(f"the clock of {slot.pid} is off by {seconds:+d} s")
            case _:
                assert self.network, "these faults need PostgreSQL"
                await self._disturb(self.network, fault)
        self.happened[fault] += fault is not Fault.PAUSE
        self.say(f"{fault}: {self.happened[fault]}")

    async def all_over(self) -> None:
        await asyncio.gather(*self._pauses)

    async def _disturb(self, network: Network, fault: Fault) -> None:
        match fault:
            case Fault.CUT:
                async with self.audience.storage.writing() as tx:
                    cut = await tx.one(_TERMINATE_BACKENDS, ports=network.ports)
                    self.happened["connections_cut"] += cut[0]
            case Fault.DROP:
                self.happened["connections_dropped"] += network.cut()
            case Fault.SILENCE:
                async with network.silence():
                    await asyncio.sleep(self.dice.uniform(*_SILENT_SECONDS))

    async def _kill(self) -> None:
        slot = await self._pick()
        pid, bot = slot.pid, slot.bot
        slot.ready.clear()
        slot.signal(signal.SIGKILL)
        if bot:
            await bot.process.wait()
        self.in_flight += await self.audience.in_flight(pid)
        if self.ends_leases:
            await self.audience.end_leases(pid)

    async def _pause(self) -> None:
        """Stop a process until others have taken over its rows, then let it continue."""
        slot = await self._pick()
        pid, slot.is_paused = slot.pid, True
        slot.signal(signal.SIGSTOP)
        self.in_flight += await self.audience.in_flight(pid)
        await asyncio.sleep(self.pause_seconds)
        self.say(f"{pid} continues with {await self.audience.held_by(pid)} rows")
        slot.signal(signal.SIGCONT)
        slot.is_paused = False
        self.happened[Fault.PAUSE] += 1

    async def _pick(self) -> Slot:
        """Return a working process, once another one works too, if there are several."""
        while len(working := self.supervisor.working) < min(2, len(self.supervisor.slots)):
            self.say("waiting for another process to work")
            await asyncio.sleep(1)
        return self.dice.choice(working)


def shuffled(faults: Mapping[Fault, int], dice: random.Random) -> list[Fault]:
    """Return the faults in a random order, with the pauses, which take long, in the first half."""
    order = [fault for fault, number in faults.items() for _ in range(number)]
    dice.shuffle(order)
    pauses = [fault for fault in order if fault is Fault.PAUSE]
    rest = [fault for fault in order if fault is not Fault.PAUSE]
    first_half = rest[: len(rest) // 2] + pauses
    dice.shuffle(first_half)
    return first_half + rest[len(rest) // 2 :]


def clock_library() -> Path | None:
    """Return the library that fakes a process's clock; Debian's package is `faketime`."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


def faked_clock(file: Path, seconds: int) -> dict[str, Any]:
    """Return the environment of a process whose clock is off by *seconds*.

    The clock follows a change of *file* within a second.
    """
    library = clock_library()
    assert library, "clocks need libfaketime: apt install faketime"
    set_clock(file, seconds)
    return {
        "ld_preload": library,
        "faketime_timestamp_file": file,
        "faketime_cache_duration": 1,
        "faketime_dont_fake_monotonic": 1,
    }


def set_clock(file: Path, seconds: int) -> None:
    new = file.with_suffix(".new")
    new.write_text(f"{seconds:+d}s\n")
    new.replace(file)  # at once, so that no process reads a part
