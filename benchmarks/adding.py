"""How long a list of feeds takes to be added: read as OPML, each feed asked once and stored.

    python benchmarks/adding.py [--feeds 1000]

Nine of ten feeds stand on a host of their own, the others ten to a host, which is asked every two
seconds. CPU is that of this process and its workers; the farm's is not counted.
"""

import argparse
import asyncio
import json
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from benchmarks.ingesting.farm import running
from benchmarks.ingesting.scales import cpu_seconds, memory_mb
from benchmarks.ingesting.world import World, world
from bot.cli.sources import add_all, as_listed
from bot.sources.discovery.add import AddOutcome, SourceAdder, SourceOptions
from bot.sources.discovery.opml import Outline, read_opml, write_opml
from bot.sources.parser_pool import DocumentReader

TOGETHER = 10


def listed(feeds: int, port: int) -> bytes:
    """Return an OPML file; the last tenth of its feeds share their hosts."""
    alone = feeds - feeds // TOGETHER
    outlines = [
        Outline(
            url=f"http://news{n if n < alone else n // TOGETHER}.example:{port}/feed/{n}",
            title=f"Paper {n}",
            folder=(f"Folder {n % 20}",),
        )
        for n in range(feeds)
    ]
    return write_opml(outlines, "A long list")


async def measured(feeds: int, url: str) -> dict[str, object]:
    with running() as farm:
        async with world(url) as steps:
            console = Console(stderr=True)
            began, spent = time.perf_counter(), cpu_seconds(but=farm.pid, database="")
            outcomes = await added(steps, listed(feeds, farm.port), console)
            seconds = time.perf_counter() - began
            cpu = cpu_seconds(but=farm.pid, database="") - spent
            again = await added(steps, listed(feeds, farm.port), console)
    if outcomes != {AddOutcome.ADDED: feeds} or again != {AddOutcome.THERE: feeds}:
        raise SystemExit(f"not all came in: {outcomes}, {again}")
    return {
        "feeds": feeds,
        "seconds": round(seconds, 1),
        "cpu_ms_per_feed": round(cpu / feeds * 1000, 2),
        "memory_mb": memory_mb(),
    }


async def added(steps: World, opml: bytes, console: Console) -> Counter[AddOutcome]:
    async with DocumentReader() as reader:
        choosing = SourceAdder(steps.storage, steps.fetcher, reader)
        done = await add_all(choosing, as_listed(read_opml(opml), SourceOptions()), console)
    return Counter(each.outcome for each in done)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=1000)
    feeds = parser.parse_args().feeds
    with TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'adding.sqlite3'}"
        print(json.dumps(asyncio.run(measured(feeds, url))))


if __name__ == "__main__":
    main()
