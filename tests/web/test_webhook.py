"""`POST /telegram/…`: who is heard, what is read, what is answered."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.ops.health import make_web
from bot.web.webhooks import LARGEST_UPDATE, TelegramWebhook
from tests.story.processes import PATIENCE

SECRET = {"X-Telegram-Bot-Api-Secret-Token": "secret"}
RIGHT = "/telegram/path"


class Taking:
    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.is_good = True

    async def take(self, update: dict[str, Any]) -> bool:
        self.taken.append(update)
        return self.is_good


@pytest.fixture
def taking():
    return Taking()


@pytest.fixture
def route(taking):
    return TelegramWebhook("path", "secret", taking.take)


@pytest.fixture
async def client(route):
    async with TestClient(TestServer(make_web(route.routes()))) as opened:
        yield opened


async def test_an_update_is_accepted(client, taking):
    answer = await client.post(RIGHT, json={"update_id": 1}, headers=SECRET)

    assert answer.status == 200
    assert await answer.read() == b""
    assert taking.taken == [{"update_id": 1}]


async def test_an_update_to_send_again_has_a_retry_time(client, taking):
    taking.is_good = False

    answer = await client.post(RIGHT, json={"update_id": 1}, headers=SECRET)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param(RIGHT, {}, id="no secret"),
        pytest.param(RIGHT, {"X-Telegram-Bot-Api-Secret-Token": "guess"}, id="another secret"),
        pytest.param(RIGHT, {"X-Telegram-Bot-Api-Secret-Token": "sécret"}, id="no ASCII"),
        pytest.param("/telegram/guess", SECRET, id="another path"),
        pytest.param("/telegram/", SECRET, id="no path"),
        pytest.param("/telegram/path/more", SECRET, id="a longer path"),
        pytest.param("/telegram/path%20secret", {}, id="both in the path"),
    ],
)
async def test_a_request_without_the_secrets_finds_nothing(client, taking, path, headers):
    answer = await client.post(path, json={"update_id": 1}, headers=headers)

    assert answer.status == 404
    assert taking.taken == []


async def test_an_unauthorized_request_is_rejected_before_its_body_arrives(client):
    reader, writer = await asyncio.open_connection(client.host, client.port)

    writer.write(
        b"POST /telegram/guess HTTP/1.1\r\nHost: x\r\n"
        b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    )
    async with asyncio.timeout(PATIENCE):
        line = await reader.readline()
    writer.close()

    assert line.split()[1] == b"404"


async def test_a_get_request_is_refused(client):
    assert (await client.get(RIGHT, headers=SECRET)).status == 405


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        pytest.param(b"{", "application/json", 400, id="no JSON"),
        pytest.param(b"[" * 100_000, "application/json", 400, id="very deep"),
        pytest.param(b"[1]", "application/json", 400, id="no object"),
        pytest.param(b"\xff", "application/json", 400, id="no text"),
        pytest.param(b"update_id=1", "application/x-www-form-urlencoded", 415, id="a form"),
        pytest.param(
            json.dumps({"x": "y" * LARGEST_UPDATE}).encode(), "application/json", 413, id="too much"
        ),
    ],
)
async def test_a_body_without_an_update_is_refused(client, taking, body, kind, status):
    answer = await client.post(RIGHT, data=body, headers=SECRET | {"Content-Type": kind})

    assert answer.status == status
    assert taking.taken == []


async def test_an_update_is_sent_again_if_there_is_no_room(client, route, taking):
    with route.bodies.room(route.bodies.most):
        full = await client.post(RIGHT, json={"update_id": 1}, headers=SECRET)
    again = await client.post(RIGHT, json={"update_id": 1}, headers=SECRET)

    assert [full.status, again.status] == [503, 200]
    assert taking.taken == [{"update_id": 1}]
