"""How long one article takes against stored queries: folding, terms, booleans, ids out; one core.

    python benchmarks/match.py [QUERIES…] [--no-worst]

The rivals answer for the same articles and must give the same ids. The last line is JSON.
"""

import asyncio
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.matching import rivals, worst
from benchmarks.matching.workload import Workload
from bot.matching.engine.bits import MOST
from bot.matching.engine.snapshot import read, write
from bot.matching.evaluation import fold_article
from bot.matching.index import QueryIndex
from bot.matching.query import Query
from bot.matching.slices import finished

ARTICLES = 300
LEARNED = 100  # of them read before the queries come: where anchors are learned
REGEXES = 1_000  # queries, beyond which a regex for each takes too long


def measured(workload: Workload, queries: int, articles: list[str]) -> dict[str, Any]:
    asked = list(workload.queries(queries))
    gc.collect()
    gc.freeze()  # a million queries of ours, which a running process does not keep
    index, adds, worst_cpu = built(asked, articles[:LEARNED])
    ours, found = timed(index.match, articles[LEARNED:])
    row: dict[str, Any] = {
        "queries": queries,
        "us_per_article": ours,
        **compared(index, asked, articles[LEARNED:], found),
        "us_of_eight": of_eight_us(index, articles[LEARNED:], found),
        "hits": round(statistics.mean(map(len, found)), 1),
        **kept(index, queries, articles[LEARNED:], found),
        "add_us": round(statistics.median(adds) * 1e6, 2),
        "add_worst_ms": round(max(adds) * 1e3, 2),
        "add_worst_cpu_ms": round(worst_cpu * 1e3, 2),  # what other programs took left out
        "add_mean_us": round(statistics.mean(adds) * 1e6, 2),  # with all storing and tidying
    }
    row["ratio"] = round(ours / row["ahocorasick_us"], 2) if row["ahocorasick_us"] else None
    row["build_s"] = bulk_s(asked, articles[LEARNED:], found)
    gc.unfreeze()
    return row


def built(asked: Sequence[Query], stream: Sequence[str]) -> tuple[QueryIndex, list[float], float]:
    """Seconds of each addition, and the CPU time of the worst."""
    index = QueryIndex()
    for text in stream:
        index.match(text[:60], text)
    adds, worst_cpu = [], 0.0
    for number, query in enumerate(asked):
        cpu, started = time.thread_time(), time.perf_counter()
        index.add(number, query)
        adds.append(time.perf_counter() - started)
        worst_cpu = max(worst_cpu, time.thread_time() - cpu)
    return index, adds, worst_cpu


def bulk_s(asked: Sequence[Query], articles: Sequence[str], found: list[set[int]]) -> float:
    """How long a build at once takes; it must find the same."""
    index = QueryIndex()
    started = time.perf_counter()
    index.extend(enumerate(asked))
    took = time.perf_counter() - started
    assert_same("the index built at once", timed(index.match, articles)[1], found)
    return round(took, 2)


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


def of_eight_us(index: QueryIndex, articles: Sequence[str], found: list[set[int]]) -> float:
    """What one of eight takes that are matched together, the median; they must find the same."""
    took, again = [], []
    for start in range(0, len(articles), MOST):
        some = articles[start : start + MOST]
        started = time.perf_counter()
        folded = [fold_article(text[:60], text) for text in some]
        again += finished(index.matching_together(folded))
        took.append((time.perf_counter() - started) / len(some))
    assert_same("eight together", again, found)
    return round(statistics.median(took) * 1e6, 1)


def compared(
    index: QueryIndex, asked: Sequence[Query], articles: Sequence[str], found: list[set[int]]
) -> dict[str, float | None]:
    """The rivals' medians; None where one is missing or would take too long."""
    row: dict[str, float | None] = {"ahocorasick_us": None, "regex_us": None, "tsquery_us": None}
    if aho := rivals.aho_corasick(index, asked):
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
    asked: Sequence[Query], articles: Sequence[str], found: list[set[int]]
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


def kept(
    index: QueryIndex, queries: int, articles: Sequence[str], found: list[set[int]]
) -> dict[str, float]:
    """Load a snapshot in a fresh process: seconds, and the bytes it grows by for each query."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "snapshot")
        with path.open("wb") as file:
            write(file, index.snapshot(0))
        command = [sys.executable, __file__, "--load", str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ourselves
        with path.open("rb") as file:
            loaded, again = timed(QueryIndex.of(read(file)).match, articles)
    assert_same("the index loaded from its snapshot", again, found)
    seconds, grown = map(float, done.stdout.split())
    return {
        "us_loaded": loaded,
        "bytes_per_query": round(grown / queries, 1),
        "load_s": round(seconds, 3),
    }


def load(path: str) -> None:
    before, started = resident(), time.perf_counter()
    with Path(path).open("rb") as file:
        index = QueryIndex.of(read(file))
    seconds = time.perf_counter() - started
    index.match("a", "b")
    print(seconds, resident() - before)


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


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
    rows = [
        measured(workload, size, articles) for size in sizes or [1_000, 10_000, 100_000, 1_000_000]
    ]
    printed("One article of 3 KB", rows)
    if "--no-worst" not in sys.argv:
        printed("Worst cases", [worst.row(case) for case in worst.cases(workload, articles)])
    print(json.dumps({"bench": "match", "rows": rows}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        load(sys.argv[2])
    else:
        main()
