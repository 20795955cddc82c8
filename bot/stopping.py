"""Waiting that ends early when the process stops, and the errors of concurrent tasks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

Result = TypeVar("Result")


async def work_until(
    stopping: asyncio.Event, work: Coroutine[object, object, Result]
) -> Result | None:
    """Return the result of *work*; once *stopping* is set, cancel *work* and return None."""
    async with asyncio.TaskGroup() as group:
        working = group.create_task(_outcome(work))
        stop = group.create_task(stopping.wait())
        await asyncio.wait((working, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not working.done():
            working.cancel()
            return None
    result, error = working.result()
    if error:
        raise error
    return result


async def _outcome(
    work: Coroutine[object, object, Result],
) -> tuple[Result | None, Exception | None]:
    """Return an error as a value, so that a task group does not wrap it."""
    try:
        return await work, None
    except Exception as error:  # noqa: BLE001 - `work_until` raises it again
        return None, error


async def sleep_until(stopping: asyncio.Event, seconds: float) -> None:
    """Sleep for *seconds*, or until *stopping* is set."""
    await work_until(stopping, asyncio.sleep(seconds))


def flat_errors(error: Exception) -> list[Exception]:
    """Return the errors in a group, at any depth; a single error is returned alone."""
    if isinstance(error, ExceptionGroup):
        return [each for inner in error.exceptions for each in flat_errors(inner)]
    return [error]
