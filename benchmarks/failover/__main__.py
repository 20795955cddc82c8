"""The database goes away while processes send; how long they stand still, what is lost.

    python -m benchmarks.failover [failover freeze switchover restart crash partition]
                             [--deliveries 1000] [--silent 20] [--asynchronous [--behind 2]]
                             [--roles "chat,poll,web;match,publish;send;send"]

Servers of its own run on loopback, as user `postgres` where root asks. `failover`: the primary and
all its processes get SIGKILL and its standby, which no commit goes without, is promoted at once;
`freeze`: they get SIGSTOP instead, so that nobody is told that they are gone. `--behind`: the
standby heard nothing in the last seconds; what it did not know of may come again, with a sound.
One line of JSON for each; the exit code is 1 if anything was lost, decided twice, heard twice or
sent faster than the pace, if more came twice than was in flight, or if a process ended.
"""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.failover.clusters import binaries
from benchmarks.failover.mishaps import Mishap
from benchmarks.failover.working import Working


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("mishaps", nargs="*", type=Mishap, default=list(Mishap))
    parser.add_argument("--deliveries", type=int, default=1_000)
    parser.add_argument("--asynchronous", action="store_true", help="commits wait for no standby")
    parser.add_argument("--behind", type=float, default=0, help="seconds of a standby that lags")
    parser.add_argument("--roles", default=";", help="of each process, between semicolons")
    parser.add_argument("--silent", type=float, default=20, help="seconds of a partition")
    parser.add_argument("--folder", help="where to leave what they said")
    asked = parser.parse_args()
    if asked.behind and not (asked.asynchronous and asked.mishaps == [Mishap.FAILOVER]):
        parser.error("--behind is for a failover to an --asynchronous standby")
    if binaries() is None:
        parser.error("no PostgreSQL server is installed here")
    with TemporaryDirectory() as folder:
        roles = tuple(asked.roles.split(";"))
        working = Working(Path(asked.folder or folder), asked.deliveries, _say, roles=roles)
        return asyncio.run(_all(working, asked))


async def _all(working: Working, asked: argparse.Namespace) -> int:
    bad, task = 0, asyncio.current_task()
    assert task
    # As for an interrupt: no server is left behind.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    for mishap in asked.mishaps:
        outcome = await working.through(
            mishap,
            synchronous=not asked.asynchronous,
            silent_seconds=asked.silent,
            behind=asked.behind,
        )
        sys.stdout.write(json.dumps({"mishap": mishap} | outcome.to_json()) + "\n")
        sys.stdout.flush()
        bad += not outcome.is_good
    return 1 if bad else 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
