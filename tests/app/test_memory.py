import asyncio
import gc
import platform
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from bot.app.memory import (
    COLLECTED_AT_ONCE,
    collect_all,
    collect_recent,
    postpone_collection,
    start_collection,
)


class Cycle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def thawed() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.enable()
    gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("thawed")
def test_the_collector_starts_after_the_start_and_not_for_a_single_message():
    postpone_collection()
    assert not gc.isenabled()

    start_collection()

    assert gc.isenabled()
    assert gc.get_threshold()[0] == COLLECTED_AT_ONCE


@pytest.mark.usefixtures("thawed")
def test_objects_of_the_start_are_exempt_from_collections():
    started = Cycle()
    seen = weakref.ref(started)
    del started

    start_collection()
    gc.collect()

    assert seen() is not None


@pytest.mark.usefixtures("thawed")
async def test_an_exempt_cycle_is_collected_in_the_end():
    cycle = Cycle()
    seen = weakref.ref(cycle)
    start_collection()
    del cycle

    await collect_recent()
    kept = seen() is not None
    await collect_all()

    assert kept
    assert seen() is None


@pytest.mark.usefixtures("thawed")
async def test_a_connection_that_is_open_during_a_collection_is_freed_by_the_next():
    start_collection()
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        await reader.read()
        transport = weakref.ref(writer.transport)
        await collect_recent()
        writer.close()
        await writer.wait_closed()
        del reader, writer

        await collect_recent()

    assert transport() is None


PROGRAM = """
import ctypes, threading
from bot.app.memory import share_arena
share_arena()
libc = ctypes.CDLL(None)
threads = [threading.Thread(target=libc.malloc, args=(1000,)) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc.malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_threads_share_one_arena():
    command = [sys.executable, "-c", PROGRAM]

    stats = subprocess.run(command, capture_output=True, text=True, check=True).stderr

    assert "Arena 0:" in stats
    assert "Arena 1:" not in stats
