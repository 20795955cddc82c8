"""How long a user's alert takes, and a reply, while another account does its worst.

    python -m benchmarks.neighbours [ATTACK ...] [--alerts 6] [--server URL]

The real program with a web, a publisher and a playground on this machine, in a process of its own
and started anew for each attack. A few alerts are timed alone, then as many beside the attack. An
alert's time runs from the moment when the publisher's feed has the article and is due. The last
line is JSON; the exit code is 1 where an alert beside an attack took more than twice the usual.
"""

import argparse
import asyncio
import json
import sys
import time
from contextlib import suppress
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.neighbours.attacks import ATTACKS
from benchmarks.neighbours.scene import Scene, scene

Row = dict[str, object]
APART = 2.5  # seconds: a host is asked for nothing more often
MOST_RATIO = 2.0
NOISE = 1.0  # seconds more that a machine under load may take


async def beside(name: str, alerts: int, server: str | None) -> Row:
    async with scene(server) as made:
        alone, _ = await _timed(made, alerts)
        made.forget_peak()
        before_mb, peak_before = made.database_mb(), made.peak_mb()
        attacking = asyncio.create_task(ATTACKS[name](made))
        await asyncio.wait({attacking}, timeout=3)
        disturbed, replies = await _timed(made, alerts)
        row: Row = {
            "attack": name,
            "alone_s": round(median(alone), 1),
            "beside_s": round(median(disturbed), 1),
            "worst_s": round(max(disturbed), 1),
            "reply_ms": round(max(replies) * 1e3),
            "peak_mb_more": made.peak_mb() - peak_before,
            "database_mb_more": round(made.database_mb() - before_mb, 1),
        }
        attacking.cancel()
        with suppress(asyncio.CancelledError):
            await attacking
        return row


async def _timed(made: Scene, alerts: int) -> tuple[list[float], list[float]]:
    """Return the seconds of alerts, and those of the replies that were asked for in between."""
    took, replies = [], []
    for _ in range(alerts):
        took.append(await made.alert())
        replies.append(await _reply(made))
        await asyncio.sleep(APART)
    return took, replies


async def _reply(made: Scene) -> float:
    playground, user = made.playground, made.victim
    before = max(m["version"] for m in playground.messages(user))
    started = time.perf_counter()
    playground.send(user, "/topics")
    await playground.wait_for_message(user, after=before)
    return time.perf_counter() - started


def is_bounded(row: Row) -> bool:
    return float(str(row["beside_s"])) <= MOST_RATIO * float(str(row["alone_s"])) + NOISE


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("attacks", nargs="*", help=f"of: {'; '.join(ATTACKS)}")
    parser.add_argument("--alerts", type=int, default=6)
    parser.add_argument("--server", metavar="URL", help="PostgreSQL, for a database of its own")
    asked = parser.parse_args()
    rows = []
    for name in asked.attacks or ATTACKS:
        rows.append(asyncio.run(beside(name, asked.alerts, asked.server)))
        print(json.dumps(rows[-1]), file=sys.stderr)
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=120).print(table)
    print(json.dumps({"bench": "neighbours", "rows": rows}))
    return 0 if all(map(is_bounded, rows)) else 1


if __name__ == "__main__":
    sys.exit(main())
