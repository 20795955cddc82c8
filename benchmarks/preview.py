"""How long a preview takes over stored articles, and how long it holds up the event loop.

    python benchmarks/preview.py [ARTICLES] [DATABASE_URL]

Without a URL: SQLite in a temporary folder. A PostgreSQL database must be empty. The queries go
from words of every article to words of none; the last ones are those of a chat that follows three
sources where no other is public. `loop_ms` is the longest pause of the loop, `loop_cpu_ms` what its
thread worked meanwhile, medians of five rounds: where they differ, other programs were busy. The
last line is JSON.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median

from rich.console import Console
from rich.table import Table
from sqlalchemy import text, update
from sqlmodel import col

from benchmarks.preview_articles import HAN, fill
from bot.matching.query import ParsedQuery, parse
from bot.matching.search import PreviewResult, find, silent_days
from storage.chats import Chat
from storage.db.engine import Storage
from storage.schema import migrate
from storage.sources import Follow, Source

BUDGET_MS = 300
ROUNDS = 5
QUERIES = {
    "in every article": "w0",
    "in a tenth": "w60",
    "rare": "w9000",
    "in none": "nowhere",
    "two common": "w3 w5",
    "common and rare": "w0 w9000",
    "a common phrase": '"w0 w1"',
    "a rare phrase": '"w40 w41"',
    "near": "w10 NEAR/3 w12",
    "a beginning": "w77*",
    "a common beginning": "w10*",
    "exactly so": '"W5"c',
    "exactly so, common": '"w5"c',
    "eight of them": " OR ".join(f"w{50 * n}" for n in range(1, 9)),
    "sixty-four of them": " OR ".join(f"w{1000 + 50 * n}" for n in range(64)),
    "without": "w20 -w0",
    "in the title": "title:w100",
    "one source": "w0 source:wire3.example",
    "one source, rare": "w9000 source:wire3.example",
    "the great source": "w0 source:wire1.example",
    "the great source, rare": "w9000 source:wire1.example",
    "a source alone": "source:wire3.example",
    "one language": "w0 lang:zh",
    "another language": "w0 lang:ja",
    "a source and a language": "source:wire1.example lang:zh",
    "a Han phrase": HAN[3] + HAN[20],
    "a long Han phrase": "".join(HAN[3:9]),
}
OF_A_FEW = ("w0", "w9000", "w3 w5", "w0 source:wire1.example")


@asynccontextmanager
async def database(url: str | None) -> AsyncIterator[Storage]:
    with tempfile.TemporaryDirectory() as folder:
        place = url or f"sqlite+aiosqlite:///{folder}/preview.sqlite3"
        await migrate(place)
        storage = Storage.open(place)
        try:
            yield storage
        finally:
            await storage.close()


async def longest_pause(stop: asyncio.Event) -> tuple[float, float]:
    """The longest time, in seconds, that the loop did not come round to us; and what it worked."""
    waited = worked = 0.0
    while not stop.is_set():
        started, at_work = time.perf_counter(), time.thread_time()
        await asyncio.sleep(0)
        waited = max(waited, time.perf_counter() - started)
        worked = max(worked, time.thread_time() - at_work)
    return waited, worked


async def look(storage: Storage, query: ParsedQuery, chat_id: int | None) -> PreviewResult:
    """Ask for all that the card tells."""
    found = await find(storage, query, chat_id=chat_id)
    if not found.count and not found.is_more:
        await silent_days(storage, query, chat_id=chat_id)
    return found


async def measured(
    storage: Storage, name: str, typed: str, chat_id: int | None = None
) -> dict[str, object]:
    query = parse(typed)
    took, pauses = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        found = await look(storage, query, chat_id)
        took.append(time.perf_counter() - started)
    for _ in range(ROUNDS):  # apart, because watching a loop takes its time
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(longest_pause(stop))
            await look(storage, query, chat_id)
            stop.set()
        pauses.append(watch.result())
    waits, works = zip(*pauses, strict=True)
    return {
        "query": name,
        "first_ms": round(took[0] * 1e3, 1),
        "median_ms": round(median(took) * 1e3, 1),
        "loop_ms": round(median(waits) * 1e3, 1),
        "loop_cpu_ms": round(median(works) * 1e3, 1),
        "count": found.count,
        "is_more": found.is_more,
    }


async def follow_a_few(storage: Storage) -> int:
    """Make every source private, and return a chat that follows three of them."""
    async with storage.writing() as tx:
        await tx.session.exec(update(Source).values(public=False).where(col(Source.id) > 0))
        chat = Chat(telegram_id=7, created_at=tx.now, state_since=tx.now)
        tx.session.add(chat)
        await tx.session.flush()
        chat_id = chat.id
        tx.session.add_all(Follow(chat_id=chat_id, source_id=source) for source in (5, 6, 7))
        return chat_id


async def run(count: int, url: str | None) -> None:
    async with database(url) as storage:
        started = time.perf_counter()
        await fill(storage, count)
        async with storage.writing() as tx:
            await (await tx.session.connection()).execute(text("ANALYZE"))
        print(f"{count:,} articles on {storage.dialect}, {time.perf_counter() - started:.0f} s")
        rows = [await measured(storage, name, typed) for name, typed in QUERIES.items()]
        chat_id = await follow_a_few(storage)
        rows += [await measured(storage, f"of a few: {q}", q, chat_id) for q in OF_A_FEW]
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)
    print(json.dumps({"bench": "preview", "articles": count, "budget_ms": BUDGET_MS, "rows": rows}))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    asyncio.run(run(count, sys.argv[2] if len(sys.argv) > 2 else None))


if __name__ == "__main__":
    main()
