"""Compiling all queries in a process of its own, while this one serves people."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from typing import BinaryIO

from bot.matching.engine.snapshot import Snapshot, Unusable, read


class NotBuilt(Exception):  # noqa: N818 - it says what became of it
    """The process was killed, as for want of memory, or could not be started."""


async def built(number: int, pages: AsyncIterator[Sequence[tuple[int, str]]]) -> Snapshot:
    """The index of the *pages* of queries, by id, as they were after the change *number*."""
    try:
        with tempfile.TemporaryFile() as answer:
            await _build(number, pages, answer.fileno())
            return await asyncio.to_thread(_taken, answer)
    except (OSError, Unusable) as error:
        raise NotBuilt(str(error)) from error


def _taken(answer: BinaryIO) -> Snapshot:
    """Close it too: to drop so large a file takes as long as the event loop may be held."""
    with answer:
        answer.seek(0)
        return read(answer)


async def _build(number: int, pages: AsyncIterator[Sequence[tuple[int, str]]], answer: int) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.matching.builder", str(number)),
        stdin=asyncio.subprocess.PIPE,
        stdout=answer,
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"},
        start_new_session=True,
    )
    try:
        await _tell(process, pages)
        if code := await process.wait():
            raise NotBuilt(f"its process ended with {code}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _tell(
    process: asyncio.subprocess.Process, pages: AsyncIterator[Sequence[tuple[int, str]]]
) -> None:
    if process.stdin is None:
        raise AssertionError  # it is a pipe
    async for page in pages:
        process.stdin.write(json.dumps(page).encode() + b"\n")
        await process.stdin.drain()
    process.stdin.close()
    await process.stdin.wait_closed()
