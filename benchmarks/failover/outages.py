"""The outages of the database, and its recovery."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.chaos.network import Network, network_to
from benchmarks.failover.clusters import Cluster, cluster_pair, single_cluster


class OutageKind(StrEnum):
    FAILOVER = "failover"  # the primary is killed, its standby promoted
    FREEZE = "freeze"  # the same with a halted primary, which closes no connection
    SWITCHOVER = "switchover"  # the same with a primary that is shut down
    RESTART = "restart"  # of the only server
    CRASH = "crash"  # the only server is killed, and started again
    PARTITION = "partition"  # a network that is silent for a while


@dataclass(frozen=True)
class Outage:
    """*network* leads to the only server, or from the primary to its standby.

    *seconds*: of the silence of a partition, or those that the standby misses of its primary.
    """

    kind: OutageKind
    primary: Cluster
    standby: Cluster | None
    network: Network
    seconds: float

    @property
    def servers(self) -> str:
        """Hosts and ports for the URL of the bot."""
        if self.kind is OutageKind.PARTITION:
            return f"127.0.0.1:{self.network.port}"
        return self.direct_servers

    @property
    def direct_servers(self) -> str:
        """Hosts and ports without a network that fails."""
        clusters = (self.primary, self.standby) if self.standby else (self.primary,)
        return ",".join(cluster.address for cluster in clusters)

    async def happen(self) -> tuple[float, float]:
        """Return when the database failed and when it was back, in Unix seconds."""
        if self.standby and self.seconds:
            async with self.network.silence():
                await asyncio.sleep(self.seconds)
                self.network.cut()  # the delayed data is lost
                return await self._fail_and_recover()
        return await self._fail_and_recover()

    async def _fail_and_recover(self) -> tuple[float, float]:
        failed_at = time.time()
        match self.kind:
            case OutageKind.PARTITION:
                async with self.network.silence():
                    await asyncio.sleep(self.seconds)
            case OutageKind.CRASH:
                self.primary.kill()
                await self.primary.start_after_kill()
            case OutageKind.RESTART:
                await self.primary.stop()
                await self.primary.start()
            case OutageKind.FAILOVER:
                self.primary.kill()
            case OutageKind.FREEZE:
                self.primary.freeze()
            case OutageKind.SWITCHOVER:
                await self.primary.stop()
        if self.standby:
            await self.standby.promote()
        return failed_at, time.time()


@asynccontextmanager
async def prepared(
    kind: OutageKind, *, synchronous: bool, silent_seconds: float, behind: float
) -> AsyncIterator[Outage]:
    """Yield an outage that can happen, with its servers running."""
    if kind in {OutageKind.FAILOVER, OutageKind.FREEZE, OutageKind.SWITCHOVER}:
        async with cluster_pair(synchronous=synchronous) as (primary, standby, network):
            yield Outage(kind, primary, standby, network, behind)
    else:
        async with single_cluster() as only, network_to("127.0.0.1", only.port) as network:
            yield Outage(kind, only, None, network, silent_seconds)


def url_of(servers: str) -> str:
    return f"postgresql://postgres@{servers}/postgres"
