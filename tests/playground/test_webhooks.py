"""Webhooks: their checks, the order of updates, and retries."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.local_playground import PATIENCE, LocalPlayground


@dataclass
class Listener:
    """The webhook of a bot: records posts, and responds with the next of *responses*, else 200.

    The response to a text in *delays* waits for its event.
    """

    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    responses: list[web.Response] = field(default_factory=list)
    delays: dict[str, asyncio.Event] = field(default_factory=dict)
    posted: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, request: web.Request) -> web.Response:
        update = await request.json()
        async with self.posted:
            self.posts.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token", ""), update))
            self.posted.notify_all()
        if delay := self.delays.get(text_of(update)):
            await delay.wait()
        return self.responses.pop(0) if self.responses else web.Response()

    async def texts(self, number: int) -> list[str]:
        """Wait until at least *number* updates were posted; return the texts of all."""
        async with asyncio.timeout(PATIENCE), self.posted:
            await self.posted.wait_for(lambda: len(self.posts) >= number)
        return [text_of(update) for _, update in self.posts]


def text_of(update: dict[str, Any]) -> str:
    return str(update.get("message", {}).get("text", ""))


@pytest.fixture
def listener():
    return Listener()


@pytest.fixture
async def url(listener):
    app = web.Application()
    app.router.add_post("/hook", listener.handle)
    async with TestServer(app) as server:
        yield str(server.make_url("/hook"))


@pytest.fixture
def all_delivered(pg, until):
    """Wait until no update is pending."""

    async def all_delivered() -> None:
        async with asyncio.timeout(PATIENCE):
            await until(lambda: not len(pg.world.updates))

    return all_delivered


@pytest.mark.parametrize(
    ("webhook", "error"),
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
async def test_an_invalid_webhook_is_rejected(call, webhook, error):
    body = await call("setWebhook", **webhook)

    assert body["error_code"] == 400
    assert error in body["description"]
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


async def test_polling_fails_while_a_webhook_is_set(call):
    await call("setWebhook", url="https://news.example.org/")

    assert (await call("getUpdates"))["description"] == (
        "Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first"
    )
    await call("setWebhook", url="")
    assert (await call("getUpdates"))["ok"]


async def test_setting_a_webhook_ends_a_poll(call, pg, until):
    async with asyncio.TaskGroup() as group:
        polled = group.create_task(call("getUpdates", timeout=50))
        await until(lambda: pg.world.updates._poller)
        await call("setWebhook", url="https://news.example.org/")

    assert polled.result()["description"] == "Conflict: terminated by setWebhook request"


async def test_a_webhook_may_be_set_once_a_second():
    async with LocalPlayground(clock=lambda: 1_000.0) as pg:
        pg.world.flood.charge_webhook()
        with pytest.raises(Exception, match="retry after 1"):
            pg.world.flood.charge_webhook()


async def test_pending_and_new_updates_are_posted_with_the_secret(call, pg, ann, listener, url):
    pg.send(ann, "before")

    await call("setWebhook", url=url, secret_token="s3cret_-")
    pg.send(ann, "after")

    assert await listener.texts(2) == ["before", "after"]
    assert {secret for secret, _ in listener.posts} == {"s3cret_-"}


async def test_a_slow_update_delays_its_own_chat_only(call, pg, ann, listener, url):
    listener.delays["slow"] = asyncio.Event()
    await call("setWebhook", url=url)

    pg.send(ann, "slow")
    pg.send(ann, "behind it")
    pg.send(pg.user("Ben"), "quick")
    first = list(await listener.texts(2))
    listener.delays["slow"].set()

    assert first == ["slow", "quick"]
    assert await listener.texts(3) == ["slow", "quick", "behind it"]


async def test_requests_are_limited_to_max_connections(call, pg, ann, listener, url, all_delivered):
    listener.delays["slow"] = asyncio.Event()
    await call("setWebhook", url=url, max_connections=1)

    pg.send(ann, "slow")
    await listener.texts(1)
    pg.send(pg.user("Ben"), "quick")
    listener.delays["slow"].set()
    await all_delivered()

    assert await listener.texts(2) == ["slow", "quick"]


async def test_a_failed_update_is_retried_before_the_next_one(
    call, pg, ann, listener, url, all_delivered, clock
):
    pg.webhooks.longest_pause = 0
    listener.responses = [
        web.Response(status=503),
        web.Response(status=302),
        web.Response(status=204),
    ]
    await call("setWebhook", url=url)

    pg.send(ann, "one")
    pg.send(ann, "two")
    await all_delivered()

    assert await listener.texts(4) == ["one", "one", "one", "two"]
    info = (await call("getWebhookInfo"))["result"]
    assert info["last_error_message"] == "Wrong response from the webhook: 302 Found"
    assert info["last_error_date"] == clock.now.timestamp()


async def test_an_update_is_posted_again_after_a_time_out(
    call, pg, ann, listener, url, all_delivered
):
    pg.webhooks.longest_pause, pg.webhooks.time_out = 0, 0.05
    listener.delays["slow"] = asyncio.Event()
    await call("setWebhook", url=url)

    pg.send(ann, "slow")
    await listener.texts(2)
    listener.delays["slow"].set()
    await all_delivered()

    info = (await call("getWebhookInfo"))["result"]
    assert info["last_error_message"] == "Read timeout expired"


def test_pauses_grow_and_are_bounded(pg):
    pauses = [pg.webhooks._pause(failures) for failures in range(9)]

    assert pauses == [0, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_a_response_may_hold_a_call(call, pg, ann, listener, url, all_delivered):
    reply = {"method": "sendMessage", "chat_id": ann.id, "text": "hello yourself"}
    listener.responses = [web.json_response(reply)]
    await call("setWebhook", url=url)

    pg.send(ann, "hello")
    await all_delivered()

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
async def test_an_invalid_call_in_a_response_is_ignored(
    call, pg, ann, listener, url, all_delivered, reply
):
    listener.responses = [web.json_response(reply)]
    await call("setWebhook", url=url)

    pg.send(ann, "hello")
    await all_delivered()

    assert (await call("getWebhookInfo"))["result"]["url"] == url


async def test_undelivered_updates_are_left_for_a_poller(call, pg, ann, listener, url):
    listener.delays["slow"] = asyncio.Event()
    await call("setWebhook", url=url)
    pg.send(ann, "slow")
    await listener.texts(1)

    await call("deleteWebhook")
    listener.delays["slow"].set()

    assert [text_of(update) for update in (await call("getUpdates"))["result"]] == ["slow"]


async def test_setting_a_webhook_may_drop_pending_updates(
    call, pg, ann, listener, url, all_delivered
):
    pg.send(ann, "old")

    await call("setWebhook", url=url, drop_pending_updates=True)
    pg.send(ann, "new")
    await all_delivered()

    assert await listener.texts(1) == ["new"]
