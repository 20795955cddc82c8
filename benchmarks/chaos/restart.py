"""How long the last of many alerts takes to come when the bot is killed in the middle of them.

    python -m benchmarks.chaos.restart [--alerts 600] [--kill-at 0.5] [--database URL]

A real `dateline run` is killed (SIGKILL, with its workers) once a share of the alerts has come to a
playground in a process of its own, and is started again at once. Without a URL: SQLite in a
temporary folder; with that of a PostgreSQL server: a database of its own there. The last line is
JSON, in seconds since the kill: when the new process was ready, when the last alert came, the floor
that the pace sets for those that were left, and what the kill cost beyond it.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.chaos.databases import own_database
from benchmarks.chaos.killing import PER_SECOND, Run
from storage.schema import migrate
from tests.story.playground import FarPlayground

ASKED_EVERY = 0.5
GIVE_UP = 300.0


async def measure(database: str, folder: Path, alerts: int, kill_at: float) -> dict[str, float]:
    run = Run(1, alerts, 0, database, folder, random.Random(0), _say)
    async with run.town() as (town, playground, workplace, settings):
        async with workplace.dateline("run", **settings) as bot:
            await bot.said("ready")
            for _ in town.titles():
                await town.progress(1.0)
            await _until(playground, int(kill_at * town.alerts))
            await bot.kill()
            killed = time.time()
        came = len(await _firsts(playground))
        _say(f"killed when {came} of {town.alerts} had come")
        async with workplace.dateline("run", **settings) as bot:
            await bot.said("ready")
            ready = time.time() - killed
            await _until(playground, town.alerts)
            await bot.stop()
        moments = [at - killed for at in (await _firsts(playground)).values() if at > killed]
        _say(f"came in each second since: {dict(sorted(Counter(map(int, moments)).items()))}")
        last = max(moments)
    floor = (town.alerts - came) / PER_SECOND
    took = {"ready": ready, "last": last, "floor": floor, "beyond": last - floor}
    return {name: round(seconds, 1) for name, seconds in took.items()}


async def _until(playground: FarPlayground, number: int) -> None:
    async with asyncio.timeout(GIVE_UP):
        while (came := len(await _firsts(playground))) < number:
            _say(f"{came} have come")
            await asyncio.sleep(ASKED_EVERY)


async def _firsts(playground: FarPlayground) -> dict[tuple[int, int, str], float]:
    """Return when each alert came for the first time: a kill may repeat what was in flight."""
    firsts: dict[tuple[int, int, str], float] = {}
    for call in await playground.messages_sent():
        asked = call["params"]
        alert = call["chat_id"], int(asked.get("message_thread_id") or 0), str(asked["text"])
        firsts.setdefault(alert, call["at"])
    return firsts


async def _measured(asked: argparse.Namespace) -> dict[str, float]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        if asked.database:
            database = await stack.enter_async_context(own_database(asked.database))
        else:
            database = f"sqlite+aiosqlite:///{folder}/restart.sqlite3"
            await migrate(database)
        return await measure(database, folder, asked.alerts, asked.kill_at)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--alerts", type=int, default=600)
    parser.add_argument("--kill-at", type=float, default=0.5, help="the share that has come")
    parser.add_argument("--database", metavar="URL", help="of a PostgreSQL server; else SQLite")
    sys.stdout.write(json.dumps(asyncio.run(_measured(parser.parse_args()))) + "\n")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
