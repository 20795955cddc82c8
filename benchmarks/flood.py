"""How long a calm person waits for an answer, while another one sends a flood.

    python -m benchmarks.flood [--rate 1000] [--seconds 20]

The real program, polling a playground; the playground, the flooder and the calm person are in this
process, so that they do not share its event loop. The calm one asks for something once in 1.2
seconds, first alone and then beside *rate* messages a second of the other, and waits each time
until the answer stands in the chat. Under a load from elsewhere compare the two rows, not the
figures. The last line is JSON.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bot.playground.users.chats import User
from tests.local_playground import LocalPlayground

TOKEN = "1:playground"
BETWEEN = 1.2  # seconds; more than one reply a second is not sent to one chat
TICK = 0.01
PATIENCE = 120.0

Row = dict[str, object]


async def measure(rate: int, seconds: float) -> list[Row]:
    async with (
        LocalPlayground(flood="off", token=TOKEN) as playground,
        running(playground.base_url) as process,
    ):
        calm, eve = playground.user("Ann"), playground.user("Eve")
        await answered(playground, calm)  # it has started
        rows = [await beside(playground, calm, eve, process, 0, seconds)]
        rows.append(await beside(playground, calm, eve, process, rate, seconds))
    return rows


@asynccontextmanager
async def running(telegram: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the program on a database of its own, in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "BOT_TOKEN": TOKEN,
            "BOT_API_URL": telegram,
            "ACCESS": "open",
            "WEB_PORT": str(free_port()),
            "PYTHONPATH": str(Path(__file__).parent.parent),
            "PATH": os.defpath,
            "HOME": folder,
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"),
            cwd=folder,
            env=settings,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def beside(
    playground: LocalPlayground,
    calm: User,
    eve: User,
    process: asyncio.subprocess.Process,
    rate: int,
    seconds: float,
) -> Row:
    """Ask for *seconds* while Eve sends *rate* messages a second."""
    over = asyncio.Event()
    used, before = cpu_seconds(process.pid), warnings(playground, eve)
    async with asyncio.TaskGroup() as group:
        flooding = group.create_task(flood(playground, eve, rate, over))
        took = []
        started = time.perf_counter()
        while time.perf_counter() - started < seconds:
            took.append(await answered(playground, calm))
            await asyncio.sleep(BETWEEN)
        over.set()
    lasted = time.perf_counter() - started
    return {
        "sent_a_second": round(flooding.result() / lasted),
        "asked": len(took),
        "median_ms": round(median(took) * 1e3),
        "worst_ms": round(max(took) * 1e3),
        "waiting_at_the_end": len(playground.world.updates),
        "warnings_to_the_flooder": warnings(playground, eve) - before,
        "cpu_percent": round(100 * (cpu_seconds(process.pid) - used) / lasted),
        "memory_mb": memory_mb(process.pid),
    }


async def flood(playground: LocalPlayground, eve: User, rate: int, over: asyncio.Event) -> int:
    sent, started = 0, time.perf_counter()
    while not over.is_set():
        while sent < (time.perf_counter() - started) * rate:
            playground.send(eve, f"Taiwan OR word{sent}")
            sent += 1
        await asyncio.sleep(TICK)
    return sent


async def answered(playground: LocalPlayground, calm: User) -> float:
    """Return the seconds until an answer stands in the chat."""
    before = max((m["version"] for m in playground.messages(calm)), default=0)
    started = time.perf_counter()
    playground.send(calm, "/topics")
    async with asyncio.timeout(PATIENCE):
        while not any(m["from"]["is_bot"] for m in playground.messages(calm, before)):
            await playground.world.events.wait(playground.world.events.last)
    return time.perf_counter() - started


def warnings(playground: LocalPlayground, eve: User) -> int:
    calls = playground.journal("sendMessage")
    return len([call for call in calls if str(call["params"].get("chat_id")) == str(eve.id)])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rate", type=int, default=1_000, help="messages a second")
    parser.add_argument("--seconds", type=float, default=20)
    asked = parser.parse_args()
    rows = asyncio.run(measure(asked.rate, asked.seconds))
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=140).print(table)
    print(json.dumps({"bench": "flood", "rows": rows}))


if __name__ == "__main__":
    main()
