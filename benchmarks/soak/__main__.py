"""A week of the whole bot on a clock that skips what is idle; does it stay as it was?

    python -m benchmarks.soak [--days 7] [--feeds 2000] [--chats 5000] [--articles-a-day 5000]
                         [--server URL] [--folder FOLDER] [--tracemalloc]

Storage, steps, matching and templates are those of the service; feeds come from a server in this
process, and Telegram, which refuses now and then, is in it too. People come, change what they
watch, block, and leave. Each hour of the clock is a line on stderr, the last line JSON; the exit
code is 1 if memory or a lag grows, if what is to be forgotten is not, or if anything was lost,
heard twice or left lying.
"""

import argparse
import asyncio
import json
import sys
import tracemalloc
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.chaos.databases import own_database
from benchmarks.soak.numbers import BEGINS, Numbers
from benchmarks.soak.week import Week
from bot.ops.logs import configure_logs


def main() -> int:
    asked = _parser().parse_args()
    configure_logs("json", "ERROR")
    numbers = Numbers(
        days=asked.days,
        feeds=asked.feeds,
        chats=asked.chats,
        articles_a_day=asked.articles_a_day,
        acts_a_day=asked.acts_a_day,
        subjects=asked.subjects,
        kept_days=asked.kept_days,
        tick=asked.tick,
        seed=asked.seed,
        begins=asked.begin,
    )
    if asked.tracemalloc:
        tracemalloc.start(12)
    with TemporaryDirectory() as temporary:
        folder = Path(asked.folder or temporary)
        return _run(asked, numbers, folder)


def _run(asked: argparse.Namespace, numbers: Numbers, folder: Path) -> int:
    stack = AsyncExitStack()
    with asyncio.Runner() as runner:
        url = f"sqlite+aiosqlite:///{folder}/soak.sqlite3"
        if asked.server:
            url = runner.run(stack.enter_async_context(own_database(asked.server)))
        try:
            tell = _tell_of_memory if asked.tracemalloc else _tell_nothing
            verdict = Week(numbers, url, folder, _say, tell).run()
        finally:
            runner.run(stack.aclose())
    sys.stdout.write(json.dumps(verdict.to_json()) + "\n")
    return 0 if verdict.is_good else 1


def _parser() -> argparse.ArgumentParser:
    usual = Numbers()
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--days", type=float, default=usual.days)
    parser.add_argument("--feeds", type=int, default=usual.feeds)
    parser.add_argument("--chats", type=int, default=usual.chats)
    parser.add_argument("--articles-a-day", type=int, default=usual.articles_a_day)
    parser.add_argument("--acts-a-day", type=int, default=usual.acts_a_day, help="of people")
    parser.add_argument("--subjects", type=int, default=usual.subjects, help="one query each")
    parser.add_argument("--kept-days", type=int, default=usual.kept_days, help="then forgotten")
    parser.add_argument("--tick", type=float, default=usual.tick, help="seconds between looks")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--begin", type=_day, default=BEGINS, help="2026-10-22: clocks change")
    parser.add_argument("--server", metavar="URL", help="PostgreSQL, for a database of its own")
    parser.add_argument("--folder", help="where to leave the database and what arrived")
    parser.add_argument("--tracemalloc", action="store_true", help="what holds memory, each day")
    return parser


def _day(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def _tell_nothing() -> None:
    pass


def _tell_of_memory() -> None:
    for line in tracemalloc.take_snapshot().statistics("lineno")[:20]:
        _say(str(line))


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
