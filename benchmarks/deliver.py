"""How fast messages go out, and how evenly: the ledger's steps, all in all, the pace, replies.

    python -m benchmarks.deliver [--deliveries 10000] [--server URL] [--pace]

On SQLite, and with --server on a database of its own on that PostgreSQL server. "All in all" is the
real step and the real channel at the paid rate, against a server in a process of its own that says
yes to everything. --pace: twenty simulated minutes at 27 a second, which take some real ones, and
replies to people while ten thousand digests wait.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial

from rich.console import Console
from rich.table import Table

from benchmarks.delivering.answering import replies_beside
from benchmarks.delivering.ledger import behind_long_lines, steps
from benchmarks.delivering.outboxes import opened
from benchmarks.delivering.pace import Clock, twenty_minutes
from benchmarks.delivering.sending import end_to_end
from storage.db.engine import DatabaseClock, Storage, database_clock

Row = dict[str, object]
Run = Callable[[Storage], Awaitable[Row]]


async def measure(server: str | None, deliveries: int, *, pace: bool) -> list[Row]:
    runs: list[tuple[str, Run]] = [
        ("the ledger alone", lambda storage: steps(storage, deliveries)),
        ("a claim behind long lines", behind_long_lines),
        ("all in all", lambda storage: end_to_end(storage, deliveries)),
    ]
    if pace:
        runs.append(("replies beside", replies_beside))
    rows = []
    for database in filter(None, ("sqlite", server)):
        name = database.partition("+")[0]
        for what, run in runs:
            rows.append({"database": name, "what": what} | await alone(database, run))
        if pace:
            clock = Clock()
            run = partial(twenty_minutes, clock=clock)
            rows.append({"database": name, "what": "the pace"} | await alone(database, run, clock))
    return rows


async def alone(database: str, run: Run, clock: DatabaseClock = database_clock) -> Row:
    """Run on a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = f"sqlite+aiosqlite:///{folder}/deliver.sqlite3"
        async with opened(file if database == "sqlite" else database, clock) as storage:
            return await run(storage)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument("--server", metavar="URL", help="of PostgreSQL")
    parser.add_argument("--pace", action="store_true")
    asked = parser.parse_args()
    rows = asyncio.run(measure(asked.server, asked.deliveries, pace=asked.pace))
    table = Table("database", "what", "figures")
    for row in rows:
        figures = ", ".join(f"{k} {v}" for k, v in row.items() if k not in {"database", "what"})
        table.add_row(str(row["database"]), str(row["what"]), figures)
    Console(width=120).print(table)
    print(json.dumps({"bench": "deliver", "rows": rows}))


if __name__ == "__main__":
    main()
