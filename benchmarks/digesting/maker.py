"""One process that makes the editions that are due, as `dateline run` does.

    python -m benchmarks.digesting.maker URL

It prints JSON: how many editions, CPU seconds, and its memory after a tenth and at the end.
"""

import asyncio
import json
import os
import sys
import time

from benchmarks.digesting.town import MOMENT
from benchmarks.ingesting.scales import memory_mb
from bot.publishing.digests import Digests
from bot.rendering.renderer import Renderer
from storage.db.engine import Storage


async def make_all(url: str, expected: int) -> dict[str, float]:
    storage = Storage.open(url, clock=MOMENT)
    renderer = Renderer()
    owner = f"maker:{os.getpid()}"
    digests = Digests(storage, renderer, owner)
    made, early, cpu = 0, 0.0, time.process_time()
    while done := await digests.run_once():
        made += done
        if not early and made > expected // 10:
            early = memory_mb()
    await storage.close()
    return {
        "editions": made,
        "cpu_seconds": time.process_time() - cpu,
        "memory_mb_early": early,
        "memory_mb": memory_mb(),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(make_all(sys.argv[1], int(sys.argv[2])))))
