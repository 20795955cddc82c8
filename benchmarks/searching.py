"""How long a page takes of what is searched: `/search` over all that is stored, and inline.

    python -m benchmarks.searching [--articles 100000] [--server DSN]

Without a server: SQLite in a temporary folder; a PostgreSQL database must be empty. Inline is asked
for the first and the last page of what can be paged through, a search for its first pages, one
after the other. `ms` is what a clock tells, `…_cpu_ms` what this process worked (on SQLite the
database's work too), medians and the worst of all rounds; where they differ, the server worked, or
other programs were busy. The last line is JSON.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from benchmarks.archive import HAN, database, fill, follow_a_few
from bot.matching import search
from bot.matching.query import ParsedQuery, parse
from bot.matching.search import INLINE_DEEPEST, INLINE_PAGE, PagePosition
from storage.db.engine import Storage

ARTICLES = 20_000
ROUNDS = 5
PAGES = 4  # of a search, the first one included
BUDGET_MS = 200
NOBODY = 0  # a chat that follows nothing: it sees what is public
QUERIES = {
    "in nearly every article": "w0",
    "in a tenth": "w60",
    "rare": "w9000",
    "in none": "nowhere",
    "two common": "w3 w5",
    "common and rare": "w0 w9000",
    "without": "w20 -w0",
    "a common phrase": '"w0 w1"',
    "a rare phrase": '"w40 w41"',
    "near": "w10 NEAR/3 w12",
    "a common beginning": "w10*",
    "exactly so, common": '"w5"c',
    "in the title": "title:w100",
    "sixty-four of them": " OR ".join(f"w{1000 + 50 * n}" for n in range(64)),
    "Han": HAN[3],
    "a Han phrase": HAN[3] + HAN[20],
    "a long Han phrase": "".join(HAN[3:9]),
    "a small source, common": "w0 source:wire3.example",
    "a small source, rare": "w9000 source:wire3.example",
    "a small source alone": "source:wire3.example",
    "the great source, common": "w0 source:wire1.example",
    "the great source, rare": "w9000 source:wire1.example",
    "a language, common": "w0 lang:zh",
    "a source and a language": "source:wire1.example lang:zh",
}
OF_A_FEW = ("w0", "w9000", "w3 w5", "w0 source:wire5.example")


@dataclass
class Times:
    """Of some calls, in milliseconds."""

    clock: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)

    async def of(self, call: Awaitable[Any]) -> Any:
        began, at_work = time.perf_counter(), time.process_time()
        answer = await call
        self.clock.append((time.perf_counter() - began) * 1e3)
        self.work.append((time.process_time() - at_work) * 1e3)
        return answer

    def timings(self, name: str) -> dict[str, float]:
        return {
            f"{name}_ms": round(median(self.clock), 1),
            f"{name}_cpu_ms": round(median(self.work), 1),
            f"{name}_worst": round(max(self.clock), 1),
            f"{name}_worst_cpu": round(max(self.work), 1),
        }


@dataclass(frozen=True)
class Bench:
    storage: Storage

    async def inline(self, query: ParsedQuery) -> dict[str, Any]:
        first, last = Times(), Times()
        for _ in range(ROUNDS):
            found = await first.of(search.find_inline(self.storage, query, 0))
            await last.of(search.find_inline(self.storage, query, INLINE_DEEPEST - INLINE_PAGE))
        return {**first.timings("first"), **last.timings("last"), "hits": len(found.hits)}

    async def searched(self, query: ParsedQuery, chat_id: int) -> dict[str, Any]:
        first, following = Times(), Times()
        for _ in range(ROUNDS):
            page = found = await first.of(
                search.archive(self.storage, query, PagePosition(), chat_id=chat_id)
            )
            for _ in range(PAGES - 1):
                if page.older:
                    page = await following.of(
                        search.archive(self.storage, query, page.older, chat_id=chat_id)
                    )
        timings = following.timings("next") if following.clock else {}
        return {**first.timings("first"), **timings, "count": found.count, "is_more": found.is_more}


async def rows_of(storage: Storage) -> dict[str, list[dict[str, Any]]]:
    bench = Bench(storage)
    inline = [
        {"query": name, **await bench.inline(parse(typed))} for name, typed in QUERIES.items()
    ]
    searches = [
        {"query": name, **await bench.searched(parse(typed), NOBODY)}
        for name, typed in QUERIES.items()
    ]
    chat_id = await follow_a_few(storage)
    searches += [
        {"query": f"of a few: {typed}", **await bench.searched(parse(typed), chat_id)}
        for typed in OF_A_FEW
    ]
    return {"inline": inline, "search": searches}


def show(title: str, rows: Sequence[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(*names, title=title)
    for row in rows:
        table.add_row(*(str(row.get(name, "")) for name in names))
    Console(width=200).print(table)


async def run(count: int, url: str | None) -> None:
    async with database(url) as storage:
        began = time.perf_counter()
        await fill(storage, count)
        async with storage.writing() as tx:
            await (await tx.session.connection()).execute(text("ANALYZE"))
        print(f"{count:,} articles on {storage.dialect}, {time.perf_counter() - began:.0f} s")
        tables = await rows_of(storage)
        dialect = storage.dialect
    for title, rows in tables.items():
        show(title, rows)
    print(
        json.dumps(
            {"bench": "searching", "articles": count, "on": dialect, "budget_ms": BUDGET_MS}
            | tables
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--articles", type=int, default=ARTICLES)
    parser.add_argument("--server", metavar="DSN", help="an empty PostgreSQL database")
    given = parser.parse_args()
    asyncio.run(run(given.articles, given.server))


if __name__ == "__main__":
    main()
