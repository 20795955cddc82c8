"""Processes of the bot that send while their database fails and recovers."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from benchmarks.chaos.audience import Audience
from benchmarks.chaos.pace import Pace, is_message, pace_of
from benchmarks.chaos.scene import LATENCY, scene
from benchmarks.chaos.supervisor import supervised
from benchmarks.chaos.verdict import Verdict, judge
from benchmarks.failover.clusters import Cluster
from benchmarks.failover.outages import Outage, OutageKind, prepared, url_of
from bot.database_urls import with_driver
from storage.db.engine import Storage, Transaction
from storage.db.problems import DatabaseError
from storage.enums import DeliveryState
from storage.outbox import Delivery
from storage.schema import migrate

CHECK_EVERY = 2.0
COMMAND_SECONDS = 5.0  # for which this program waits for the database
SENT_BEFORE = 0.2  # of the messages


@dataclass(frozen=True)
class Outcome:
    """Seconds from the outage: *away* until the database was back, *paused* until the next message
    whose intent was stored after that, *late* between the two.

    *ended*: processes that were started again. *unknown*: messages that the standby did not know
    of; they may be repeated with a sound, and count as in flight.
    """

    verdict: Verdict
    pace: Pace
    away: float
    paused: float
    loud_repeats: int
    tracebacks: int
    ended: int
    unknown: int

    @property
    def is_good(self) -> bool:
        is_quiet = self.loud_repeats <= self.unknown and not (self.tracebacks or self.ended)
        return self.verdict.is_good and self.pace.is_kept and is_quiet

    def to_json(self) -> dict[str, Any]:
        return {
            "seconds_away": round(self.away, 1),
            "seconds_paused": round(self.paused, 1),
            "seconds_late": round(self.paused - self.away, 1),
            **asdict(self.verdict),
            **asdict(self.pace),
            "loud_repeats": self.loud_repeats,
            "tracebacks": self.tracebacks,
            "processes_ended": self.ended,
            "unknown_to_standby": self.unknown,
        }


@dataclass(frozen=True)
class Run:
    """*roles* of each process; empty for all."""

    folder: Path
    alerts: int
    say: Callable[[str], None]
    latency: float = LATENCY
    roles: tuple[str, ...] = ("", "")

    async def through(
        self,
        kind: OutageKind,
        *,
        synchronous: bool = True,
        silent_seconds: float = 20,
        behind: float = 0,
    ) -> Outcome:
        self.say(f"{kind}: starting servers")
        options = {"silent_seconds": silent_seconds, "behind": behind}
        async with prepared(kind, synchronous=synchronous, **options) as outage:
            return await self._run(outage)

    async def _run(self, outage: Outage) -> Outcome:
        url = with_driver(url_of(outage.direct_servers))
        await migrate(url)
        opened = scene(
            url,
            self.folder,
            alerts=self.alerts,
            latency=self.latency,
            command_seconds=COMMAND_SECONDS,
        )
        async with opened as on:
            settings = on.settings | {"database_url": url_of(outage.servers)}
            each = [settings | ({"roles": roles} if roles else {}) for roles in self.roles]
            async with supervised(on.workplace, each) as supervisor:
                failed_at, back_at, in_flight = await self._happen(outage, on.audience)
            unknown = 0
            if outage.standby and outage.seconds:
                unknown = await _count_unknown(outage.primary, on.audience.storage)
            arrivals, journal = await on.arrivals(), await on.playground.get("journal")
            (self.folder / "output.log").write_text("\n======\n".join(supervisor.outputs))
            later = (call["at"] for call in journal if is_message(call) and call["at"] >= back_at)
            return Outcome(
                verdict=await judge(on.audience, arrivals, 1, in_flight + unknown),
                pace=pace_of(journal),
                away=back_at - failed_at,
                paused=min(later) - failed_at,
                loud_repeats=arrivals.loud_repeats,
                tracebacks=supervisor.tracebacks,
                ended=len(supervisor.outputs) - len(self.roles),
                unknown=unknown,
            )

    async def _happen(self, outage: Outage, audience: Audience) -> tuple[float, float, int]:
        """Return when the database failed and was back, and how many calls were in flight."""
        await audience.progress(1.0)
        while (left := await audience.left()) > (1 - SENT_BEFORE) * audience.due:
            self.say(f"{left} to go")
            await asyncio.sleep(CHECK_EVERY)
        failed_at, back_at = await outage.happen()
        self.say(f"the database is back after {back_at - failed_at:.1f} s")
        in_flight = await _retry(audience.sending)
        while (left := await _retry(audience.left)) > 0:
            self.say(f"{left} to go")
            await asyncio.sleep(CHECK_EVERY)
        return failed_at, back_at, in_flight


async def _retry(count: Callable[[], Awaitable[int]]) -> int:
    """Retry until the database answers, because the connections of this program are lost too."""
    while True:
        with suppress(DatabaseError, OSError):
            return await count()
        await asyncio.sleep(0.5)


async def _count_unknown(primary: Cluster, promoted: Storage) -> int:
    """Start the killed *primary*; return how many messages it sent that *promoted* lacks."""
    await primary.start_after_kill()
    storage = Storage.open(with_driver(url_of(primary.address)))
    try:
        async with storage.reading() as tx:
            before = await _sent(tx)
            is_sending = col(Delivery.state) == DeliveryState.SENDING
            in_flight = len(await tx.rows(select(Delivery.id).where(is_sending)))
        async with promoted.reading() as tx:
            return len(before - await _sent(tx)) + in_flight
    finally:
        await storage.close()
        await primary.stop()


async def _sent(tx: Transaction) -> set[tuple[int, int | None]]:
    """Return the sent deliveries with Telegram's number of each message."""
    is_sent = col(Delivery.state) == DeliveryState.SENT
    return set(await tx.rows(select(Delivery.id, Delivery.message_id).where(is_sent)))
