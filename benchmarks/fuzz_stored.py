"""Mutated feeds and pages through the whole of a poll, into a database.

    DATELINE_CORPUS=… python benchmarks/fuzz_stored.py [DOCUMENTS] [FIRST] [DATABASE_URL]

Forty sources give one document after another; each must have been read or say why not, and none may
hold up the others. Without a DATABASE_URL it is an SQLite file that is thrown away; any other must
be empty. The last line is JSON; the command fails if anything went wrong.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import track

from benchmarks.fuzzing.seeds import seeds_in
from benchmarks.fuzzing.stored import Polled, poll_all
from storage.schema import migrate

DOCUMENTS = 2000


def main() -> None:
    count, first, database = _arguments()
    folder = os.environ.get("DATELINE_CORPUS")
    seeds = seeds_in(Path(folder) if folder else None)
    plain = structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(processors=[_only_errors, structlog.processors.format_exc_info, plain])
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        url = database or f"sqlite+aiosqlite:///{scratch}/fuzz.sqlite3"
        asyncio.run(migrate(url))
        polled = asyncio.run(poll_all(_shown(count, first), seeds, url))
    print(json.dumps({"bench": "fuzz_stored", "corpus": bool(folder), **summary_of(polled, begun)}))
    if polled.wrong:
        raise SystemExit(1)


def summary_of(polled: Polled, begun: float) -> dict[str, object]:
    return {
        "documents": polled.done,
        "errors": dict(polled.errors.most_common()),
        "articles": polled.articles,
        "entries": polled.entries,
        "wrong": polled.wrong[:20],
        "seconds": round(time.monotonic() - begun),
    }


def _arguments() -> tuple[int, int, str]:
    given = [*sys.argv[1:], *("", "", "")][:3]
    return int(given[0] or DOCUMENTS), int(given[1] or 0), given[2]


def _shown(count: int, first: int) -> Iterator[int]:
    console = Console(stderr=True)
    yield from track(range(first, first + count), "Polling", console=console, transient=True)


def _only_errors(
    _logger: object, name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    if name not in {"error", "exception"}:
        raise structlog.DropEvent
    return event


if __name__ == "__main__":
    main()
