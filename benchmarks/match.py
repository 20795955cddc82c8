"""How long one article takes against stored queries: folding, terms, booleans, ids out; one core.

    python -m benchmarks.match [QUERIES…] [--no-worst]

The rivals answer for the same articles and must give the same ids. The last line is JSON.
"""

import asyncio
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.matching import rivals, worst
from benchmarks.matching.workload import Workload
from bot.matching.index import FEW, QueryIndex
from bot.matching.query import ParsedQuery

ARTICLES = 300
LEARNED = 100  # of them read before anything is measured: what is rare is learned
ADDED = 2_000  # queries, added one by one to those that are there
REGEXES = 1_000  # queries, beyond which a regex for each takes too long


def measured(workload: Workload, queries: int, articles: list[str]) -> dict[str, Any]:
    asked = list(workload.queries(queries))
    gc.collect()
    gc.freeze()  # a million queries of ours, which a running process does not keep
    started = time.perf_counter()
    index = built(asked)
    build_s = time.perf_counter() - started
    for text in articles[:LEARNED]:
        index.match(text[:60], text)
    if len(asked) > FEW:
        index.compact()
    ours, found = timed(index.match, articles[LEARNED:])
    row: dict[str, Any] = {
        "queries": queries,
        "us_per_article": ours,
        **compared(asked, articles[LEARNED:], found),
        "hits": round(statistics.mean(map(len, found)), 1),
        "build_s": round(build_s, 2),
        "add_us": add_us(index, workload),
        "process_mb": process_mb(queries),
    }
    row["ratio"] = round(ours / row["ahocorasick_us"], 2) if row["ahocorasick_us"] else None
    gc.unfreeze()
    return row


def built(asked: Sequence[ParsedQuery]) -> QueryIndex:
    """As a new process builds it: see `IndexSync`."""
    index = QueryIndex()
    if len(asked) > FEW:
        index.extend(enumerate(asked))
    else:
        for number, query in enumerate(asked):
            index.add(number, query)
    return index


def add_us(index: QueryIndex, workload: Workload) -> float:
    """The median of one addition, in microseconds."""
    took = []
    for number, query in enumerate(list(workload.queries(ADDED)), 10**9):
        started = time.perf_counter()
        index.add(number, query)
        took.append(time.perf_counter() - started)
    return round(statistics.median(took) * 1e6, 2)


def timed(
    match: Callable[[str, str], set[int]], articles: Sequence[str]
) -> tuple[float, list[set[int]]]:
    """The median in microseconds, and what was found."""
    took, found = [], []
    for text in articles:
        started = time.perf_counter()
        ids = match(text[:60], text)
        took.append(time.perf_counter() - started)
        found.append(ids)
    return round(statistics.median(took) * 1e6, 1), found


def compared(
    asked: Sequence[ParsedQuery], articles: Sequence[str], found: list[set[int]]
) -> dict[str, float | None]:
    """The rivals' medians; None where one is missing or would take too long."""
    row: dict[str, float | None] = {"ahocorasick_us": None, "regex_us": None, "tsquery_us": None}
    if aho := rivals.aho_corasick(asked):
        row["ahocorasick_us"], theirs = timed(aho, articles)
        assert_same("ahocorasick-rs", theirs, found)
    else:
        print("ahocorasick-rs is not installed: left out")
    if len(asked) <= REGEXES:
        row["regex_us"], theirs = timed(rivals.regexes(asked), articles[:20])
        assert_same("regex", theirs, found)
    row["tsquery_us"] = asyncio.run(tsquery_us(asked, articles[:5], found))
    return row


async def tsquery_us(
    asked: Sequence[ParsedQuery], articles: Sequence[str], found: list[set[int]]
) -> float | None:
    database = await rivals.TsQuery.of(asked)
    if database is None:
        return None
    took = []
    for text, ours in zip(articles, found, strict=False):
        started = time.perf_counter()
        theirs = await database.match(text[:60], text)
        took.append(time.perf_counter() - started)
        assert_same("tsquery", [theirs], [ours])
    await database.close()
    return round(statistics.median(took) * 1e6, 1)


def assert_same(name: str, theirs: Sequence[set[int]], ours: Sequence[set[int]]) -> None:
    if any(one != other for one, other in zip(theirs, ours, strict=False)):
        raise SystemExit(f"{name} finds something else")


def process_mb(queries: int) -> int:
    """What a process with an index of so many queries has in memory, in MB."""
    command = [sys.executable, "-m", "benchmarks.match", "--process", str(queries)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ourselves
    return int(done.stdout)


def process(queries: int) -> None:
    index = QueryIndex()
    index.extend(enumerate(Workload().queries(queries)))
    index.match("a", "b")
    gc.collect()
    print(int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 1_000_000)


def printed(title: str, rows: Sequence[dict[str, Any]]) -> None:
    table = Table(*rows[0], title=title)
    for row in rows:
        table.add_row(
            *(
                f"{value:,}" if isinstance(value, int | float) else value or "-"
                for value in row.values()
            )
        )
    Console(width=160).print(table)


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:] if size.isdigit()]
    workload = Workload()
    articles = workload.articles(ARTICLES)
    rows = [measured(workload, size, articles) for size in sizes or [1_000, 10_000, 100_000]]
    printed("One article of 3 KB", rows)
    if "--no-worst" not in sys.argv:
        printed("Worst cases", [worst.row(case) for case in worst.cases(workload, articles)])
    print(json.dumps({"bench": "match", "rows": rows}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--process"]:
        process(int(sys.argv[2]))
    else:
        main()
