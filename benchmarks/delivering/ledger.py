"""The ledger alone: claims, intents and answers a second; and a claim before the longest queues."""

import time
from datetime import timedelta
from statistics import median

from benchmarks.delivering.outboxes import fill
from storage.db.engine import Storage
from storage.enums import Medium
from storage.outbox import CallResult, begin_sending, claim_deliveries, record_results
from storage.states import Event

LEASE = timedelta(minutes=1)
TOGETHER = 100
LONG_LINES, LINE = 20, 5_000
_ROUNDS = 50


async def steps(storage: Storage, deliveries: int) -> dict[str, object]:
    """Return how many a second each step does, a hundred in a transaction."""
    await fill(storage, deliveries, 1)
    spent = {"claims": 0.0, "intents": 0.0, "answers": 0.0}
    while ids := await _claimed(storage, spent):
        await _begun(storage, ids, spent)
        await _answered(storage, ids, spent)
    return {f"{name}_a_second": round(deliveries / took) for name, took in spent.items()}


async def _claimed(storage: Storage, spent: dict[str, float]) -> list[int]:
    started = time.perf_counter()
    async with storage.writing() as tx:
        claimed = await claim_deliveries(tx, "me", limit=TOGETHER, lease=LEASE)
    spent["claims"] += time.perf_counter() - started
    return [each.id for each in claimed]


async def _begun(storage: Storage, ids: list[int], spent: dict[str, float]) -> None:
    started = time.perf_counter()
    async with storage.writing() as tx:
        await begin_sending(tx, ids, "me", LEASE)
    spent["intents"] += time.perf_counter() - started


async def _answered(storage: Storage, ids: list[int], spent: dict[str, float]) -> None:
    started = time.perf_counter()
    async with storage.writing() as tx:
        values = {"sent_at": tx.now, "message_id": 7, "last_error": None}
        yes = CallResult(Event.ACCEPTED, values)
        await record_results(tx, "me", dict.fromkeys(ids, yes), medium=Medium.TELEGRAM)
    spent["answers"] += time.perf_counter() - started


async def behind_long_lines(storage: Storage) -> dict[str, object]:
    """Return what a claim costs where few chats have thousands waiting, and go on one by one."""
    await fill(storage, LONG_LINES, LINE)
    took = []
    spent = {"claims": 0.0, "intents": 0.0, "answers": 0.0}
    for _ in range(_ROUNDS):
        before = spent["claims"]
        ids = await _claimed(storage, spent)
        took.append(spent["claims"] - before)
        await _begun(storage, ids, spent)
        await _answered(storage, ids, spent)
    return {
        "lines": f"{LONG_LINES} of {LINE}",
        "first_claim_ms": round(took[0] * 1e3),
        "claim_ms": round(median(took[1:]) * 1e3, 1),
        "worst_ms": round(max(took[1:]) * 1e3, 1),
    }
