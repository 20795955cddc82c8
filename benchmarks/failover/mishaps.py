"""What becomes of the database while messages go, and how it comes back."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from benchmarks.chaos.wire import Wire, wire
from benchmarks.failover.clusters import Cluster, pair, single


class Mishap(StrEnum):
    FAILOVER = "failover"  # the primary is killed, its standby promoted
    FREEZE = "freeze"  # the same, but the primary stands still, and says nothing to anybody
    SWITCHOVER = "switchover"  # the same, but the primary is stopped well
    RESTART = "restart"  # of the only server
    CRASH = "crash"  # the only server is killed, and started again
    PARTITION = "partition"  # a network that says nothing for a while


class Stage(Protocol):
    @property
    def servers(self) -> str:
        """Hosts and ports as they stand in an address."""

    async def happen(self) -> tuple[float, float]:
        """Return when the database went away and when it was back, in Unix seconds."""


@dataclass(frozen=True)
class Two:
    primary: Cluster
    standby: Cluster
    between: Wire
    mishap: Mishap
    behind: float = 0
    """Seconds of which the standby hears nothing, before the primary is gone."""

    @property
    def servers(self) -> str:
        return f"{self.primary.address},{self.standby.address}"

    async def happen(self) -> tuple[float, float]:
        if self.behind:
            async with self.between.silence():
                await asyncio.sleep(self.behind)
                self.between.cut()  # what waits is lost with it
                return await self._lose()
        return await self._lose()

    async def _lose(self) -> tuple[float, float]:
        gone = time.time()
        match self.mishap:
            case Mishap.FAILOVER:
                self.primary.kill()
            case Mishap.FREEZE:
                self.primary.freeze()
            case _:
                await self.primary.stop()
        await self.standby.promote()
        return gone, time.time()


@dataclass(frozen=True)
class One:
    only: Cluster
    killed: bool

    @property
    def servers(self) -> str:
        return self.only.address

    async def happen(self) -> tuple[float, float]:
        gone = time.time()
        if self.killed:
            self.only.kill()
            await self.only.start_again()
        else:
            await self.only.stop()
            await self.only.start()
        return gone, time.time()


@dataclass(frozen=True)
class Silent:
    network: Wire
    seconds: float

    @property
    def servers(self) -> str:
        return f"127.0.0.1:{self.network.port}"

    async def happen(self) -> tuple[float, float]:
        gone = time.time()
        async with self.network.silence():
            await asyncio.sleep(self.seconds)
        return gone, time.time()


@asynccontextmanager
async def stage(
    mishap: Mishap, *, synchronous: bool = True, silent_seconds: float = 20, behind: float = 0
) -> AsyncIterator[tuple[Stage, str]]:
    """Yield what is to happen, and the servers as one sees them who is not cut off."""
    if mishap in {Mishap.FAILOVER, Mishap.FREEZE, Mishap.SWITCHOVER}:
        async with pair(synchronous=synchronous) as (primary, standby, between):
            two = Two(primary, standby, between, mishap, behind)
            yield two, two.servers
        return
    async with single() as only:
        if mishap is Mishap.PARTITION:
            async with wire("127.0.0.1", only.port) as network:
                yield Silent(network, silent_seconds), only.address
            return
        yield One(only, killed=mishap is Mishap.CRASH), only.address


def address(servers: str) -> str:
    return f"postgresql://postgres@{servers}/postgres"
