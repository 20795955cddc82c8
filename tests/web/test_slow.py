"""Who sends a byte now and then holds no place for long."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.ops import health
from bot.ops.health import make_web
from bot.web import requests


@pytest.fixture
def impatience(monkeypatch):
    monkeypatch.setattr(health, "IDLE_SECONDS", 0.05)


@pytest.fixture
async def port(unused_tcp_port_factory):
    port = unused_tcp_port_factory()
    async with health.serving(make_web(), "127.0.0.1", port):
        yield port


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: a\r\n"])
async def test_a_request_that_never_ends_is_cut_off(impatience, port, sent):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)

    assert await reader.read() == b""

    writer.close()


async def test_headers_without_end_are_refused(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = b"".join(b"X-%d: a\r\n" % number for number in range(200))
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n")

    assert (await reader.readline()).startswith(b"HTTP/1.0 400")

    writer.close()


async def test_a_body_that_does_not_come_is_not_waited_for(visitor, told, clock, monkeypatch):
    monkeypatch.setattr(requests, "BODY_SECONDS", 0.05)
    link = visitor.links.manage(told, clock.now)

    async def trickle() -> AsyncIterator[bytes]:
        yield b"pause="
        await asyncio.Event().wait()

    answer = await visitor.client.post(visitor._path(link), data=trickle())

    assert answer.status == 408
    assert "Nothing has changed" in await answer.text()
