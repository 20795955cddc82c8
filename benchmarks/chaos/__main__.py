"""Faults at random moments while alerts and digests are sent: what is lost, and what is repeated.

    python -m benchmarks.chaos [--kills 100] [--deliveries 5000] [--digests 200]
    python -m benchmarks.chaos --processes 4 [--kills 20] [--pauses 3] [--cuts 20] [--drops 3]
                          [--silences 3] [--skew 300] [--steps 10]
                          [--roles "chat,poll;match,publish;send;send"] [--server URL]

A kill is SIGKILL to the process group of a real `dateline run`; a playground in a process of its
own records what arrives. One process works on SQLite. Several share a PostgreSQL, and besides kills
there are pauses past every lease, connections ended by the database or the network, a silent
network, and clocks that differ or are set. The last line is JSON. The exit code is 1 if a message
was lost or decided twice, if more than 1 % is held, if more was repeated than was in flight, if a
repeat made a sound, or if the pace was exceeded.
"""

import argparse
import asyncio
import random
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.chaos.faults import Fault
from benchmarks.chaos.run import Outcome, Run
from benchmarks.databases import database, server_or_skip
from benchmarks.report import parser, print_json, say


async def run(args: argparse.Namespace) -> Outcome:
    async with AsyncExitStack() as stack:
        folder = Path(args.folder or stack.enter_context(TemporaryDirectory()))
        server = server_or_skip(args.server) if args.processes > 1 else None
        url = await stack.enter_async_context(database(server))
        faults = {fault: getattr(args, fault.value) for fault in Fault if server}
        faults[Fault.KILL] = args.kills or (20 if server else 100)
        return await Run(
            url=url,
            folder=folder,
            processes=args.processes,
            alerts=args.deliveries,
            digests=args.digests,
            faults=faults,
            dice=random.Random(args.seed),
            say=say,
            roles=tuple(args.roles.split(";")),
            skew_seconds=args.skew,
        ).run()


def main() -> int:
    options = parser(__doc__, server=True)
    options.add_argument("--kills", type=int, help="100; 20 with several processes")
    options.add_argument("--deliveries", type=int, default=5_000, help="alerts in all")
    options.add_argument("--digests", type=int, default=200)
    options.add_argument("--seed", type=int, default=0, help="of the random moments")
    options.add_argument("--folder", help="keeps the output of the processes")
    several = options.add_argument_group("several processes on PostgreSQL")
    several.add_argument("--processes", type=int, default=1)
    several.add_argument("--roles", default="", help="of each process, between semicolons")
    several.add_argument("--pauses", type=int, default=3, help="of a process, past its leases")
    several.add_argument("--cuts", type=int, default=20, help="of connections, by the database")
    several.add_argument("--drops", type=int, default=3, help="of all connections")
    several.add_argument("--silences", type=int, default=3, help="of the network, some seconds")
    several.add_argument("--skew", type=int, default=0, help="seconds by which clocks are off")
    several.add_argument("--steps", type=int, default=0, help="of a clock, by up to 5 minutes")
    outcome = asyncio.run(run(options.parse_args()))
    print_json("chaos", **outcome.to_json())
    return 0 if outcome.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
