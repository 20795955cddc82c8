"""CPU of reading feeds: of the bot's processes and the database's, for each feed.

    python -m benchmarks.ingest [--feeds 200] [--queries 1000] [--single] [--pages]
                                [--captured FOLDER] [--database URL]
    python -m benchmarks.ingest --cycle [--feeds 10000] [--queries 10000] [--database URL]

A server on loopback, whose CPU does not count, has feeds of 24 entries, each on a host name of its
own. Three rounds follow: all entries are new; none is (304); two of 24 are. The real stages run one
after the other, so that their shares can be told apart: polls, pages, matching, alerts. No entry
may be lost or doubled. `peak_mb` is the peak memory of the bot's processes, each with all of its
shared pages.

--single: the feeds fall due one after the other, as in service, and all stages run side by side.
--captured: real feeds in FOLDER (`*.gz`), of which 16 entries are shown; their pages are not read.
--pages: the entries are short, and the page of each new one is read by the workers.
--cycle is explained in benchmarks/ingest/cycle.py.

A feed should cost .5 ms for a 304, 4 with two new entries and 9 if all are new; due alone, 1 ms for
a 304 and 5 with two new entries. Without --database it is SQLite; a PostgreSQL database must be
empty and on this machine, so that its CPU counts.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

from sqlalchemy import update
from sqlmodel import col, func, select

from benchmarks.databases import database, migrate_in_child
from benchmarks.ingest import captured
from benchmarks.ingest.cycle import measure_cycles
from benchmarks.ingest.farm import running_farm
from benchmarks.ingest.feeds import NEW, PLANTED, SHOWN, count_planted
from benchmarks.ingest.single import SteppingClock, run_one_by_one, spread_out
from benchmarks.ingest.stages import (
    Stages,
    add_queries,
    add_sources,
    make_all_due,
    run_until_idle,
    stages_on,
)
from benchmarks.processes import peak_mb, process_tree, server_database, total_cpu_seconds
from benchmarks.report import Row, parser, print_rows
from bot.app.memory import share_arena, start_collection
from bot.matching.query import parse
from storage.articles import Article
from storage.db.clock import database_clock
from storage.db.engine import Storage
from storage.entries import Entry
from storage.enums import ArticleStage, FullText
from storage.matches import Match
from storage.queries import Query
from storage.sources import Source

ROUNDS = {"all new": 0, "304": 0, "2 new": 1}  # the version of the feeds
_QUERIES = 1_000
_QUERIES_OF_CYCLE = 10_000


async def measure_rounds(args: argparse.Namespace, url: str) -> list[Row]:
    rows = []
    clock = SteppingClock() if args.single else None
    with running_farm(excerpts=args.pages, captured=args.captured) as farm:
        cpu = partial(total_cpu_seconds, besides=farm.pid, database=server_database(url))
        async with stages_on(url, farm.port, clock or database_clock) as stages:
            await add_queries(stages.storage, args.queries or _QUERIES)
            await add_sources(stages.storage, args.feeds)
            if args.captured:
                await _read_no_pages(stages.storage)
            await stages.grouping.sync.prepare()
            start_collection()  # as in service
            for name, version in ROUNDS.items():
                farm.set_version(version)
                if clock:
                    await spread_out(stages, args.feeds)
                    figures = await measure_one_by_one(stages, args.feeds, cpu, clock)
                else:
                    figures = await measure_round(stages, args.feeds, cpu)
                tree = [pid for pid in process_tree(os.getpid()) if pid != farm.pid]
                rows.append({"round": name} | figures | {"peak_mb": sum(map(peak_mb, tree))})
                await check(stages.storage, args, version + 1)
                await make_all_due(stages.storage)
    return rows


async def _read_no_pages(storage: Storage) -> None:
    async with storage.writing() as tx:
        await tx.change(update(Source).values(full_text=FullText.NEVER))


async def measure_round(stages: Stages, feeds: int, cpu: Callable[[], float]) -> Row:
    wall, marks = time.perf_counter(), [cpu()]
    for run_once in stages.in_order.values():
        await run_until_idle(run_once)
        marks.append(cpu())
    parts = zip(stages.in_order, pairwise(marks), strict=True)
    figures = {f"{name}_ms": after - before for name, (before, after) in parts}
    figures |= {"all_ms": marks[-1] - marks[0], "wall_ms": time.perf_counter() - wall}
    return {name: round(seconds / feeds * 1e3, 2) for name, seconds in figures.items()}


async def measure_one_by_one(
    stages: Stages, feeds: int, cpu: Callable[[], float], clock: SteppingClock
) -> Row:
    before = cpu()
    await run_one_by_one(stages, feeds, clock)
    return {"all_ms": round((cpu() - before) / feeds * 1e3, 2)}


async def check(storage: Storage, args: argparse.Namespace, versions: int) -> None:
    """Exit unless all entries of the feeds in *versions* are stored, published and matched once."""
    shown = captured.SHOWN if args.captured else SHOWN
    entries = args.feeds * (shown + NEW * (versions - 1))
    planted = select(Query.id).where(Query.canonical == str(parse(PLANTED)))
    async with storage.reading() as tx:
        counts = (
            await tx.one(select(func.count(col(Entry.guid_hash)))),
            await tx.one(select(func.count(col(Article.id)))),
            await tx.one(select(func.count()).where(col(Article.stage) == ArticleStage.PUBLISHED)),
            await tx.one(select(func.count()).where(col(Match.query_id).in_(planted))),
        )
    matches = counts[3] if args.captured else count_planted(args.feeds, versions)
    if counts != (expected := (entries, entries, entries, matches)):
        raise SystemExit(f"entries, articles, published, matches: {counts}, and not {expected}")


async def measure(args: argparse.Namespace) -> list[Row]:
    if args.database:
        await migrate_in_child(args.database)
        return await _measure(args, args.database)
    async with database() as file:
        return await _measure(args, file)


async def _measure(args: argparse.Namespace, url: str) -> list[Row]:
    if args.cycle:
        queries = args.queries or _QUERIES_OF_CYCLE
        return await measure_cycles(args.feeds or 10_000, url, queries)
    args.feeds = args.feeds or 200
    return await measure_rounds(args, url)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--feeds", type=int)
    options.add_argument("--queries", type=int)
    options.add_argument("--database", metavar="URL")
    options.add_argument("--captured", metavar="FOLDER")
    for flag in ("--single", "--pages", "--cycle"):
        options.add_argument(flag, action="store_true")
    args = options.parse_args()
    share_arena()  # as in service
    print_rows("ingest", asyncio.run(measure(args)), cycle=args.cycle, single=args.single)


if __name__ == "__main__":
    main()
