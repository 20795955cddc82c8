"""Mutated feeds and pages by the thousand, then documents made to stall the reader.

    DATELINE_CORPUS=… python -m benchmarks.fuzz [DOCUMENTS] [--first N] [--kind KIND]
        [--families WORD…]

The full measure is 50,000 documents. Each depends on its number alone, so `1 --first NUMBER` makes
it again. Without a corpus a few built-in documents are mutated. Of the other kinds all are built
in: `letters` of newsletters, `posts` of channels, and `previews`, which are the pages of channels.

The others are feeds (which are stored), OPML lists and e-mails, each family in the largest size
that is read in the event loop and in a megabyte. The program fails if a document crashes, leaks or
hangs a reader, or if the event loop stalls for more than 100 ms.
"""

import asyncio
import logging
import os
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import track

from benchmarks.databases import database
from benchmarks.fuzz.seeds import SeedKind, seeds_of
from benchmarks.fuzz.stalls import LIMIT_MS, Stall, measure_stalls
from benchmarks.fuzz.trials import Tally, try_all
from benchmarks.report import parser, print_json, print_table


def main() -> None:
    options = parser(__doc__)
    options.add_argument("documents", type=int, nargs="?", default=2_000)
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--kind", type=SeedKind, choices=list(SeedKind), default="documents")
    options.add_argument("--families", nargs="*", default=[""], help="words of their names")
    given = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    corpus = os.environ.get("DATELINE_CORPUS")
    started = time.monotonic()
    numbers = _with_progress(range(given.first, given.first + given.documents))
    seeds = seeds_of(given.kind, Path(corpus) if corpus else None)
    tally = asyncio.run(try_all(numbers, seeds, kind=given.kind))
    summary = summarize(tally, time.monotonic() - started)
    stalls = asyncio.run(stalls_of(given.families))

    print_table([{"outcome": what, "documents": n} for what, n in tally.outcomes.most_common()])
    for number, what in tally.wrong[:20]:
        print(f"document {number}: {what}")
    bombs = [asdict(each) for each in sorted(stalls, key=lambda each: each.ms, reverse=True)]
    print_table(bombs, "Longest stall of the event loop")
    longest = max((each.ms for each in stalls), default=0)
    print_json(
        "fuzz",
        kind=given.kind,
        corpus=bool(corpus),
        **summary,
        longest_stall_ms=longest,
        bombs=bombs,
    )
    is_wrong = tally.wrong or tally.network_requests or tally.workers_left
    if is_wrong or longest > LIMIT_MS or any("crashed" in each.outcome for each in stalls):
        raise SystemExit(1)


async def stalls_of(words: Sequence[str]) -> list[Stall]:
    """Measure the families whose names contain one of *words*."""
    async with database() as url:
        return await measure_stalls(url, lambda family: any(word in family for word in words))


def summarize(tally: Tally, seconds: float) -> dict[str, object]:
    """`memory_mb`: the peak of this process, and the highest of a worker."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return {
        "documents": tally.done,
        "items": tally.items,
        "outcomes": dict(tally.outcomes.most_common()),
        "wrong": tally.wrong[:20],
        "slowest_seconds": tally.slowest,
        "blocking": sorted(tally.blocking, reverse=True)[:5],
        "network_requests": tally.network_requests,
        "workers_left": tally.workers_left,
        "memory_mb": [resource.getrusage(each).ru_maxrss // 1024 for each in who],
        "seconds": round(seconds),
    }


def _with_progress(numbers: range) -> Iterator[int]:
    yield from track(numbers, "Reading", console=Console(stderr=True), transient=True)


if __name__ == "__main__":
    main()
