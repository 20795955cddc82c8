"""Notifications to a service manager, on a datagram socket."""

import asyncio
import os
import socket
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.ops.watchdog import ServiceManager, service_manager


@pytest.fixture
def address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    return "notify"


@pytest.fixture
def hearing(address):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(address)
        heard.setblocking(False)
        yield heard


async def hear(hearing: socket.socket) -> list[str]:
    return (await asyncio.get_running_loop().sock_recv(hearing, 1000)).decode().splitlines()


async def test_a_process_notifies_ready_then_alive_then_stopping(address, hearing):
    stopping = asyncio.Event()
    manager = ServiceManager(address, watchdog=timedelta(milliseconds=3))

    async with asyncio.TaskGroup() as group:
        group.create_task(manager.run(stopping, "does chat"))
        assert await hear(hearing) == ["READY=1", "STATUS=does chat"]
        assert await hear(hearing) == ["WATCHDOG=1"]
        assert await hear(hearing) == ["WATCHDOG=1"]
        stopping.set()
        last = await hear(hearing)
        while last == ["WATCHDOG=1"]:
            last = await hear(hearing)

    assert last == ["STOPPING=1", "STATUS=finishing the work in hand"]


async def test_without_a_watchdog_only_start_and_stop_are_sent(address, hearing):
    stopping = asyncio.Event()
    stopping.set()

    await ServiceManager(address).run(stopping, "does all")

    assert [(await hear(hearing))[0] for _ in range(2)] == ["READY=1", "STOPPING=1"]


async def test_an_abstract_socket_is_notified_too():
    name = f"dateline-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(f"\0{name}")

        ServiceManager(f"@{name}").notify("READY=1")

        assert heard.recv(100) == b"READY=1"


def test_a_socket_that_is_gone_stops_nothing(address):
    with capture_logs() as logs:
        ServiceManager(address).notify("READY=1")

    assert logs[0]["event"] == "the service manager could not be notified"


@pytest.mark.parametrize(
    ("variables", "manager"),
    [
        pytest.param({}, None, id="nobody"),
        pytest.param(
            {"NOTIFY_SOCKET": "/run/n"}, ServiceManager("/run/n"), id="without a watchdog"
        ),
        pytest.param(
            {"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "60000000"},
            ServiceManager("/run/n", timedelta(minutes=1)),
            id="with one",
        ),
        pytest.param(
            {"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "0"},
            ServiceManager("/run/n"),
            id="with one for another process",
        ),
        pytest.param(
            {"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "x"}, ServiceManager("/run/n"), id="odd"
        ),
    ],
)
def test_the_variables_of_a_service_manager_are_read(variables, manager):
    assert service_manager(variables) == manager
