"""Waiting that ends when the process stops."""

import asyncio

import pytest

from bot.tasks import sleep_until, work_until


async def test_a_wait_ends_at_the_stop():
    stopping = asyncio.Event()
    stopping.set()

    await sleep_until(stopping, 3600)

    assert await work_until(stopping, asyncio.sleep(3600, "never")) is None


async def test_the_result_of_the_work_is_returned():
    assert await work_until(asyncio.Event(), asyncio.sleep(0, "here")) == "here"


async def test_an_error_of_the_work_is_raised():
    async def broken() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await work_until(asyncio.Event(), broken())
