"""The database fails while processes send: how long they pause, and what is lost.

    python -m benchmarks.failover [failover freeze switchover restart crash partition]
                             [--deliveries 1000] [--silent 20] [--asynchronous [--behind 2]]
                             [--roles "chat,poll,web;match,publish;send;send"]

The servers run on loopback, as user `postgres` if root starts them. `failover`: the primary and all
its processes get SIGKILL, and its synchronous standby is promoted at once. `freeze`: they get
SIGSTOP instead, so that no connection ends. `--behind`: the standby misses the last seconds, and
what it does not know of may be repeated with a sound. Each outage prints a line of JSON. The exit
code is 1 if a message was lost, decided twice, repeated with a sound or sent faster than the pace,
if more was repeated than was in flight, or if a process ended. The pause should end soon after the
database is back.
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.failover.clusters import binaries
from benchmarks.failover.outages import OutageKind
from benchmarks.failover.run import Run
from benchmarks.report import parser, print_json, say


def main() -> int:
    options = parser(__doc__)
    options.add_argument("outages", nargs="*", type=OutageKind, default=list(OutageKind))
    options.add_argument("--deliveries", type=int, default=1_000)
    options.add_argument("--asynchronous", action="store_true", help="commits wait for no standby")
    options.add_argument("--behind", type=float, default=0, help="seconds that the standby misses")
    options.add_argument("--roles", default=";", help="of each process, between semicolons")
    options.add_argument("--silent", type=float, default=20, help="seconds of a partition")
    options.add_argument("--folder", help="keeps the output of the processes")
    args = options.parse_args()
    if args.behind and not (args.asynchronous and args.outages == [OutageKind.FAILOVER]):
        options.error("--behind is for a failover to an --asynchronous standby")
    if binaries() is None:
        options.error("no PostgreSQL server is installed here")
    with TemporaryDirectory() as folder:
        roles = tuple(args.roles.split(";"))
        run = Run(Path(args.folder or folder), args.deliveries, say, roles=roles)
        return asyncio.run(_run_all(run, args))


async def _run_all(run: Run, args: argparse.Namespace) -> int:
    failed, task = 0, asyncio.current_task()
    assert task
    # As for an interrupt, so that no server is left behind.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    for kind in args.outages:
        outcome = await run.through(
            kind,
            synchronous=not args.asynchronous,
            silent_seconds=args.silent,
            behind=args.behind,
        )
        print_json("failover", outage=kind, **outcome.to_json())
        failed += not outcome.is_good
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
