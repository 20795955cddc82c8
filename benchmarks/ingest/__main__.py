"""CPU of reading feeds: of the bot's processes and the database's, for each feed.

    python -m benchmarks.ingest [--feeds 200] [--database URL] [--pages]
    python -m benchmarks.ingest --cycle [--feeds 10000] [--database URL]

A server on loopback, whose CPU does not count, has feeds of 24 entries, each on a host name of its
own. Three rounds follow: all entries are new; none is (304); two of 24 are. The real stages run one
after the other, so that their shares can be told apart: polls, then grouping, then matching with
10,000 queries. No entry may be lost or doubled. With --pages the entries are short, and the page of
each new one is read by the workers. --cycle is explained in benchmarks/ingest/cycle.py.

A feed should cost 1 ms for a 304, 5 with two new entries and 14 if all are new. Without --database
it is SQLite; a PostgreSQL database must be empty and on this machine, so that its CPU counts.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

from sqlmodel import col, func, select

from benchmarks.databases import database
from benchmarks.ingest.cycle import measure_cycles
from benchmarks.ingest.farm import running_farm
from benchmarks.ingest.feeds import NEW, PLANTED, SHOWN, count_planted
from benchmarks.ingest.stages import (
    Stages,
    add_queries,
    add_sources,
    make_all_due,
    run_until_idle,
    stages_on,
)
from benchmarks.processes import server_database, total_cpu_seconds
from benchmarks.report import Row, parser, print_rows
from bot.app.memory import collect_recent
from bot.matching.query import parse
from storage.articles import Article
from storage.db.engine import Storage
from storage.entries import Entry
from storage.enums import ArticleStage
from storage.matches import Match
from storage.queries import Query
from storage.schema import migrate

ROUNDS = {"all new": 0, "304": 0, "2 of 24 new": 1}  # the version of the feeds


async def measure_rounds(feeds: int, url: str, *, pages: bool) -> list[Row]:
    rows = []
    with running_farm(excerpts=pages) as farm:
        cpu = partial(total_cpu_seconds, besides=farm.pid, database=server_database(url))
        async with stages_on(url, farm.port) as stages:
            await add_queries(stages.storage)
            await add_sources(stages.storage, feeds)
            await stages.grouping.sync.prepare()
            await collect_recent()  # as in service
            for name, version in ROUNDS.items():
                farm.set_version(version)
                rows.append({"round": name} | await measure_round(stages, feeds, cpu))
                await check(stages.storage, feeds, version + 1)
                await make_all_due(stages.storage)
    return rows


async def measure_round(stages: Stages, feeds: int, cpu: Callable[[], float]) -> Row:
    wall, marks = time.perf_counter(), [cpu()]
    for run_once in stages.in_order.values():
        await run_until_idle(run_once)
        marks.append(cpu())
    parts = zip(stages.in_order, pairwise(marks), strict=True)
    figures = {f"{name}_ms": after - before for name, (before, after) in parts}
    figures |= {"all_ms": marks[-1] - marks[0], "wall_ms": time.perf_counter() - wall}
    return {name: round(seconds / feeds * 1e3, 2) for name, seconds in figures.items()}


async def check(storage: Storage, feeds: int, versions: int) -> None:
    """Exit unless all entries of *feeds* in *versions* are stored and matched once."""
    entries = feeds * (SHOWN + NEW * (versions - 1))
    planted = select(Query.id).where(Query.canonical == str(parse(PLANTED)))
    is_matched = col(Article.stage).in_([ArticleStage.MATCHED, ArticleStage.PUBLISHED])
    async with storage.reading() as tx:
        counts = (
            await tx.one(select(func.count(col(Entry.guid_hash)))),
            await tx.one(select(func.count(col(Article.id)))),
            await tx.one(select(func.count()).where(is_matched)),
            await tx.one(select(func.count()).where(col(Match.query_id).in_(planted))),
        )
    expected = (entries, entries, entries, count_planted(feeds, versions))
    if counts != expected:
        raise SystemExit(f"entries, articles, matched, matches: {counts}, and not {expected}")


async def measure(args: dict[str, object]) -> list[Row]:
    if url := args["database"]:
        await migrate(str(url))
        return await _measure(str(url), args)
    async with database() as file:
        return await _measure(file, args)


async def _measure(url: str, args: dict[str, object]) -> list[Row]:
    feeds = int(str(args["feeds"] or 0))
    if args["cycle"]:
        return await measure_cycles(feeds or 10_000, url)
    return await measure_rounds(feeds or 200, url, pages=bool(args["pages"]))


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--feeds", type=int)
    options.add_argument("--database", metavar="URL")
    options.add_argument("--pages", action="store_true")
    options.add_argument("--cycle", action="store_true")
    args = options.parse_args()
    print_rows("ingest", asyncio.run(measure(vars(args))), cycle=args.cycle)


if __name__ == "__main__":
    main()
