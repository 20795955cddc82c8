"""How long a page of search results takes: of `/search` over the whole archive, and inline.

    python -m benchmarks.search [--articles 20000] [--server URL]

Inline queries ask for the first and the last page, a search for its first pages one after the
other. `ms` is by the clock, `…_cpu_ms` the CPU time of this process, with that of SQLite: medians,
and the worst of all rounds. Where they differ, the server worked or other programs were busy. With
100,000 articles 200 ms are a good figure for the slowest query.
"""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from sqlalchemy import text

from benchmarks.databases import empty_storage
from benchmarks.report import Row, parser, print_json, print_table
from benchmarks.search.archive import HAN, fill_archive, follow_three_private_sources
from bot.matching.query import ParsedQuery, parse
from bot.matching.result_pages import (
    INLINE_DEEPEST,
    INLINE_PAGE,
    PagePosition,
    archive,
    find_inline,
)
from storage.db.engine import Storage

ROUNDS = 5
PAGES = 4  # of a search, the first one included
PUBLIC_ONLY = 0  # a chat that follows nothing
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
PRIVATE_QUERIES = ("w0", "w9000", "w3 w5", "w0 source:wire5.example")


@dataclass
class Times:
    """Milliseconds of some calls."""

    clock: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    async def of(self, call: Awaitable[Any]) -> Any:
        clock, cpu = time.perf_counter(), time.process_time()
        result = await call
        self.clock.append((time.perf_counter() - clock) * 1e3)
        self.cpu.append((time.process_time() - cpu) * 1e3)
        return result

    def figures(self, name: str) -> Row:
        if not self.clock:
            return {}
        return {
            f"{name}_ms": round(median(self.clock), 1),
            f"{name}_cpu_ms": round(median(self.cpu), 1),
            f"{name}_worst": round(max(self.clock), 1),
            f"{name}_worst_cpu": round(max(self.cpu), 1),
        }


async def measure_inline(storage: Storage, query: ParsedQuery) -> Row:
    first, last = Times(), Times()
    for _ in range(ROUNDS):
        found = await first.of(find_inline(storage, query, 0))
        await last.of(find_inline(storage, query, INLINE_DEEPEST - INLINE_PAGE))
    return first.figures("first") | last.figures("last") | {"hits": len(found.hits)}


async def measure_search(storage: Storage, query: ParsedQuery, chat_id: int) -> Row:
    first, next_pages = Times(), Times()
    position = PagePosition()
    for _ in range(ROUNDS):
        page = found = await first.of(archive(storage, query, position, chat_id=chat_id))
        for _ in range(PAGES - 1):
            if page.older:
                call = archive(storage, query, page.older, chat_id=chat_id)
                page = await next_pages.of(call)
    figures = first.figures("first") | next_pages.figures("next")
    return figures | {"count": found.count, "is_more": found.is_more}


async def measure(server: str | None, articles: int) -> dict[str, list[Row]]:
    queries = {name: parse(keywords) for name, keywords in QUERIES.items()}
    async with empty_storage(server) as storage:
        await fill_archive(storage, articles)
        async with storage.writing() as tx:
            await tx.change(text("ANALYZE"))
        inline = [
            {"query": name, **await measure_inline(storage, query)}
            for name, query in queries.items()
        ]
        searches = [
            {"query": name, **await measure_search(storage, query, PUBLIC_ONLY)}
            for name, query in queries.items()
        ]
        chat_id = await follow_three_private_sources(storage)
        searches += [
            {"query": f"private: {keywords}"}
            | await measure_search(storage, parse(keywords), chat_id)
            for keywords in PRIVATE_QUERIES
        ]
    return {"inline": inline, "search": searches}


def main() -> None:
    options = parser(__doc__, server=True)
    options.add_argument("--articles", type=int, default=20_000)
    args = options.parse_args()
    tables = asyncio.run(measure(**vars(args)))
    for title, rows in tables.items():
        print_table(rows, title)
    print_json("search", articles=args.articles, **tables)


if __name__ == "__main__":
    main()
