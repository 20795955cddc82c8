"""How late good feeds are read beside hosts that give no response in time.

    python -m benchmarks.slow_hosts [--good N] [--hosts N] [--feeds N] [--private]

The real poller reads for an hour; time is skipped wherever it only waits. The good feeds, each on a
host of its own, are due every ten minutes, evenly spread; those of the slow hosts are due at once,
and each request to one of them takes its 15 seconds. `--private`: the slow ones are private feeds.
The last line is JSON: by how many seconds the good feeds were late, and the requests to slow hosts.
"""

import argparse
import asyncio
import json
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median, quantiles
from typing import Any

from sqlalchemy import select

from benchmarks.soak.clock import Clock, SkippingLoop
from benchmarks.soak.house import open_storage
from bot.sources.drafts import url_hash
from bot.sources.fetch.client import TOTAL_SECONDS
from bot.sources.fetch.problems import FetchError, ProblemCode
from bot.sources.fetch.response import Response
from bot.sources.fetch.throttle import Throttle
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
    """Answers 304; but slow hosts do not answer."""

    storage: Storage
    clock: Clock
    throttle: Throttle
    late: list[float] = field(default_factory=list)
    slow: int = 0

    async def fetch(self, url: str, *, public: bool, **_asked: Any) -> Response:
        host = host_of(url)
        async with self.throttle.turn(host, public=public):
            if host.startswith("slow"):
                self.slow += 1
                await asyncio.sleep(TOTAL_SECONDS)
                error = FetchError(ProblemCode.TIMED_OUT)
                error.host = host
                raise error
            self.late.append((self.clock.now - await self._due_at(url)).total_seconds())
            await asyncio.sleep(GOOD_SECONDS)
            return Response(304, url)

    async def _due_at(self, url: str) -> datetime:
        async with self.storage.reading() as tx:
            wanted = select(Source.next_fetch_at).where(Source.url_hash == url_hash(url))  # type: ignore[call-overload]
            due: datetime = (await tx.session.exec(wanted)).scalar_one()
            return due


async def an_hour(
    url: str, clock: Clock, *, good: int, hosts: int, feeds: int, private: bool
) -> dict[str, float]:
    storage = open_storage(url, clock)
    async with storage.writing() as tx:
        for number in range(hosts * feeds):
            await add_source(tx, _row(f"slow{number // feeds}", number, tx.now, public=not private))
        for number in range(good):
            due = tx.now + EVERY * number / good
            await add_source(tx, _row(f"good{number}", number, due, public=True))
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


def _row(host: str, number: int, due: datetime, *, public: bool) -> dict[str, Any]:
    url = f"https://{host}.example/{number}"
    return {
        "url": url,
        "url_hash": url_hash(url),
        "host": host_of(url),
        "public": public,
        "every_seconds": round(EVERY.total_seconds()),
        "created_at": due,
        "next_fetch_at": due,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--good", type=int, default=300)
    parser.add_argument("--hosts", type=int, default=4)
    parser.add_argument("--feeds", type=int, default=32, help="of each slow host")
    parser.add_argument("--private", action="store_true")
    asked = parser.parse_args()
    clock = Clock(datetime(2026, 3, 2, tzinfo=UTC))
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/slow.sqlite3"
        asyncio.run(migrate(url))
        with asyncio.Runner(loop_factory=partial(SkippingLoop, clock)) as runner:
            row = runner.run(an_hour(url, clock, **vars(asked)))
    print(json.dumps({"bench": "slow_hosts", **vars(asked), **row}))


if __name__ == "__main__":
    main()
