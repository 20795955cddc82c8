"""A process that composes the editions that are due, as `dateline run` does.

    python -m benchmarks.digest.composer URL EXPECTED

It prints JSON: editions, CPU seconds, and its memory after a tenth of EXPECTED and at the end.
"""

import asyncio
import json
import os
import sys
import time

from benchmarks.digest.audience import MONDAY_MORNING
from benchmarks.processes import memory_mb
from bot.app.memory import start_collection
from bot.publishing.digests import Digests
from bot.rendering.renderer import Renderer
from storage.db.engine import Storage


async def compose_all(url: str, expected: int) -> dict[str, float]:
    storage = Storage.open(url, clock=MONDAY_MORNING)
    digests = Digests(storage, Renderer(), f"composer:{os.getpid()}")
    start_collection()
    editions, early, cpu = 0, 0.0, time.process_time()
    while composed := await digests.run_once():
        editions += composed
        if not early and editions > expected // 10:
            early = memory_mb()
    await storage.close()
    return {
        "editions": editions,
        "cpu_seconds": time.process_time() - cpu,
        "memory_mb_early": early,
        "memory_mb": memory_mb(),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(compose_all(sys.argv[1], int(sys.argv[2])))))
