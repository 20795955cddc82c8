"""How late good feeds are read beside hosts that do not respond in time.

    python -m benchmarks.slow_hosts [--good 300] [--hosts 4] [--feeds 32] [--private]

The real poller reads for a simulated hour, without the idle time. The good feeds, each on a host of
its own, are due every ten minutes, evenly spread. Those of the slow hosts are due at once, and each
request to them takes its 15 seconds. With --private the slow feeds are private ones. The good feeds
should be at most a few seconds late.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

from sqlmodel import select

from benchmarks import rows
from benchmarks.report import Row, parser, print_rows
from benchmarks.skipping_clock import Clock, SkippingLoop, open_storage
from bot.sources.drafts import url_hash
from bot.sources.fetch.problems import FetchError, ProblemCode
from bot.sources.fetch.response import Response
from bot.sources.fetch.throttle import Throttle
from bot.sources.limits import FETCH_SECONDS
from bot.sources.parser_pool import DocumentReader
from bot.sources.poll import SourcePoller
from bot.sources.urls import host_of
from bot.stages import POLL, StageRunner
from storage.db.engine import Storage
from storage.schema import migrate
from storage.sources import Source, add_source

HOUR = timedelta(hours=1)
EVERY = timedelta(minutes=10)
GOOD_SECONDS = 0.2


@dataclass
class Web:
    """Responds with 304; slow hosts never respond."""

    storage: Storage
    clock: Clock
    throttle: Throttle
    late: list[float] = field(default_factory=list)
    slow: int = 0

    async def fetch(self, url: str, *, public: bool, **_options: Any) -> Response:
        host = host_of(url)
        async with self.throttle.turn(host, public=public):
            if host.startswith("slow"):
                self.slow += 1
                await asyncio.sleep(FETCH_SECONDS)
                error = FetchError(ProblemCode.TIMED_OUT)
                error.host = host
                raise error
            self.late.append((self.clock.now - await self._due_at(url)).total_seconds())
            await asyncio.sleep(GOOD_SECONDS)
            return Response(304, url)

    async def _due_at(self, url: str) -> datetime:
        async with self.storage.reading() as tx:
            return await tx.one(
                select(Source.next_fetch_at).where(Source.url_hash == url_hash(url))
            )


async def measure(
    url: str, clock: Clock, *, good: int, hosts: int, feeds: int, private: bool
) -> Row:
    storage = open_storage(url, clock)
    async with storage.writing() as tx:
        for number in range(hosts * feeds):
            host = f"slow{number // feeds}"
            await add_source(tx, _source(host, number, tx.now, public=not private))
        for number in range(good):
            due = tx.now + EVERY * number / good
            await add_source(tx, _source(f"good{number}", number, due))
    throttle = Throttle(clock=asyncio.get_running_loop().time)
    web = Web(storage, clock, throttle)
    stopping = asyncio.Event()
    async with DocumentReader() as reader, SourcePoller(storage, web, reader, "me") as poller:
        runner = StageRunner(POLL, poller.run_once)
        poller.on_ended = runner.wake
        async with asyncio.TaskGroup() as group:
            group.create_task(runner.run(stopping))
            await asyncio.sleep(HOUR.total_seconds())
            stopping.set()
    await storage.close()
    return {
        "reads": len(web.late),
        "late_median": round(median(web.late), 1),
        "late_p99": round(quantiles(web.late, n=100)[98], 1),
        "late_most": round(max(web.late), 1),
        "slow_requests": web.slow,
    }


def _source(host: str, number: int, due: datetime, *, public: bool = True) -> rows.Values:
    url, every = f"https://{host}.example/{number}", round(EVERY.total_seconds())
    return rows.source(url, due, public=public, every_seconds=every)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--good", type=int, default=300)
    options.add_argument("--hosts", type=int, default=4)
    options.add_argument("--feeds", type=int, default=32, help="of each slow host")
    options.add_argument("--private", action="store_true")
    args = vars(options.parse_args())
    clock = Clock(datetime(2026, 3, 2, tzinfo=UTC))
    with TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/slow.sqlite3"
        asyncio.run(migrate(url))
        with asyncio.Runner(loop_factory=partial(SkippingLoop, clock)) as runner:
            row = runner.run(measure(url, clock, **args))
    print_rows("slow_hosts", [args | row])


if __name__ == "__main__":
    main()
