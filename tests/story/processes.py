"""Commands in processes of their own, whose environment holds nothing but settings.

They are forked from a process that has imported the bot, unless the interpreter itself, or the
libraries that it loads, are to find something in the environment.
"""

import asyncio
import itertools
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.forks import BUFFER, Fork
from tests.secrecy import assert_keeps, assert_keeps_the_key

PATIENCE = 240  # seconds; long enough that only a hang exceeds it on a busy machine
# SSL: aiohttp reads the certificates when it is imported.
_READ_AT_ITS_START = ("LD_", "PYTHON", "SSL_")
# Where the packages are, if they are not installed.
_PYTHONPATH = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}

# Below the ephemeral ports, so that no connection takes one before its server does.
_ports = itertools.cycle(random.sample(range(10_000, 32_000), 10_000))


def free_port() -> int:
    return next(port for port in _ports if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass(eq=False)
class Command:
    """A running command, and the lines of its output (stdout and stderr) read so far."""

    process: asyncio.subprocess.Process | Fork
    lines: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    async def wait_for(self, *words: str) -> str:
        """Wait for a line that holds all *words*, and return the first."""
        match = next((line for line in self.lines if _holds(line, words)), None)
        async with asyncio.timeout(PATIENCE):
            while match is None and (line := await self._next()) is not None:
                match = line if _holds(line, words) else None
        assert match is not None, f"no line holds {words!r}:\n{self.output}"
        return match

    async def exit_code(self) -> int:
        """Wait until the process ends by itself."""
        async with asyncio.timeout(PATIENCE):
            await self._read_rest()
            return await self.process.wait()

    async def stop(self) -> None:
        """Terminate the process, and assert that it shuts down without an error."""
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(PATIENCE):
            await self.process.wait()
        await self._read_rest()
        assert self.process.returncode == 0, self.output
        assert "Traceback" not in self.output, self.output

    async def kill(self) -> None:
        """Kill the process and its workers."""
        os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()

    async def killed_output(self) -> str:
        """Kill the process, and return its whole output."""
        if self.process.returncode is None:
            await self.kill()
        await self._read_rest()
        return self.output

    async def _read_rest(self) -> None:
        while await self._next() is not None:
            pass

    async def _next(self) -> str | None:
        assert self.process.stdout
        line = await self.process.stdout.readline()
        if not line:
            return None
        self.lines.append(line.decode().rstrip())
        assert_keeps(self.lines[-1])
        return self.lines[-1]


def _holds(line: str, words: Iterable[str]) -> bool:
    return all(part in line for part in words)


@asynccontextmanager
async def running(*arguments: str, folder: Path, **settings: str) -> AsyncIterator[Command]:
    """Run `python -m …` in *folder*; kill it if it outlives the block."""
    environment = {"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8", **settings}
    if any(name.startswith(_READ_AT_ITS_START) for name in environment):
        command = Command(await _execute(*arguments, folder=folder, environment=environment))
    else:
        fork = await Fork.start(*arguments, folder=folder, environment=environment)
        command = Command(fork)
    try:
        yield command
    except BaseException:
        print(arguments, await command.killed_output())  # noqa: T201 - pytest shows it with the failure
        raise
    finally:
        if command.process.returncode is None:
            await command.kill()
        assert_keeps_the_key(folder, command.output)


async def _execute(
    *arguments: str, folder: Path, environment: dict[str, str]
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", *arguments),
        cwd=folder,
        env=_PYTHONPATH | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=BUFFER,
    )


@dataclass(frozen=True)
class Workplace:
    """An empty folder without an `.env` to run `dateline` in; each run has ports of its own."""

    folder: Path

    def dateline(self, *arguments: str, **settings: object) -> AbstractAsyncContextManager[Command]:
        """Run a command with *settings*, named in lower case."""
        ports = {"web_port": free_port(), "playground_port": free_port()}
        named = {name.upper(): str(value) for name, value in (ports | settings).items()}
        return running("bot", *arguments, folder=self.folder, **named)

    async def add_source(self, url: str, **settings: object) -> None:
        """Add a source that is read every second."""
        async with self.dateline("sources", "add", url, "--every", "1s", **settings) as command:
            assert await command.exit_code() == 0, command.output
