"""How long an article takes against stored queries, from folding to the ids of the matches.

    python -m benchmarks.match [QUERIES…]

An article has 3 KB, and one core is used. Other ways to match must find the same ids: Aho-Corasick
(`pip install ahocorasick-rs`), a regex for each query, and `tsquery` on the PostgreSQL server of
the tests. Half a millisecond against a million queries is a good figure.
"""

import asyncio
import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.match import rivals
from benchmarks.match.workload import Workload
from benchmarks.processes import memory_mb
from benchmarks.report import parser, print_rows
from bot.matching.index import FEW, QueryIndex
from bot.matching.query import ParsedQuery

ARTICLES = 300
LEARNED = 100  # of them are matched first, so that the index learns which terms are rare
ADDED = 2_000  # queries, added one by one
REGEXES = 1_000  # the most queries for which a regex each is fast enough


def measured(workload: Workload, queries: int, articles: list[str]) -> dict[str, Any]:
    asked = list(workload.queries(queries))
    gc.collect()
    gc.freeze()  # the parsed queries, which a running process does not keep
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
    """Build the index as a new process does; see `IndexSync`."""
    index = QueryIndex()
    if len(asked) > FEW:
        index.extend(enumerate(asked))
    else:
        for number, query in enumerate(asked):
            index.add(number, query)
    return index


def add_us(index: QueryIndex, workload: Workload) -> float:
    """Return the median of one addition, in microseconds."""
    took = []
    for number, query in enumerate(list(workload.queries(ADDED)), 10**9):
        started = time.perf_counter()
        index.add(number, query)
        took.append(time.perf_counter() - started)
    return round(statistics.median(took) * 1e6, 2)


def timed(
    match: Callable[[str, str], set[int]], articles: Sequence[str]
) -> tuple[float, list[set[int]]]:
    """Return the median in microseconds, and the ids."""
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
    """Return the medians of the other ways, None for one that is missing or takes too long."""
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
    if any(found != expected for found, expected in zip(theirs, ours, strict=False)):
        raise SystemExit(f"{name} finds other ids")


def process_mb(queries: int) -> int:
    """Return the memory of a process with an index of so many queries."""
    command = [sys.executable, "-m", "benchmarks.match", str(queries), "--process"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this module
    return int(done.stdout)


def print_memory(queries: int) -> None:
    index = QueryIndex()
    index.extend(enumerate(Workload().queries(queries)))
    index.match("a", "b")
    gc.collect()
    print(round(memory_mb()))


def main() -> None:
    options = parser(__doc__)
    options.add_argument("queries", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    options.add_argument("--process", action="store_true", help="print the memory of an index")
    args = options.parse_args()
    if args.process:
        print_memory(args.queries[0])
        return
    workload = Workload()
    articles = workload.articles(ARTICLES)
    print_rows("match", [measured(workload, size, articles) for size in args.queries])


if __name__ == "__main__":
    main()
