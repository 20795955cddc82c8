"""What an index of so many queries costs a process: bytes for each, CPU for each article.

    python -m benchmarks.shards [QUERIES…]

By size, since a shard of N queries is an index of N queries: what is won by splitting a million
into four is the difference between the first row and the last. CPU of this process, the median of
200 articles of 3 KB, alone and eight together. The last line is JSON.
"""

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.match import kept
from benchmarks.matching.workload import Workload
from bot.matching.engine.bits import MOST
from bot.matching.evaluation import fold_article
from bot.matching.index import QueryIndex
from bot.matching.slices import finished

SIZES = (250_000, 500_000, 1_000_000)
ARTICLES = 200


def measured(workload: Workload, queries: int, articles: Sequence[str]) -> dict[str, object]:
    index = QueryIndex()
    began = time.process_time()
    index.extend(enumerate(workload.queries(queries)))
    built = time.process_time() - began
    gc.collect()
    gc.freeze()
    alone = cpu_us(lambda text: index.match(text[:60], text), articles)
    row: dict[str, object] = {
        "queries": queries,
        "build_cpu_s": round(built, 1),
        "us_alone": round(statistics.median(alone)),
        "us_of_eight": of_eight(index, articles),
        "us_folding": round(statistics.median(cpu_us(lambda t: fold_article(t[:60], t), articles))),
    }
    found = [index.match(text[:60], text) for text in articles]
    facts = kept(index, queries, articles, found)
    gc.unfreeze()
    return row | {
        "bytes_per_query": facts["bytes_per_query"],
        "hits": round(statistics.mean(map(len, found)), 1),
    }


def cpu_us(act: Callable[[str], object], articles: Sequence[str]) -> list[float]:
    took = []
    for text in articles:
        began = time.thread_time()
        act(text)
        took.append((time.thread_time() - began) * 1e6)
    return took


def of_eight(index: QueryIndex, articles: Sequence[str]) -> int:
    took = []
    for start in range(0, len(articles), MOST):
        some = articles[start : start + MOST]
        began = time.thread_time()
        finished(index.matching_together([fold_article(text[:60], text) for text in some]))
        took.append((time.thread_time() - began) / len(some) * 1e6)
    return round(statistics.median(took))


def main() -> None:
    workload = Workload()
    articles = workload.articles(ARTICLES)
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    rows = [measured(workload, size, articles) for size in sizes]
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=120).print(table)
    print(json.dumps({"bench": "shards", "rows": rows}))


if __name__ == "__main__":
    main()
