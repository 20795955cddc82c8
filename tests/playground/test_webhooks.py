"""Webhooks: what is refused, in which order updates come, when they come again."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.local_playground import PATIENCE, LocalPlayground


@dataclass
class Listener:
    """A bot behind a webhook: keeps what comes, and answers what it is told to."""

    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        update = await request.json()
        async with self.came:
            self.posts.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token", ""), update))
            self.came.notify_all()
        if held := self.held.get(text_of(update)):
            await held.wait()
        return self.answers.pop(0) if self.answers else web.Response()

    async def texts(self, number: int) -> list[str]:
        async with asyncio.timeout(PATIENCE), self.came:
            await self.came.wait_for(lambda: len(self.posts) >= number)
        return [text_of(update) for _, update in self.posts]


def text_of(update: dict[str, Any]) -> str:
    return str(update.get("message", {}).get("text", ""))


@pytest.fixture
def listener():
    return Listener()


@pytest.fixture
async def url(listener):
    app = web.Application()
    app.router.add_post("/hook", listener.take)
    async with TestServer(app) as server:
        yield str(server.make_url("/hook"))


@pytest.fixture
def taken(pg, until):
    """Wait until nothing waits any more."""

    async def taken() -> None:
        async with asyncio.timeout(PATIENCE):
            await until(lambda: not len(pg.world.updates))

    return taken


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"url": "http://news.example.org/hook"}, "bad webhook: An HTTPS URL must be provided"),
        ({"url": "https://news.example.org:8080/"}, "only on ports 80, 88, 443 or 8443"),
        ({"url": "ftp://news.example.org/"}, "invalid webhook URL specified"),
        ({"url": "https://news.example.org:99999/"}, "invalid webhook URL specified"),
        (
            {"url": "https://news.example.org/", "secret_token": "two words"},
            "secret token contains unallowed characters",
        ),
        ({"url": "https://news.example.org/", "secret_token": "s" * 257}, "secret_token"),
        ({"url": "https://news.example.org/", "max_connections": 101}, "max_connections"),
    ],
)
async def test_what_telegram_refuses_is_refused(call, asked, refused):
    answer = await call("setWebhook", **asked)

    assert answer["error_code"] == 400
    assert refused in answer["description"]
    assert (await call("getWebhookInfo"))["result"]["url"] == ""


async def test_the_state_of_a_webhook_is_returned(call):
    await call("setWebhook", url="https://news.example.org/", allowed_updates=["message"])

    assert (await call("getWebhookInfo"))["result"] == {
        "url": "https://news.example.org/",
        "has_custom_certificate": False,
        "pending_update_count": 0,
        "max_connections": 40,
        "ip_address": "127.0.0.1",
        "allowed_updates": ["message"],
    }


async def test_nobody_polls_while_a_webhook_is_set(call):
    await call("setWebhook", url="https://news.example.org/")

    assert (await call("getUpdates"))["description"] == (
        "Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first"
    )
    await call("setWebhook", url="")
    assert (await call("getUpdates"))["ok"]


async def test_a_poller_is_sent_away_when_a_webhook_is_set(call, pg, until):
    async with asyncio.TaskGroup() as group:
        polled = group.create_task(call("getUpdates", timeout=50))
        await until(lambda: pg.world.updates._poller)
        await call("setWebhook", url="https://news.example.org/")

    assert polled.result()["description"] == "Conflict: terminated by setWebhook request"


async def test_it_may_be_set_once_a_second():
    async with LocalPlayground(clock=lambda: 1_000.0) as pg:
        pg.world.flood.charge_webhook()
        with pytest.raises(Exception, match="retry after 1"):
            pg.world.flood.charge_webhook()


async def test_updates_come_with_the_secret_those_that_waited_too(call, pg, ann, listener, url):
    pg.send(ann, "before")

    await call("setWebhook", url=url, secret_token="s3cret_-")
    pg.send(ann, "after")

    assert await listener.texts(2) == ["before", "after"]
    assert {secret for secret, _ in listener.posts} == {"s3cret_-"}


async def test_a_chat_waits_for_its_last_update_and_others_do_not(call, pg, ann, listener, url):
    listener.held["slow"] = asyncio.Event()
    await call("setWebhook", url=url)

    pg.send(ann, "slow")
    pg.send(ann, "behind it")
    pg.send(pg.user("Ben"), "quick")
    first = list(await listener.texts(2))
    listener.held["slow"].set()

    assert first == ["slow", "quick"]
    assert await listener.texts(3) == ["slow", "quick", "behind it"]


async def test_no_more_come_at_once_than_were_asked_for(call, pg, ann, listener, url, taken):
    listener.held["slow"] = asyncio.Event()
    await call("setWebhook", url=url, max_connections=1)

    pg.send(ann, "slow")
    await listener.texts(1)
    pg.send(pg.user("Ben"), "quick")
    listener.held["slow"].set()
    await taken()

    assert await listener.texts(2) == ["slow", "quick"]


async def test_what_was_not_taken_comes_again_before_what_is_behind_it(
    call, pg, ann, listener, url, taken
):
    pg.webhooks.longest_pause = 0
    listener.answers = [
        web.Response(status=503),
        web.Response(status=302),
        web.Response(status=204),
    ]
    await call("setWebhook", url=url)

    pg.send(ann, "one")
    pg.send(ann, "two")
    await taken()

    assert await listener.texts(4) == ["one", "one", "one", "two"]
    told = (await call("getWebhookInfo"))["result"]
    assert told["last_error_message"] == "Wrong response from the webhook: 302 Found"
    assert told["last_error_date"] == 1_800_000_000


async def test_it_comes_again_when_the_answer_takes_too_long(call, pg, ann, listener, url, taken):
    pg.webhooks.longest_pause, pg.webhooks.time_out = 0, 0.05
    listener.held["slow"] = asyncio.Event()
    await call("setWebhook", url=url)

    pg.send(ann, "slow")
    await listener.texts(2)
    listener.held["slow"].set()
    await taken()

    told = (await call("getWebhookInfo"))["result"]
    assert told["last_error_message"] == "Read timeout expired"


def test_pauses_grow_and_are_bounded(pg):
    assert [pg.webhooks._pause(failures) for failures in range(9)] == [
        0,
        2,
        4,
        8,
        16,
        32,
        60,
        60,
        60,
    ]


async def test_an_answer_may_hold_a_call(call, pg, ann, listener, url, taken):
    reply = {"method": "sendMessage", "chat_id": ann.id, "text": "hello yourself"}
    listener.answers = [web.json_response(reply)]
    await call("setWebhook", url=url)

    pg.send(ann, "hello")
    await taken()

    assert (await pg.wait_for_message(ann))["text"] == "hello yourself"
    assert pg.journal("sendMessage")[0]["applied"]


@pytest.mark.parametrize(
    "reply",
    [
        {"method": "deleteWebhook"},
        {"method": "noSuchMethod"},
        {"method": "sendMessage"},
        {"method": 5},
        ["method"],
    ],
)
async def test_a_call_in_an_answer_that_cannot_be_harms_nothing(
    call, pg, ann, listener, url, taken, reply
):
    listener.answers = [web.json_response(reply)]
    await call("setWebhook", url=url)

    pg.send(ann, "hello")
    await taken()

    assert (await call("getWebhookInfo"))["result"]["url"] == url


async def test_what_was_not_taken_is_left_for_a_poller(call, pg, ann, listener, url):
    listener.held["slow"] = asyncio.Event()
    await call("setWebhook", url=url)
    pg.send(ann, "slow")
    await listener.texts(1)

    await call("deleteWebhook")
    listener.held["slow"].set()

    assert [text_of(update) for update in (await call("getUpdates"))["result"]] == ["slow"]


async def test_what_waits_is_dropped_where_that_is_asked_for(call, pg, ann, listener, url, taken):
    pg.send(ann, "old")

    await call("setWebhook", url=url, drop_pending_updates=True)
    pg.send(ann, "new")
    await taken()

    assert await listener.texts(1) == ["new"]
