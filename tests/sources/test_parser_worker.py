import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.sources import parser_worker
from bot.sources.feeds.model import Document, Unreadable
from bot.sources.parser_pool import DocumentReader, Workers

pytestmark = pytest.mark.slow

TEXT = b"Ferry late\n\n2 March 2026\n\nThe ferry was late because of the fog."
# A hundred thousand entries, and the XML is broken: minutes of work for the patient reader.
SLOW = b"<rss><channel>" + b"<item><title>x</title></item>" * 100_000
# Two megabytes of it, which become a tree of half a million parts.
GREEDY = b"<html><title>x</title>" + b"<p>x" * 500_000
SHUT_IN = """
import importlib, os, socket, subprocess, sys, urllib.request
from bot.sources.parser_worker import _shut_in
_shut_in()
try:
    {act}
    print("done")
except BaseException as error:
    print(type(error).__name__)
"""


async def read(workers: Workers, data: bytes) -> Document:
    return await DocumentReader(workers).read(data, url="https://ex.org/", public=True)


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    """Yield one worker that has the time it needs."""
    workers = Workers(most=1, seconds=600)
    yield workers
    await workers.close()


async def test_a_document_that_takes_too_long_is_given_up_and_the_next_is_read(workers):
    workers.seconds = 1
    with pytest.raises(Unreadable) as refused:
        await read(workers, SLOW)
    workers.seconds = 60
    document = await read(workers, TEXT)

    assert refused.value.reason == "time_out"
    assert document.items[0].title == "Ferry late"


async def test_a_document_that_eats_memory_is_refused_and_the_next_is_read(workers):
    await read(workers, TEXT)
    first = workers._free[0]
    with pytest.raises(Unreadable) as refused:
        await read(workers, GREEDY)
    document = await read(workers, TEXT)

    assert refused.value.reason == "memory"
    assert document.items[0].title == "Ferry late"
    assert workers._free[0] is not first


def test_the_log_of_lxml_tells_that_memory_ran_out_where_its_error_does_not(monkeypatch):
    class UnknownError(Exception):
        error_log = (SimpleNamespace(type_name="ERR_NO_MEMORY"),)

    def read(data: bytes) -> None:
        raise UnknownError

    monkeypatch.setitem(parser_worker._TASKS, "read", read)

    assert parser_worker._answer("read", b"", {})["reason"] == "memory"


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        pytest.param("open('written', 'w')", "PermissionError", id="write a file"),
        pytest.param("open('written', 'ab')", "PermissionError", id="add to a file"),
        pytest.param("os.open('written', os.O_CREAT)", "PermissionError", id="make a file"),
        pytest.param("os.remove(__file__)", "PermissionError", id="remove a file"),
        pytest.param("os.rename(__file__, 'x')", "PermissionError", id="rename a file"),
        pytest.param("os.mkdir('folder')", "PermissionError", id="make a folder"),
        pytest.param("os.system('true')", "PermissionError", id="run a program"),
        pytest.param("os.fork()", "PermissionError", id="fork"),
        pytest.param("subprocess.run(['true'])", "PermissionError", id="start a process"),
        pytest.param("socket.create_connection(('127.0.0.1', 9))", "PermissionError", id="connect"),
        pytest.param("socket.getaddrinfo('localhost', 80)", "PermissionError", id="look up a name"),
        pytest.param("urllib.request.urlopen('http://127.0.0.1:9/')", "URLError", id="fetch"),
        pytest.param("bytearray(600_000_000)", "MemoryError", id="take 600 MB"),
        pytest.param("bytearray(300_000_000)", "done", id="take 300 MB"),
        pytest.param("open(__file__).close()", "done", id="read a file"),
        pytest.param("importlib.import_module('wave')", "done", id="import a module"),
    ],
)
async def test_a_worker_cannot(tmp_path, act, outcome):
    assert await shut_in(tmp_path, act) == outcome
    assert files(tmp_path) == ["script.py"]


async def test_a_worker_keeps_what_it_has_compiled(tmp_path):
    (tmp_path / "fresh.py").write_text("")

    assert await shut_in(tmp_path, "importlib.import_module('fresh')") == "done"

    assert [name.split(".")[0] for name in files(tmp_path)] == ["fresh", "fresh", "script"]


async def shut_in(folder: Path, act: str) -> str:
    """Do *act* where a worker reads; return what came of it."""
    (folder / "script.py").write_text(SHUT_IN.format(act=act))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "script.py"),
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    _, error = await process.communicate()
    return error.decode().strip()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


async def test_a_slow_document_does_not_delay_another():
    workers = Workers(most=2, seconds=60)
    try:
        async with asyncio.TaskGroup() as group:
            slow = group.create_task(read(workers, SLOW))
            document = await read(workers, TEXT)
            was_waiting = not slow.done()
            slow.cancel()
    finally:
        await workers.close()

    assert document.items
    assert was_waiting


async def test_slow_documents_of_users_delay_no_public_one():
    async with DocumentReader() as reader, asyncio.TaskGroup() as group:
        slow = [
            group.create_task(reader.read(SLOW, url="https://ex.org/", public=False))
            for _ in range(8)
        ]
        document = await reader.read(TEXT, url="https://ex.org/", public=True)
        was_waiting = not any(each.done() for each in slow)
        for each in slow:
            each.cancel()

    assert document.items
    assert was_waiting


async def test_workers_of_users_leave_the_processor_to_others():
    async with DocumentReader() as reader:
        await reader.read(TEXT, url="https://ex.org/", public=False)
        await reader.read(TEXT, url="https://ex.org/", public=True)
        niceness = [
            os.getpriority(os.PRIO_PROCESS, workers._free[0]._process.pid)
            for workers in (reader.workers, reader.user_workers)
        ]

    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert niceness == [ours, ours + 10]


async def test_a_worker_is_used_again_and_none_is_left_behind():
    workers = Workers()
    await read(workers, TEXT)
    first = workers._free[0]
    await read(workers, TEXT)
    again = workers._free[0]
    process = again._process
    await workers.close()

    assert again is first
    assert process.returncode is not None


async def test_an_idle_worker_leaves_and_a_new_one_comes(workers):
    workers.idle_seconds = 0
    await read(workers, TEXT)
    await workers._free[0]._process.wait()

    assert (await read(workers, TEXT)).items


async def test_a_second_worker_may_end_while_the_first_is_busy():
    workers = Workers(idle_seconds=3600)
    await asyncio.gather(read(workers, TEXT), read(workers, TEXT))
    idle, busy = workers._free
    timers = idle._retiring, busy._retiring

    await read(workers, TEXT)
    still_set = [timer is not None and not timer.cancelled() for timer in timers]
    await workers.close()

    assert still_set == [True, False]


@pytest.mark.parametrize("module", ["asyncio", "ssl", "w3lib.url", "cchardet"])
def test_a_worker_does_not_import_what_few_documents_need(module):
    program = f"import sys, bot.sources.parser_worker; sys.exit({module!r} in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], check=False)

    assert done.returncode == 0


async def test_a_worker_knows_nothing_of_our_environment(workers, monkeypatch):
    monkeypatch.setenv("BOT_TOKEN", "1:secret")
    await read(workers, TEXT)
    pid = workers._free[0]._process.pid

    environment = await asyncio.to_thread(Path(f"/proc/{pid}/environ").read_bytes)

    assert b"secret" not in environment
    assert os.getsid(0) != pid


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(
            b"<html lang='en'><h1>Fog</h1>" + b"<p>Fog lay over the bay for a week.</p>" * 9,
            "page",
            id="page",
        ),
        pytest.param(TEXT, "text", id="text"),
        pytest.param(b"<!DOCTYPE rss><rss version='2.0'><channel/></rss>", "feed", id="feed"),
    ],
)
async def test_each_shape_has_its_parser(reader, data, kind):
    assert (await reader.read(data, url="https://ex.org/", public=True)).kind == kind


async def test_no_worker_is_left_when_it_closes_over_a_document():
    workers = Workers(seconds=60)
    reading = asyncio.create_task(read(workers, SLOW))
    while not workers._alive:  # noqa: ASYNC110 - there is no event for a process that starts
        await asyncio.sleep(0)
    (worker,) = workers._alive

    await workers.close()

    assert worker._process.returncode is not None
    with pytest.raises(Unreadable):
        await reading


PARENT = """
import asyncio
from bot.sources.parser_pool import Workers
from tests.sources.test_parser_worker import SLOW, TEXT, read

async def main():
    workers = Workers(seconds=60)
    await read(workers, TEXT)
    print(workers._free[0]._process.pid, flush=True)
    await read(workers, {document})
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "document", [pytest.param("TEXT", id="idle"), pytest.param("SLOW", id="at work")]
)
async def test_no_worker_outlives_a_parent_that_is_killed(document):
    code = PARENT.format(document=document)
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
