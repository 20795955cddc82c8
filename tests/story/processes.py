"""Commands of ours as processes of their own, in an environment that holds nothing but settings."""

import asyncio
import itertools
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.secrecy import assert_keeps, assert_keeps_the_key

PATIENCE = 240  # seconds; only what hangs waits so long, however much else the machine has to do
# Where our packages are, if they are not installed.
_WHERE = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
MUCH = 2**24  # bytes; whatever it says fits, so that it never waits for us to read


# Below those that systems hand out: no connection takes one before the server that it is meant for.
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
    """A running command, and what of its output (both streams in one) has been read so far."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    async def said(self, words: str) -> str:
        """Return the first line that holds *words*, once it is there."""
        found = next((line for line in self.lines if words in line), None)
        async with asyncio.timeout(PATIENCE):
            while found is None and (line := await self._next()) is not None:
                found = line if words in line else None
        assert found is not None, f"it never said {words!r}:\n{self.output}"
        return found

    async def ended(self) -> int:
        """Wait until it has ended by itself; return its exit code."""
        async with asyncio.timeout(PATIENCE):
            await self._read_rest()
            return await self.process.wait()

    async def stop(self) -> None:
        """Ask it to stop; it must end well."""
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(PATIENCE):
            await self.process.wait()
        await self._read_rest()
        assert self.process.returncode == 0, self.output
        assert "Traceback" not in self.output, self.output

    async def kill(self) -> None:
        """End it without a warning, and its workers with it."""
        os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()

    async def killed_output(self) -> str:
        """End it, and return all that it said."""
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


@asynccontextmanager
async def running(*arguments: str, folder: Path, **settings: str) -> AsyncIterator[Command]:
    """Run `python -m …` in *folder*; it is killed where it outlives the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", *arguments),
        cwd=folder,
        env={"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8", **_WHERE, **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=MUCH,
    )
    command = Command(process)
    try:
        yield command
    except BaseException:
        print(arguments, await command.killed_output())  # noqa: T201 - pytest shows it with the failure
        raise
    finally:
        if process.returncode is None:
            await command.kill()
        assert_keeps_the_key(folder, command.output)


@dataclass(frozen=True)
class Workplace:
    """An empty folder to run `dateline` in, where no `.env` is; each run has ports of its own."""

    folder: Path

    def dateline(self, *arguments: str, **settings: object) -> AbstractAsyncContextManager[Command]:
        """Run a command; *settings* by their names in lower case."""
        ports = {"web_port": free_port(), "playground_port": free_port()}
        named = {name.upper(): str(value) for name, value in (ports | settings).items()}
        return running("bot", *arguments, folder=self.folder, **named)
