"""How fast messages are sent, and how evenly; and how long a reply waits beside them.

    python -m benchmarks.deliver [--deliveries 10000] [--server URL] [--pace]

On SQLite, and with --server on PostgreSQL too. Throughput is that of the real stage and channel at
the paid rate, against a Bot API in a process of its own that accepts every call. --pace adds twenty
simulated minutes at 27 messages a second, which take some real ones, and replies to users while ten
thousand digests wait. Good figures: hundreds of messages a second, at most 30 in any simulated
second, none refused, replies within 0.3 s.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from benchmarks.databases import empty_storage
from benchmarks.deliver.pace import Clock, twenty_minutes
from benchmarks.deliver.replies import replies_beside_digests
from benchmarks.deliver.throughput import throughput
from benchmarks.report import Row, parser, print_json, print_table
from storage.db.clock import DatabaseClock, database_clock
from storage.db.engine import Storage

Run = Callable[[Storage], Awaitable[Row]]


async def measure(server: str | None, deliveries: int, *, pace: bool) -> list[Row]:
    rows = []
    for each in (None, server) if server else (None,):
        rows.append(await _row("throughput", each, partial(throughput, deliveries=deliveries)))
        if pace:
            rows.append(await _row("replies beside digests", each, replies_beside_digests))
            clock = Clock()
            rows.append(await _row("pace", each, partial(twenty_minutes, clock=clock), clock))
    return rows


async def _row(
    name: str, server: str | None, run: Run, clock: DatabaseClock = database_clock
) -> Row:
    async with empty_storage(server, clock) as storage:
        return {"database": storage.dialect, "measured": name} | await run(storage)


def main() -> None:
    options = parser(__doc__, server=True)
    options.add_argument("--deliveries", type=int, default=10_000)
    options.add_argument("--pace", action="store_true")
    rows = asyncio.run(measure(**vars(options.parse_args())))
    for row in rows:
        print_table([row])
    print_json("deliver", rows=rows)


if __name__ == "__main__":
    main()
