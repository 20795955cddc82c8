"""Runs long work in slices, so that the event loop gets its turn within a few milliseconds.

A function that works in slices is a generator. It yields after about a millisecond of work, two at
most, and returns its result at the end.
"""

import asyncio
from collections.abc import Generator
from contextlib import closing
from typing import Final, TypeAlias, TypeVar

_TURN: Final = 0.001  # seconds of work between two turns of the loop

Result = TypeVar("Result")
Slices: TypeAlias = Generator[None, None, Result]


def finished(slices: Slices[Result]) -> Result:
    """Run all slices without a pause, and return the result."""
    while True:
        try:
            next(slices)
        except StopIteration as end:
            result: Result = end.value
            return result


async def in_turns(slices: Slices[Result]) -> Result:
    """Run all slices, and return the result. The event loop gets a turn first and in between."""
    clock = asyncio.get_running_loop().time
    await asyncio.sleep(0)
    began = clock()
    with closing(slices):
        while True:
            try:
                next(slices)
            except StopIteration as end:
                result: Result = end.value
                return result
            if clock() - began > _TURN:
                await asyncio.sleep(0)
                began = clock()
