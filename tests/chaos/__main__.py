"""kill -9 at random moments over deliveries and due digests; what was lost, what came twice.

    python -m tests.chaos [--kills 100] [--deliveries 5000] [--digests 200] [--database URL]

Each kill is SIGKILL to the process group of a real `dateline run`; a playground in a process of its
own counts what arrives. The last line is JSON; the exit code is 1 if anything was lost or decided
twice, if more than 1 % is held, if more came twice than was in flight, or if a repeat was heard.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.killing import Run


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--deliveries", type=int, default=5_000, help="alerts, in all")
    parser.add_argument("--digests", type=int, default=200)
    parser.add_argument("--database", metavar="URL", help="an empty one; else SQLite, in a file")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        run = Run(
            kills=asked.kills,
            alerts=asked.deliveries,
            digests=asked.digests,
            database=asked.database or f"sqlite+aiosqlite:///{folder}/chaos.sqlite3",
            folder=Path(folder),
            dice=random.Random(asked.seed),
            say=_say,
        )
        verdict, loud_repeats = asyncio.run(run.run())
    if loud_repeats:
        _say(f"{loud_repeats} repeats were heard")
    sys.stdout.write(json.dumps(verdict.to_json()) + "\n")
    return 0 if verdict.is_good and not loud_repeats else 1


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
