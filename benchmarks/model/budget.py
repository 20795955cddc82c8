"""Whether processes keep the day's tokens together: `python -m benchmarks.model.budget URL`.

Four processes reserve and settle as fast as they can, on a PostgreSQL database of their own. After
each reservation they read the sum that is used and reserved. No reading may exceed the budget.
"""

import asyncio
import random
import sys
from multiprocessing import get_context

from storage.db.engine import Storage
from storage.model_texts import model_day, reserve_tokens, settle_tokens
from storage.schema import migrate

PROCESSES, ROUNDS, BUDGET = 4, 150, 100_000


async def _spend(url: str, seed: int) -> tuple[int, int]:
    """Return the highest sum that was read, and how many calls were refused."""
    chance, storage = random.Random(seed), Storage.open(url)
    highest = refused = 0
    for _ in range(ROUNDS):
        tokens = chance.randint(100, 3_000)
        async with storage.writing() as tx:
            day = await reserve_tokens(tx, tokens, BUDGET)
            today = await model_day(tx, tx.now.date())
            highest = max(highest, today.used + today.reserved)
        if day is None:
            refused += 1
            continue
        async with storage.writing() as tx:
            await settle_tokens(tx, day, reserved=tokens, used=chance.randint(50, tokens))
    await storage.close()
    return highest, refused


def _run(url: str, seed: int) -> tuple[int, int]:
    return asyncio.run(_spend(url, seed))


async def _today(url: str) -> tuple[int, int]:
    storage = Storage.open(url)
    async with storage.reading() as tx:
        today = await model_day(tx, tx.now.date())
    await storage.close()
    return today.used, today.reserved


def main() -> None:
    url = sys.argv[1]
    asyncio.run(migrate(url))
    with get_context("spawn").Pool(PROCESSES) as pool:
        results = pool.starmap(_run, [(url, seed) for seed in range(PROCESSES)])
    used, reserved = asyncio.run(_today(url))
    highest = max(high for high, _ in results)
    refused = sum(count for _, count in results)
    print(
        f"budget {BUDGET}: used {used}, reserved {reserved}, highest {highest}; {refused} refused"
    )
    if max(highest, used + reserved) > BUDGET:
        sys.exit("the budget was exceeded")


if __name__ == "__main__":
    main()
