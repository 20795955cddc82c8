"""The readers under fire: mutated feeds and pages by the thousand, then families of bombs.

    DATELINE_CORPUS=… python -m benchmarks.fuzz [DOCUMENTS] [FIRST] [FAMILY…]

50,000 documents are the full measure. Each is made of its number alone, so that one that went wrong
can be had again: `fuzz 1 NUMBER`. Without a corpus a few documents made here are mutated.

The bombs are feeds, which are stored too, lists of feeds and mails, each family in the largest size
that is read at once and in a megabyte; it prints for how long the event loop stood still. With
`0 0 FAMILY` only those whose names hold that word are tried. The last line is JSON; the command
fails if anything went wrong, or the loop stood still for more than 100 ms.
"""

import asyncio
import json
import logging
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.fuzz.seeds import seeds_in
from benchmarks.fuzz.standing import LONGEST_MS, Stood, stood_under
from benchmarks.fuzz.trials import Tally, try_all
from storage.schema import migrate

DOCUMENTS = 2000


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    folder = os.environ.get("DATELINE_CORPUS")
    begun = time.monotonic()
    tally = asyncio.run(try_all(_shown(count, first), seeds_in(Path(folder) if folder else None)))
    summary = summary_of(tally, time.monotonic() - begun)
    stood = bombed(sys.argv[3:])
    _print(tally)
    _print_stood(stood)
    longest = max((each.ms for each in stood), default=0)
    summary |= {"stood_still_ms": longest, "bombs": [asdict(each) for each in stood]}
    print(json.dumps({"bench": "fuzz", "corpus": bool(folder), **summary}))
    is_wrong = tally.wrong or tally.asked or tally.left_behind
    if is_wrong or longest > LONGEST_MS or any("crashed" in each.outcome for each in stood):
        raise SystemExit(1)


def bombed(words: Sequence[str]) -> list[Stood]:
    """Let the families be read whose names hold one of *words*; all where there are none."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as scratch:
        url = f"sqlite+aiosqlite:///{scratch}/fuzz.sqlite3"
        asyncio.run(migrate(url))
        asked = lambda family: not words or any(word in family for word in words)  # noqa: E731
        return asyncio.run(stood_under(url, asked))


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


def _print_stood(stood: Sequence[Stood]) -> None:
    table = Table("Family", "Bytes", "Loop stood still, ms", "by the clock", "Outcome", box=None)
    for each in sorted(stood, key=lambda each: each.ms, reverse=True):
        ms, wall_ms = f"{each.ms:.0f}", f"{each.wall_ms:.0f}"
        table.add_row(each.family, f"{each.bytes:,}", ms, wall_ms, each.outcome)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
