"""So many processes of the real program beside each other, and what they use."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen
from threading import Thread

from benchmarks.delivering.sending import TOKEN

_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def running(
    count: int, roles: str, folder: Path, settings: Mapping[str, str]
) -> Iterator[list[int]]:
    """Yield the numbers of *count* processes with these *roles*, all of them ready."""
    settings = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(Path.cwd()), *sys.path])),
        "BOT_TOKEN": TOKEN,
        "ALLOWED_NETWORKS": "127.0.0.0/8",
        "WEB_PORT": "0",
        "SEND_PER_SECOND": "1000",
        "ROLES": roles,
        **settings,
    }
    command = [sys.executable, "-m", "bot", "run"]
    started = [
        Popen(command, stdout=PIPE, stderr=STDOUT, cwd=folder, env=settings, text=True)  # noqa: S603 - ours
        for _ in range(count)
    ]
    try:
        for process in started:
            _until_ready(process)
        yield [process.pid for process in started]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def _until_ready(process: "Popen[str]") -> None:
    said = []
    for line in process.stdout or ():
        said.append(line)
        if " ready " in line:
            # A process that says more is read to the end, so that it never waits for us.
            Thread(target=(process.stdout or sys.stdin).read, daemon=True).start()
            return
    raise SystemExit("it did not start:\n" + "".join(said))


def cpu_seconds(pids: list[int]) -> float:
    fields = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids)
    return sum(sum(map(int, each[11:15])) for each in fields) / _TICKS
