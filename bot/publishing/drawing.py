"""Drawing in a process of its own, started on demand and ended when idle.

A thread would do for the event loop, but matplotlib is not safe in several, takes a second of the
interpreter's lock to import and a sixth for a picture, and never gives its 60 MB back.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import struct
import sys
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from bot.publishing.charts import Band

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 20.0
IDLE_SECONDS = 60.0
_LARGEST = 5_000_000
_LENGTH = struct.Struct(">I")  # of a picture, before it


@dataclass(slots=True, eq=False)
class Drawing:
    """`async with Drawing() as drawing:` as long as there may be something to draw."""

    patience: float = PATIENCE_SECONDS
    idle: float = IDLE_SECONDS
    command: tuple[str, ...] = (sys.executable, "-m", "bot.publishing.drawer")
    _process: asyncio.subprocess.Process | None = None
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    _leaving: set[asyncio.subprocess.Process] = field(default_factory=set)
    _idle_timer: asyncio.TimerHandle | None = None

    async def draw(self, days: Sequence[str], bands: Sequence[Band]) -> bytes | None:
        """Return the PNG, or None: a digest goes without its picture rather than not at all."""
        question = json.dumps({"days": list(days), "bands": [asdict(band) for band in bands]})
        async with self._one_at_a_time:
            self._stay()
            try:
                async with asyncio.timeout(self.patience):
                    return await self._ask(question)
            except (OSError, EOFError, TimeoutError) as error:
                log.warning("a picture could not be drawn", error=repr(error))
                await self._end()
                return None
            finally:
                self._leave_later()

    async def _ask(self, question: str) -> bytes:
        process = self._process or await self._started()
        assert process.stdin is not None  # noqa: S101 - they are pipes
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(question.encode() + b"\n")
        await process.stdin.drain()
        (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
        return await process.stdout.readexactly(min(length, _LARGEST))

    async def _started(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            *self.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
        return self._process

    def _stay(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()

    def _leave_later(self) -> None:
        self._idle_timer = asyncio.get_running_loop().call_later(self.idle, self._close_input)

    def _close_input(self) -> None:
        """It ends by itself at the end of its input; the next question starts another."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            # Those that have ended by now need nobody to wait for them.
            self._leaving = {each for each in self._leaving if each.returncode is None} | {process}

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._stay()
        await self._end()
        for process in self._leaving:
            await process.wait()


def _environment() -> dict[str, str]:
    """Return nothing of ours but where its code is; matplotlib keeps its list of fonts at home."""
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONUTF8": "1",
        "HOME": os.path.expanduser("~"),  # noqa: PTH111 - `Path.home` fails where there is none
        "OPENBLAS_NUM_THREADS": "1",  # each thread would reserve memory of its own
    }
