"""What is no HTTP is refused, and is one line of the log, without a word of what it said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp.web import Application

from bot.ops.health import Health, make_web, serving
from bot.ops.logs import LastErrors, configure_logs
from bot.ops.metrics import Metrics, MetricsPage, metrics_web
from tests.local_playground import LocalPlayground

SECRET = b"open-sesame"
BEARER = b"Authorization: Bearer " + SECRET


def _metrics() -> Application:
    return metrics_web(MetricsPage(Metrics({"version": "1"}), Health(), None))


@asynccontextmanager
async def _served(server: str, port: int) -> AsyncIterator[None]:
    if server == "playground":
        async with LocalPlayground(port, newsroom_every=None):
            yield
    else:
        async with serving(_metrics() if server == "metrics" else make_web(), "127.0.0.1", port):
            yield


async def _answer(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize("server", ["web", "metrics", "playground"])
@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(
            b"GET / HTTP/1.1\r\n" + BEARER + b"x" * 20_000 + b"\r\n\r\n", id="long header"
        ),
        pytest.param(b"GET / HTTP/1.1\r\n" + BEARER + b"\0\r\n\r\n", id="a NUL in a header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + BEARER[:13] + b"\r\n\r\n", id="a header of a name"),
        pytest.param(b"GET /" + SECRET + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n", id="long address"),
        pytest.param(b"GET http://[" + SECRET + b" HTTP/1.1\r\n\r\n", id="no address"),
        pytest.param(b"GET / HTTP/9.1 " + SECRET + b"\r\n\r\n", id="no version"),
        pytest.param(
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZ" + SECRET + b"\r\n",
            id="no length of a chunk",
        ),
    ],
)
async def test_a_malformed_request_is_one_line_of_the_log(
    restored_logs, capsys, unused_tcp_port: int, server: str, request_: bytes
):
    errors = LastErrors()
    configure_logs("console", "info", errors)

    async with _served(server, unused_tcp_port):
        answer = await _answer(unused_tcp_port, request_)

    assert answer.startswith(b"HTTP/1.0 400")
    logged = capsys.readouterr().err
    assert "a malformed request was refused" in logged
    assert len(logged.splitlines()) == 1
    assert SECRET.decode() not in logged
    assert errors.newest() == []


async def test_a_wrongly_encoded_body_is_refused(restored_logs, capsys, visitor, chat_id, clock):
    configure_logs("console", "info")

    answer = await visitor.client.post(
        visitor._path(visitor.links.manage(chat_id, clock.now)),
        data=b"pause=1",
        headers={"Content-Encoding": "gzip", "Content-Type": "application/x-www-form-urlencoded"},
    )

    assert answer.status == 400
    assert len(capsys.readouterr().err.splitlines()) == 1
