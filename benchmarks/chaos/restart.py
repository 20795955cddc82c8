"""How long the last of many alerts takes when the bot is killed halfway and restarted at once.

    python -m benchmarks.chaos.restart [--alerts 600] [--kill-at 0.5] [--server URL]

A real `dateline run` is killed with its workers once a share of the alerts has arrived at a
playground in a process of its own. Seconds are since the kill: until the new process was ready and
the last alert arrived; `floor` is what the pace needs for the rest, and `beyond` the cost of the
kill, for which some ten seconds are a good figure.
"""

import argparse
import asyncio
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.chaos.scene import PER_SECOND, scene
from benchmarks.databases import database
from benchmarks.report import Row, parser, print_rows, say
from tests.story.playground import RemotePlayground

CHECK_EVERY = 0.5
PATIENCE = 300.0


async def measure(url: str, folder: Path, alerts: int, kill_at: float) -> Row:
    async with scene(url, folder, alerts=alerts) as on:
        due = on.audience.due
        async with on.workplace.dateline("run", **on.settings) as bot:
            await bot.wait_for("ready")
            await on.audience.progress(1.0)
            await _wait_for(on.playground, int(kill_at * due))
            await bot.kill()
            killed_at = time.time()
        arrived = len(await _arrival_times(on.playground))
        say(f"killed when {arrived} of {due} had arrived")
        async with on.workplace.dateline("run", **on.settings) as bot:
            await bot.wait_for("ready")
            ready = time.time() - killed_at
            await _wait_for(on.playground, due)
            await bot.stop()
        times = (await _arrival_times(on.playground)).values()
        later = [arrived_at - killed_at for arrived_at in times if arrived_at > killed_at]
        say(f"arrivals in each second: {dict(sorted(Counter(map(int, later)).items()))}")
    last, floor = max(later), (due - arrived) / PER_SECOND
    seconds = {"ready": ready, "last": last, "floor": floor, "beyond": last - floor}
    return {name: round(each, 1) for name, each in seconds.items()}


async def _wait_for(playground: RemotePlayground, number: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(await _arrival_times(playground)) < number:  # noqa: ASYNC110 - no event
            await asyncio.sleep(CHECK_EVERY)


async def _arrival_times(playground: RemotePlayground) -> dict[tuple[int, int, str], float]:
    """Return when each alert arrived first, because a kill may repeat those in flight."""
    times: dict[tuple[int, int, str], float] = {}
    for call in await playground.messages_sent():
        thread = int(call["params"].get("message_thread_id") or 0)
        times.setdefault((call["chat_id"], thread, str(call["params"]["text"])), call["at"])
    return times


async def _run(args: argparse.Namespace) -> Row:
    with TemporaryDirectory() as folder:
        async with database(args.server) as url:
            return await measure(url, Path(folder), args.alerts, args.kill_at)


def main() -> None:
    options = parser(__doc__, server=True)
    options.add_argument("--alerts", type=int, default=600)
    options.add_argument("--kill-at", type=float, default=0.5, help="the share that has arrived")
    print_rows("chaos.restart", [asyncio.run(_run(options.parse_args()))])


if __name__ == "__main__":
    main()
