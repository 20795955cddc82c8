"""Processes that begin with the bot imported, which takes seconds; a server forks them."""

import asyncio
import multiprocessing
import os
import runpy
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.imported_bot"])
BUFFER = 2**24  # bytes; large enough that a process never waits for its output to be read
_READY = b"\n"


class Fork:
    """A module that runs as by `python -m`, with what we use of `asyncio.subprocess.Process`."""

    def __init__(self, process: ForkServerProcess, stdout: asyncio.StreamReader) -> None:
        self._process = process
        self._ended = asyncio.Event()
        self.stdout = stdout
        asyncio.get_running_loop().add_reader(process.sentinel, self._end)

    @classmethod
    async def start(cls, *arguments: str, folder: Path, environment: Mapping[str, str]) -> "Fork":
        """Run a module with arguments, in a session of its own; stderr goes to stdout."""
        output, written = FORKS.Pipe(duplex=False)
        stdout = asyncio.StreamReader(limit=BUFFER)
        with output, written:
            process = FORKS.Process(target=_run, args=(arguments, folder, environment, written))
            await asyncio.to_thread(process.start)  # the first waits for the server
            await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(stdout),
                os.fdopen(os.dup(output.fileno()), "rb", buffering=0),
            )
        fork = cls(process, stdout)
        assert await stdout.readexactly(len(_READY)) == _READY
        return fork

    @property
    def pid(self) -> int:
        assert self._process.pid
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._ended.set()


def _run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], output: Connection
) -> None:
    """Become `python -m` with *arguments*, in a session that can be killed once it is ready."""
    os.setsid()
    os.write(output.fileno(), _READY)
    for number in (1, 2):
        os.dup2(output.fileno(), number)
    output.close()
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    module, *sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)
