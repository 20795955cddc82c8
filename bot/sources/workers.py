"""Worker processes: started on demand, killed at their limit, ended when idle.

One bad document costs its own worker at most: the others go on, and the next document gets a new
one. Workers have their own session and an empty environment, so neither a Ctrl-C nor a secret
reaches them.
"""

import asyncio
import contextlib
import json
import os
import signal
import struct
import sys
from dataclasses import dataclass, field
from typing import Any, Self

from bot.sources.formats.records import Unreadable
from bot.sources.frames import frame

_MOST_DOCUMENTS = 500  # then a new one, since parsers leak
_LENGTH = struct.Struct(">I")


class Worker:
    """One process; asks one question at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._asked = 0
        self._is_retired = False

    @classmethod
    async def start(cls) -> Self:
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot.sources.worker"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                    "PYTHONUTF8": "1",
                    "OPENBLAS_NUM_THREADS": "1",  # each thread would reserve memory of its own
                },
                start_new_session=True,
            )
        )

    @property
    def is_usable(self) -> bool:
        is_alive = self._process.returncode is None and not self._is_retired
        return is_alive and self._asked < _MOST_DOCUMENTS

    async def ask(
        self, task: str, data: bytes, facts: dict[str, str], seconds: float
    ) -> dict[str, Any]:
        """The worker's answer; EOFError or ConnectionError if it died over the question.

        It ends by itself a little after *seconds*, should nobody be left to end it.
        """
        self._asked += 1
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ConnectionError
        head = {"task": task, "facts": facts, "length": len(data), "seconds": seconds}
        stdin.write(frame(head))
        stdin.write(data)
        await stdin.drain()
        parts: list[Any] = []
        while "part" in (answer := await _read(stdout)):
            parts += answer["part"]
            await asyncio.sleep(0)
        return answer | {"found": parts + answer["found"]} if parts else answer

    def retire(self) -> None:
        """Kill it: it holds nothing that is worth a goodbye. `end` is still owed."""
        self._is_retired = True
        if self._process.returncode is None:
            # Not its own `kill`, which looks first whether it has ended, and so takes the answer
            # away from the loop that waits for it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    async def end(self) -> None:
        self.retire()
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
            with contextlib.suppress(ConnectionError):
                await self._process.stdin.wait_closed()


async def _read(stream: asyncio.StreamReader) -> dict[str, Any]:
    (length,) = _LENGTH.unpack(await stream.readexactly(_LENGTH.size))
    message: dict[str, Any] = json.loads(await stream.readexactly(length))
    return message


@dataclass(slots=True)
class Workers:
    """At most *most* workers; who comes later waits for its turn."""

    most: int = 2
    seconds: float = 10
    idle_seconds: float = 60
    _free: list[Worker] = field(default_factory=list)
    _alive: set[Worker] = field(default_factory=set)
    _slots: asyncio.Semaphore = field(init=False)
    _idle_timer: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.most)

    async def read(self, task: str, data: bytes, **facts: str) -> Any:
        """What a worker finds in *data*, as JSON has it; raises `Unreadable`."""
        async with self._slots:
            worker = await self._take()
            try:
                async with asyncio.timeout(self.seconds):
                    answer = await worker.ask(task, data, facts, self.seconds)
            except TimeoutError:
                raise Unreadable(
                    f"Reading this takes longer than {self.seconds:g} seconds.", "time_out"
                ) from None
            except (EOFError, ConnectionError, ValueError):
                raise Unreadable("Reading this broke the reader.", "memory") from None
            else:
                # What it has not given back would be missing for the next document.
                if answer.get("reason") != "memory":
                    self._free.append(worker)
            finally:
                if worker not in self._free:
                    await self._end(worker)
        self._watch_idle()
        if "unreadable" in answer:
            raise Unreadable(answer["unreadable"], answer["reason"])
        return answer["found"]

    async def close(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._free.clear()
        for worker in tuple(self._alive):  # those too that still read
            await self._end(worker)

    async def _take(self) -> Worker:
        while self._free:
            worker = self._free.pop()
            if worker.is_usable:
                return worker
            await self._end(worker)
        worker = await Worker.start()
        self._alive.add(worker)
        return worker

    async def _end(self, worker: Worker) -> None:
        self._alive.discard(worker)
        await worker.end()

    def _watch_idle(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        loop = asyncio.get_running_loop()
        self._idle_timer = loop.call_later(self.idle_seconds, self._retire_free)

    def _retire_free(self) -> None:
        for worker in self._free:
            worker.retire()
