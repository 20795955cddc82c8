"""`python -m benchmarks.politeness`: serve the feeds for any reader, or score our own in a week."""

import argparse
import asyncio
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import structlog

from benchmarks.politeness.rulebook import RULES
from benchmarks.politeness.rules import Mark
from benchmarks.politeness.score import as_text
from benchmarks.politeness.server import Server
from benchmarks.politeness.watch import Watch
from benchmarks.politeness.week import our_week
from storage.schema import migrate
from tests.fake_web import serving

FIRST = "127.0.77.0"  # here are the list and the score; each rule is a host of its own after it


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.politeness", description=__doc__)
    parser.add_argument("--score", action="store_true", help="score Dateline's own reader")
    parser.add_argument("--port", type=int, default=8090, help="where the feeds are served")
    asked = parser.parse_args()
    if asked.score:
        return asyncio.run(_score())
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(asked.port))
    return 0


async def _score() -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'week.sqlite3'}"
        await migrate(url)
        verdicts = await our_week(url)
    print(as_text(verdicts))
    return any(verdict.mark is not Mark.KEPT for verdict in verdicts)


async def _serve(port: int) -> None:
    """Every rule is a host with an address of its own, all of them on this machine (Linux)."""
    hosts = [FIRST.removesuffix("0") + str(number) for number in range(1, len(RULES) + 1)]
    sites = {f"http://{host}:{port}": rule for host, rule in zip(hosts, RULES, strict=True)}
    server = Server(Watch(sites, lambda: datetime.now(UTC)))
    async with serving(server.answer_by_hand, [FIRST, *hosts], port):
        print(f"Feeds for a reader: http://{FIRST}:{port}/feeds.opml")
        print(f"Its score so far:   http://{FIRST}:{port}/")
        await asyncio.Event().wait()


if __name__ == "__main__":
    raise SystemExit(main())
