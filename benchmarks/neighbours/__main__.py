"""How long an alert and a reply take for a user while another account attacks.

    python -m benchmarks.neighbours [ATTACK ...] [--alerts 6] [--server URL]

Each attack has a real bot in a process of its own, with a web server, a publisher and a playground
on this machine. A few alerts are timed alone, then as many beside the attack. The time of an alert
begins when the publisher's feed lists the article and is due. The exit code is 1 if an alert beside
an attack took more than twice as long as alone.
"""

import asyncio
import sys
import time
from contextlib import suppress
from statistics import median

from benchmarks.neighbours.attacks import ATTACKS
from benchmarks.neighbours.scene import Scene, attack_scene
from benchmarks.processes import peak_mb
from benchmarks.report import Row, parser, print_rows, say

PAUSE = 2.5  # seconds, because a host is not asked more often
MOST_RATIO = 2.0
NOISE = 1.0  # more seconds that a busy machine may take


async def measure(name: str, alerts: int, server: str | None) -> Row:
    async with attack_scene(server) as scene:
        alone, _ = await _time_alerts(scene, alerts)
        scene.reset_peak()
        database, peak = scene.database_mb(), peak_mb(scene.process.pid)
        attacking = asyncio.create_task(ATTACKS[name](scene))
        await asyncio.wait({attacking}, timeout=3)
        beside, replies = await _time_alerts(scene, alerts)
        row: Row = {
            "attack": name,
            "alone_s": round(median(alone), 1),
            "beside_s": round(median(beside), 1),
            "worst_s": round(max(beside), 1),
            "reply_ms": round(max(replies) * 1e3),
            "peak_mb_more": peak_mb(scene.process.pid) - peak,
            "database_mb_more": round(scene.database_mb() - database, 1),
        }
        attacking.cancel()
        with suppress(asyncio.CancelledError):
            await attacking
        return row


async def _time_alerts(scene: Scene, alerts: int) -> tuple[list[float], list[float]]:
    """Return the seconds of the alerts, and of a reply after each."""
    seconds, replies = [], []
    for _ in range(alerts):
        seconds.append(await scene.alert())
        replies.append(await _time_reply(scene))
        await asyncio.sleep(PAUSE)
    return seconds, replies


async def _time_reply(scene: Scene) -> float:
    playground, user = scene.playground, scene.victim
    before = max(message["version"] for message in playground.messages(user))
    started = time.perf_counter()
    playground.send(user, "/topics")
    await playground.wait_for_message(user, after=before)
    return time.perf_counter() - started


def is_bounded(row: Row) -> bool:
    return float(str(row["beside_s"])) <= MOST_RATIO * float(str(row["alone_s"])) + NOISE


def main() -> int:
    options = parser(__doc__, server=True)
    options.add_argument("attacks", nargs="*", help=f"of: {'; '.join(ATTACKS)}")
    options.add_argument("--alerts", type=int, default=6)
    args = options.parse_args()
    rows = []
    for name in args.attacks or ATTACKS:
        rows.append(asyncio.run(measure(name, args.alerts, args.server)))
        say(str(rows[-1]))
    print_rows("neighbours", rows)
    return 0 if all(map(is_bounded, rows)) else 1


if __name__ == "__main__":
    sys.exit(main())
