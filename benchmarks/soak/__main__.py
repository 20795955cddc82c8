"""A week of the whole bot on a clock that skips idle time: does anything grow, or get lost?

    python -m benchmarks.soak [--days 7] [--feeds 2000] [--chats 5000] [--articles-a-day 2500]
                         [--server URL] [--folder FOLDER]

Storage, stages, matching and templates are those of the service. Feeds come from a server in this
process, as does Telegram, which fails now and then. Users arrive, change their topics, block the
bot and leave. Each hour prints a line; the last line is JSON. The exit code is 1 if memory or a lag
grows, if old rows are not deleted, or if a story was lost, repeated with a sound, or left waiting.
"""

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.databases import database
from benchmarks.report import parser, print_json, say
from benchmarks.soak.numbers import Numbers
from benchmarks.soak.verdict import Verdict
from benchmarks.soak.week import Week
from bot.app.memory import share_arena
from bot.ops.logs import configure_logs


def run(args: argparse.Namespace) -> Verdict:
    names = ("days", "feeds", "chats", "articles_a_day", "tick", "seed", "begins")
    numbers = Numbers(**{name: getattr(args, name) for name in names})
    stack = AsyncExitStack()
    with asyncio.Runner() as runner:
        url = runner.run(stack.enter_async_context(database(args.server)))
        try:
            return Week(numbers, url, args.folder, say).run()
        finally:
            runner.run(stack.aclose())


def main() -> int:
    usual = Numbers()
    options = parser(__doc__, server=True)
    options.add_argument("--days", type=float, default=usual.days)
    options.add_argument("--feeds", type=int, default=usual.feeds)
    options.add_argument("--chats", type=int, default=usual.chats)
    options.add_argument("--articles-a-day", type=int, default=usual.articles_a_day)
    options.add_argument("--tick", type=float, default=usual.tick, help="seconds between checks")
    options.add_argument("--seed", type=int, default=usual.seed)
    options.add_argument("--begins", type=_day, default=usual.begins, metavar="DATE")
    options.add_argument("--folder", type=Path, help="keeps the record of messages")
    configure_logs("json", "ERROR")
    share_arena()  # as in service
    verdict = run(options.parse_args())
    print_json("soak", good=verdict.is_good, faults=verdict.faults, **verdict.facts)
    return 0 if verdict.is_good else 1


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
