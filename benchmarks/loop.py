"""For how long matching holds up the event loop: the longest pause between two of its turns.

    python benchmarks/loop.py [WORD OF A CASE'S NAME…]

The step's slices work on the worst articles while a task beside them counts. Pauses are printed as
they were, and without what other programs took. The last line is JSON.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from benchmarks.matching.workload import Workload
from benchmarks.matching.worst import Case, cases
from bot.matching.evaluate import fold_article
from bot.matching.index import QueryIndex
from bot.matching.match import _matches_in
from bot.matching.query.canonical import read_back
from bot.matching.slices import in_turns
from storage.articles import Article

EXPLAINED = 1_000  # of the queries that match
Found = TypeVar("Found")


@dataclass(slots=True)
class Ticker:
    """Takes a turn whenever it can; `longest` and `longest_cpu` are seconds between two."""

    turns: int = 0
    longest: float = 0.0
    longest_cpu: float = 0.0

    async def run(self) -> None:
        while True:
            wall, cpu = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0)
            self.longest = max(self.longest, time.perf_counter() - wall)
            self.longest_cpu = max(self.longest_cpu, time.thread_time() - cpu)
            self.turns += 1


async def pauses(case: Case) -> dict[str, Any]:
    index = case.index()
    gc.collect()
    gc.freeze()
    matching, explaining = Ticker(), Ticker()
    for text in case.articles[-2:]:
        ids = await beside(matching, matched(index, text))
        wanted = set(islice(ids, EXPLAINED))
        asked = {n: str(query) for n, query in enumerate(case.queries()) if n in wanted}
        await beside(explaining, explained(asked, text))
    return {"case": case.name} | longest("match", matching) | longest("explain", explaining)


async def beside(ticker: Ticker, work: Coroutine[Any, Any, Found]) -> Found:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(ticker.run())
        found = await work
        await asyncio.sleep(0)  # the last stretch counts too
        task.cancel()
    return found


async def matched(index: QueryIndex, text: str) -> set[int]:
    return await in_turns(index.matching("", text))


async def explained(asked: dict[int, str], text: str) -> None:
    now = datetime.now(UTC)
    article = Article(
        id=1, url_hash="", url="", title="", text=text, stored_at=now, news_at=now, story_id=1
    )
    queries = {number: read_back(text) for number, text in asked.items()}
    await in_turns(_matches_in(article, queries, fold_article("", text)))


def longest(name: str, ticker: Ticker) -> dict[str, float]:
    return {
        f"{name}_ms": round(ticker.longest * 1e3, 2),
        f"{name}_cpu_ms": round(ticker.longest_cpu * 1e3, 2),
        f"{name}_turns": ticker.turns,
    }


def main() -> None:
    workload = Workload()
    articles = workload.articles(100)
    wanted = [case for case in cases(workload, articles) if is_asked(case)]
    rows = [asyncio.run(pauses(case)) for case in wanted]
    table = Table(*rows[0], title="The longest pause of the loop")
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=160).print(table)
    print(json.dumps({"bench": "loop", "rows": rows}))


def is_asked(case: Case) -> bool:
    return not sys.argv[1:] or any(word in case.name for word in sys.argv[1:])


if __name__ == "__main__":
    main()
