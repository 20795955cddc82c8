"""Trouble at random moments over deliveries and due digests; what was lost, what came twice.

    python -m benchmarks.chaos [--kills 100] [--deliveries 5000] [--digests 200] [--database URL]
    python -m benchmarks.chaos --processes 4 [--kills 20] [--pauses 3] [--cuts 20] [--drops 3]
                          [--silences 3] [--skew 300] [--steps 10]
                          [--roles "chat,poll;match,publish;send;send"]

Each kill is SIGKILL to the process group of a real `dateline run`; a playground in a process of its
own counts what arrives. Several processes share a PostgreSQL (`--database`, an empty one, or one of
its own on the server that DATELINE_TEST_POSTGRESQL names); besides kills there are pauses past each
lease, connections that the database or the network ends, a network that says nothing for a while,
and clocks that differ or are set. The last line is JSON; the exit code is 1 if anything was lost or
decided twice, if more than 1 % is held, if more came twice than was in flight, if a repeat was
heard, or if the pace was not kept.
"""

import argparse
import asyncio
import json
import os
import random
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.chaos.databases import own_database
from benchmarks.chaos.killing import Run
from benchmarks.chaos.together import Outcome, Together
from benchmarks.chaos.troubles import Trouble
from storage.schema import migrate

KILLS, KILLS_OF_SEVERAL = 100, 20


def main() -> int:
    asked = _parser().parse_args()
    with TemporaryDirectory() as folder:
        if asked.processes > 1:
            return _several(asked, Path(asked.folder or folder))
        return _one(asked, Path(folder))


def _one(asked: argparse.Namespace, folder: Path) -> int:
    run = Run(
        kills=KILLS if asked.kills is None else asked.kills,
        alerts=asked.deliveries,
        digests=asked.digests,
        database=asked.database or f"sqlite+aiosqlite:///{folder}/chaos.sqlite3",
        folder=folder,
        dice=random.Random(asked.seed),
        say=_say,
    )
    verdict, loud_repeats = asyncio.run(run.run())
    if loud_repeats:
        _say(f"{loud_repeats} repeats were heard")
    sys.stdout.write(json.dumps(verdict.to_json()) + "\n")
    return 0 if verdict.is_good and not loud_repeats else 1


def _several(asked: argparse.Namespace, folder: Path) -> int:
    outcome = asyncio.run(_together(asked, folder))
    sys.stdout.write(json.dumps(outcome.to_json()) + "\n")
    return 0 if outcome.is_good else 1


async def _together(asked: argparse.Namespace, folder: Path) -> Outcome:
    async with AsyncExitStack() as stack:
        if database := asked.database:
            await migrate(database)
        else:
            server = os.environ.get("DATELINE_TEST_POSTGRESQL")
            if not server:
                raise SystemExit("Give --database, or a server in DATELINE_TEST_POSTGRESQL.")
            database = await stack.enter_async_context(own_database(server))
        wanted = {each: getattr(asked, each.value) for each in Trouble}
        wanted[Trouble.KILL] = KILLS_OF_SEVERAL if asked.kills is None else asked.kills
        return await Together(
            database=database,
            folder=folder,
            processes=asked.processes,
            alerts=asked.deliveries,
            digests=asked.digests,
            wanted=wanted,
            dice=random.Random(asked.seed),
            say=_say,
            roles=tuple(asked.roles.split(";")),
            skew_seconds=asked.skew,
        ).run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, help=f"{KILLS}; of several {KILLS_OF_SEVERAL}")
    parser.add_argument("--deliveries", type=int, default=5_000, help="alerts, in all")
    parser.add_argument("--digests", type=int, default=200)
    parser.add_argument("--database", metavar="URL", help="an empty one; else one of its own")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    several = parser.add_argument_group("with several processes, on PostgreSQL")
    several.add_argument("--processes", type=int, default=1)
    several.add_argument("--roles", default="", help="of each process, between semicolons")
    several.add_argument("--pauses", type=int, default=3, help="of a process, past its leases")
    several.add_argument("--cuts", type=int, default=20, help="of connections, by the database")
    several.add_argument("--drops", type=int, default=3, help="of all connections")
    several.add_argument("--silences", type=int, default=3, help="of the network, some seconds")
    several.add_argument("--skew", type=int, default=0, help="seconds that clocks are off by")
    several.add_argument("--steps", type=int, default=0, help="of a clock, by up to 5 minutes")
    several.add_argument("--folder", help="where to leave what they said")
    return parser


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
