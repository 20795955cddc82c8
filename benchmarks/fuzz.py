"""The readers under fire: mutated feeds and pages by the thousand.

    DATELINE_CORPUS=… python benchmarks/fuzz.py [DOCUMENTS] [FIRST]

50,000 documents are the full measure. Each is made of its number alone, so that one that went wrong
can be had again: `fuzz.py 1 NUMBER`. Without a corpus a few documents made here are mutated. The
last line is JSON; the command fails if anything went wrong.
"""

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.fuzzing.seeds import seeds_in
from benchmarks.fuzzing.trials import Tally, try_all

DOCUMENTS = 2000


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0  # noqa: PLR2004 - the second argument
    folder = os.environ.get("DATELINE_CORPUS")  # noqa: TID251 - as the tests
    begun = time.monotonic()
    tally = asyncio.run(try_all(_shown(count, first), seeds_in(Path(folder) if folder else None)))
    summary = summary_of(tally, time.monotonic() - begun)
    _print(tally)
    print(json.dumps({"bench": "fuzz", "corpus": bool(folder), **summary}))
    if tally.wrong or tally.asked or tally.left_behind:
        raise SystemExit(1)


def summary_of(tally: Tally, seconds: float) -> dict[str, object]:
    """`memory_mb`: the most that this process and any one worker held at a time."""
    ours, workers = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return {
        "documents": tally.done,
        "items": tally.items,
        "outcomes": dict(tally.outcomes.most_common()),
        "wrong": tally.wrong[:20],
        "slowest_seconds": tally.slowest,
        "blocking": sorted(tally.blocking, reverse=True)[:5],
        "asked_the_network": tally.asked,
        "workers_left": tally.left_behind,
        "memory_mb": [resource.getrusage(who).ru_maxrss // 1024 for who in (ours, workers)],
        "seconds": round(seconds),
    }


def _shown(count: int, first: int) -> Iterator[int]:
    console = Console(stderr=True)
    yield from track(range(first, first + count), "Reading", console=console, transient=True)


def _print(tally: Tally) -> None:
    table = Table("Outcome", "Documents", box=None)
    for outcome, count in tally.outcomes.most_common():
        table.add_row(str(outcome), f"{count:,}")
    Console().print(table)
    for number, what in tally.wrong[:20]:
        print(f"document {number}: {what}")


if __name__ == "__main__":
    main()
