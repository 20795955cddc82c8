"""What a transaction costs in CPU: of this process, with SQLite's thread, and of the server.

    python -m benchmarks.transactions [--rounds 9] [--times 300] [--server URL]

Each row is one kind of transaction: `client_us` is the CPU time of this process for one of them,
`server_us` that of PostgreSQL's backend; medians of all rounds, in microseconds. On SQLite 100 µs
are a good figure for a trivial writing transaction, and on PostgreSQL 500 µs.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import text

from benchmarks import rows
from benchmarks.databases import empty_storage
from benchmarks.report import Row, parser, print_rows
from storage.db.engine import POSTGRESQL, Storage, Transaction
from storage.sources import add_source, claim_public_sources

ONE = text("SELECT 1")
COUNT = text("UPDATE source SET failures = failures + 1 WHERE id = :id")


async def read_nothing(storage: Storage) -> None:
    async with storage.reading():
        pass


async def read_one(storage: Storage) -> None:
    async with storage.reading() as tx:
        await tx.rows(ONE)


async def write_one(storage: Storage) -> None:
    async with storage.writing() as tx:
        await tx.rows(ONE)


async def write_ten(storage: Storage) -> None:
    async with storage.writing() as tx:
        for number in range(10):
            await tx.change(COUNT, id=number)


async def claim_nothing(storage: Storage) -> None:
    await storage.write_at_once(_claim)


async def _claim(tx: Transaction) -> None:
    await claim_public_sources(tx, owner="benchmark", limit=9, lease=timedelta(hours=1))


KINDS = (read_nothing, read_one, write_one, write_ten, claim_nothing)


def backend_seconds(pid: int) -> float:
    nanoseconds = Path(f"/proc/{pid}/schedstat").read_text(encoding="utf-8").split()[0]
    return int(nanoseconds) / 1e9


async def measure(server: str | None, rounds: int, times: int) -> list[Row]:
    async with empty_storage(server) as storage:
        async with storage.writing() as tx:
            await add_source(tx, rows.source("https://one.example/feed", tx.now))
            await _claim(tx)
            is_server = tx.dialect == POSTGRESQL
            backend = (await tx.one(text("SELECT pg_backend_pid()")))[0] if is_server else None
        spent: dict[str, list[tuple[float, float]]] = {kind.__name__: [] for kind in KINDS}
        for _ in range(rounds):
            for kind in KINDS:
                spent[kind.__name__].append(await _cost(kind, storage, times, backend))
    return [
        {
            "transaction": name.replace("_", " "),
            "client_us": round(median(client for client, _ in costs)),
            "server_us": round(median(server for _, server in costs)) if backend else None,
        }
        for name, costs in spent.items()
    ]


async def _cost(
    kind: Callable[[Storage], Awaitable[None]], storage: Storage, times: int, backend: int | None
) -> tuple[float, float]:
    """Return the microseconds of CPU, of this process and of the *backend*, of one transaction."""
    ours, theirs = time.process_time(), backend_seconds(backend) if backend else 0.0
    for _ in range(times):
        await kind(storage)
    ours = time.process_time() - ours
    theirs = (backend_seconds(backend) if backend else 0.0) - theirs
    return ours / times * 1e6, theirs / times * 1e6


def main() -> None:
    options = parser(__doc__, server=True)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--times", type=int, default=300)
    print_rows("transactions", asyncio.run(measure(**vars(options.parse_args()))))


if __name__ == "__main__":
    main()
