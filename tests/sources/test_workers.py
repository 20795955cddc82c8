import asyncio
import os
import sys
from pathlib import Path

import pytest

from bot.sources.documents import NeedsWorker, Shape
from bot.sources.reading import Reader
from bot.sources.records import Unreadable
from bot.sources.workers import Workers

TEXT = NeedsWorker(
    Shape.TEXT, "Ferry late\n\n2 March 2026\n\nThe ferry was late because of the fog."
)
SLOW = NeedsWorker(
    Shape.FEED,
    "<rss><channel><item " + " ".join(f'a{n}="1"' for n in range(60_000)) + "><title>x</title>",
)


async def test_a_document_that_takes_too_long_is_given_up_and_the_next_is_read():
    workers = Workers(most=1, seconds=1)
    try:
        with pytest.raises(Unreadable) as refused:
            await workers.read(SLOW, "")
        workers.seconds = 60
        document = await workers.read(TEXT, "")
    finally:
        await workers.close()

    assert refused.value.reason == "time_out"
    assert document.items[0].title == "Ferry late"


async def test_a_slow_document_does_not_delay_another():
    workers = Workers(most=2, seconds=60)
    try:
        async with asyncio.TaskGroup() as group:
            slow = group.create_task(workers.read(SLOW, ""))
            document = await workers.read(TEXT, "")
            was_waiting = not slow.done()
            slow.cancel()
    finally:
        await workers.close()

    assert document.items
    assert was_waiting


async def test_a_worker_is_used_again_and_none_is_left_behind():
    workers = Workers()
    await workers.read(TEXT, "")
    first = workers._free[0]
    await workers.read(TEXT, "")
    again = workers._free[0]
    process = again._process
    await workers.close()

    assert again is first
    assert process.returncode is not None


async def test_an_idle_worker_leaves_and_a_new_one_comes():
    workers = Workers(idle_seconds=0)
    try:
        await workers.read(TEXT, "")
        first = workers._free[0]._process
        await first.wait()
        document = await workers.read(TEXT, "")
    finally:
        await workers.close()

    assert document.items


async def test_a_worker_knows_nothing_of_our_environment(monkeypatch):
    monkeypatch.setenv("BOT_TOKEN", "1:secret")
    workers = Workers()
    try:
        await workers.read(TEXT, "")
        pid = workers._free[0]._process.pid
        environment = await asyncio.to_thread(Path(f"/proc/{pid}/environ").read_bytes)
    finally:
        await workers.close()

    assert b"secret" not in environment
    assert os.getsid(0) != pid


async def test_the_reader_gives_each_shape_to_its_reader():
    page = (
        b"<html lang='en'><title>Fog - Harbour</title><h1>Fog in harbour</h1><article><p>"
        + b"The fog lay over the bay for a week and nobody could see the old bridge. " * 5
        + b"</p></article></html>"
    )
    async with Reader() as reader:
        kinds = [
            (await reader.read(data, url="https://ex.org/")).kind
            for data in (
                page,
                TEXT.text.encode(),
                b"<!DOCTYPE rss><rss version='2.0'><channel/></rss>",
            )
        ]

    assert kinds == ["page", "text", "feed"]


async def test_no_worker_is_left_when_it_closes_over_a_document():
    workers = Workers(seconds=60)
    reading = asyncio.create_task(workers.read(SLOW, ""))
    while not workers._alive:  # noqa: ASYNC110 - there is no event for a process that starts
        await asyncio.sleep(0)
    (worker,) = workers._alive

    await workers.close()

    assert worker._process.returncode is not None
    with pytest.raises(Unreadable):
        await reading


PARENT = """
import asyncio
from bot.sources.workers import Workers
from tests.sources.test_workers import SLOW, TEXT

async def main():
    workers = Workers(seconds=1)
    await workers.read(TEXT, "")
    print(workers._free[0]._process.pid, flush=True)
    workers.seconds = {seconds}
    await workers.read({document}, "")
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "document", [pytest.param("TEXT", id="idle"), pytest.param("SLOW", id="at work")]
)
async def test_no_worker_outlives_a_parent_that_is_killed(document: str):
    code = PARENT.format(seconds=1, document=document)
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout
    worker = os.pidfd_open(int(await parent.stdout.readline()))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(worker, ended.set)

    parent.kill()
    await parent.wait()

    await ended.wait()
    asyncio.get_running_loop().remove_reader(worker)
    os.close(worker)
    assert ended.is_set()
