"""Commands in processes of their own, whose environment holds nothing but settings."""

import asyncio
import itertools
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.forks import BUFFER, Fork
from tests.secrecy import assert_keeps, assert_keeps_the_key

PATIENCE = 240  # seconds; long enough that only a hang exceeds it on a busy machine
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
    """Run `python -m …` in *folder*, with its modules; kill it if it outlives the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", *arguments),
        cwd=folder,
        env=_PYTHONPATH | _environment(folder, settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=BUFFER,
    )
    async with _ended(Command(process), folder) as command:
        yield command


@asynccontextmanager
async def forked(*arguments: str, folder: Path, **settings: str) -> AsyncIterator[Command]:
    """Do the same in a process that has imported the bot, which saves two seconds."""
    environment = _environment(folder, settings)
    process = await Fork.start(*arguments, folder=folder, environment=environment)
    async with _ended(Command(process), folder) as command:
        yield command


def _is_read_at_a_start(variable: str) -> bool:
    """Return whether the loader, Python or an import reads the *variable*."""
    return variable.startswith(("LD_", "PYTHON", "SSL_"))


def _environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8", **settings}


@asynccontextmanager
async def _ended(command: Command, folder: Path) -> AsyncIterator[Command]:
    try:
        yield command
    except BaseException:
        print(await command.killed_output())  # noqa: T201 - pytest shows it with the failure
        raise
    finally:
        if command.process.returncode is None:
            await command.kill()
        assert_keeps_the_key(folder, command.output)


@dataclass(frozen=True)
class Workplace:
    """An empty folder without an `.env` to run `dateline` in; each run has ports of its own."""

    folder: Path

    def dateline(self, *arguments: str, **settings: object) -> AbstractAsyncContextManager[Command]:
        """Run a command with *settings*, named in lower case."""
        ports = {"web_port": free_port(), "playground_port": free_port()}
        named = {name.upper(): str(value) for name, value in (ports | settings).items()}
        start = running if any(map(_is_read_at_a_start, named)) else forked
        return start("bot", *arguments, folder=self.folder, **named)

    async def add_source(self, url: str, **settings: object) -> None:
        """Add a source that is read every second."""
        async with self.dateline("sources", "add", url, "--every", "1s", **settings) as command:
            assert await command.exit_code() == 0, command.output
