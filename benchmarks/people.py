"""How long all people take into a file and into another database, and in how much memory.

    python -m benchmarks.people [--chats 100000] [--server URL]

Each chat has five topics, half of them words that others watch too, two feeds of its own and a
weekly digest; every tenth an address. Exported from SQLite, imported into an empty SQLite file, and
with --server into a database of its own on that PostgreSQL server. Each step runs in a process of
its own, whose peak memory is told, and how long its longest transaction took.
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import insert

from benchmarks.delivering.outboxes import made
from bot.cli.people import take_all
from bot.cli.people_files import check, written_whole
from bot.subscribers.exporting_people import ExportingPeople
from bot.subscribers.importing_people import IMPORTED, ImportingPeople
from bot.subscribers.people import Wished
from bot.subscribers.people_tally import Tally
from storage.chats import Chat, DigestTime
from storage.db.engine import Storage
from storage.enums import MailboxState, Mode
from storage.health import open_read_only
from storage.mailboxes import Mailbox
from storage.queries import Query
from storage.sources import Follow, Source
from storage.subscriptions import Subscription
from storage.topics import Topic

TOPICS, FEEDS, ADDRESSED = 5, 2, 10
COMMON = 5_000  # queries that several watch
SOURCES = 20_000
_AT_ONCE = 2_000

Rows = list[dict[str, Any]]


async def fill(url: str, chats: int) -> dict[str, Any]:
    storage = Storage.open(await made(url))
    for start in range(1, chats + 1, _AT_ONCE):
        async with storage.writing() as tx:
            connection = await tx.session.connection()
            numbers = range(start, min(start + _AT_ONCE, chats + 1))
            for table, rows in _rows(numbers, tx.now, is_first=start == 1):
                await connection.execute(insert(table), rows)
    await storage.close()
    return {}


def _rows(numbers: range, now: Any, *, is_first: bool) -> list[tuple[Any, Rows]]:
    at = {"created_at": now}
    own = [(chat, chat * TOPICS + n, n % 2 == 0) for chat in numbers for n in range(TOPICS)]
    queries = [_query(COMMON + topic, f"word{topic:x}") for _, topic, is_own in own if is_own]
    sources: Rows = []
    if is_first:
        queries += [_query(n, f"common{n:x}") for n in range(1, COMMON + 1)]
        sources = [_source(n, now) for n in range(1, SOURCES + 1)]
    topics = [
        {"id": topic, "name": f"Topic {topic}", "chat_id": chat, "typed": _typed(topic, is_own),
         "query_id": COMMON + topic if is_own else topic % COMMON + 1} | at
        for chat, topic, is_own in own
    ]  # fmt: skip
    follows = [
        {"chat_id": chat, "source_id": (chat * FEEDS + n) % SOURCES + 1}
        for chat in numbers for n in range(FEEDS)
    ]  # fmt: skip
    boxes = [
        {"chat_id": chat, "address": f"reader{chat}@example.org", "state": MailboxState.ACTIVE,
         "state_since": now, "asked_at": now} | at
        for chat in numbers if chat % ADDRESSED == 0
    ]  # fmt: skip
    watched = [{"chat_id": c, "topic_id": t, "mode": Mode.BOTH} | at for c, t, _ in own]
    slots = [{"chat_id": n, "number": 1, "minutes": 480, "weekdays": 1} for n in numbers]
    tables = [
        (Chat, [_chat(number, now) for number in numbers]),
        (Query, queries), (Source, sources), (Topic, topics), (Subscription, watched),
        (Follow, follows), (Mailbox, boxes), (DigestTime, slots),
    ]  # fmt: skip
    return [(table, rows) for table, rows in tables if rows]


def _typed(topic: int, is_own: bool) -> str:  # noqa: FBT001
    return f"word{topic:x}" if is_own else f"common{topic % COMMON + 1:x}"


def _query(number: int, words: str) -> dict[str, Any]:
    return {"id": number, "canonical": words, "canonical_hash": words, "changed": number}


def _source(number: int, now: Any) -> dict[str, Any]:
    url = f"https://site{number}.example/feed.xml"
    return {"id": number, "url": url, "url_hash": str(number), "host": f"site{number}.example",
            "title": f"Site {number}", "created_at": now, "next_fetch_at": now}  # fmt: skip


def _chat(number: int, now: Any) -> dict[str, Any]:
    return {"id": number, "telegram_id": number, "name": f"Reader {number}", "zone": "Asia/Tokyo",
            "zone_guessed": False, "state_since": now, "created_at": now}  # fmt: skip


async def export(url: str, file: Path) -> dict[str, Any]:
    storage = open_read_only(url)
    with written_whole(file) as written:
        async for line in ExportingPeople(storage).lines():
            written.write(line)
    await storage.close()
    return {}


async def take(url: str, file: Path, *, is_new: bool) -> dict[str, Any]:
    if is_new:
        url = await made(url, "dateline_people")
    _, count = check(file)
    storage = Storage.open(url)
    people = Timed(storage)
    await take_all(people, file, lambda _done: None)
    await storage.analyze(IMPORTED)
    await storage.close()
    return {"chats": count, "longest_unit_ms": round(max(people.took) * 1e3)}


@dataclass(frozen=True)
class Timed(ImportingPeople):
    """*took*: how many seconds each transaction did."""

    took: list[float] = field(default_factory=list)

    async def take(self, people: Sequence[Wished]) -> Tally:
        started = time.perf_counter()
        tally = await super().take(people)
        self.took.append(time.perf_counter() - started)
        return tally


def apart(step: Callable[..., Any], *arguments: Any, **named: Any) -> dict[str, Any]:
    """Run it in a process of its own, and return what it tells of itself."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (step, arguments, named))


def _measured(step: Callable[..., Any], arguments: Any, named: Any) -> dict[str, Any]:
    started, used = time.perf_counter(), time.process_time()
    told: dict[str, Any] = asyncio.run(step(*arguments, **named))
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(time.process_time() - used, 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    } | told


def measure(chats: int, server: str | None) -> dict[str, dict[str, Any]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first, second = (f"sqlite+aiosqlite:///{folder}/{each}.sqlite3" for each in "ab")
        file = folder / "people.json"
        steps = {"fill": apart(fill, first, chats), "export": apart(export, first, file)}
        steps["import, SQLite"] = apart(take, second, file, is_new=True)
        if server:
            steps["import, PostgreSQL"] = apart(take, server, file, is_new=True)
        steps["import again, SQLite"] = apart(take, second, file, is_new=False)
    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--chats", type=int, default=100_000)
    parser.add_argument("--server", metavar="URL", help="of PostgreSQL")
    asked = parser.parse_args()
    steps = measure(asked.chats, asked.server)
    table = Table("step", "figures")
    for step, figures in steps.items():
        table.add_row(step, ", ".join(f"{name} {figure}" for name, figure in figures.items()))
    Console(width=120).print(table)
    print(json.dumps({"bench": "people", "chats": asked.chats, "steps": steps}))


if __name__ == "__main__":
    main()
