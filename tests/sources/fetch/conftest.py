"""A fake hub, a source that names it, and a client that calls us as hubs do."""

import asyncio
import hmac
from asyncio import StreamReader
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from sqlalchemy import func, update
from sqlmodel import select

from bot.ops.health import make_web
from bot.sources.fetch.problems import FetchError, ProblemCode
from bot.sources.fetch.response import Response
from bot.sources.fetch.websub import ask_hubs
from bot.web.routes import make_routes
from bot.web.site import Site
from storage.chats import Chat
from storage.db.engine import Storage
from storage.sources import Follow, Source
from storage.websub import PushSubscription
from tests.resources import make_resources
from tests.sources.feeds_made import item, rss
from tests.sources.polled import only_source, rows_of

Visitor = TestClient[Request, Application]

HUB = "https://hub.example/"
CALLBACK = "https://bot.example/hub/"
MINUTE = timedelta(minutes=1)
NAMES_A_HUB = {"Link": f"<{HUB}>; rel=hub, <https://news.example/all>; rel=self"}


@dataclass
class Hub:
    """A fake hub: it records requests and responds as a test sets it."""

    status: int = 202
    away: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    inside: list[bool] = field(default_factory=list)
    public: list[bool] = field(default_factory=list)

    async def post(
        self, url: str, form: Mapping[str, str], *, inside: bool, public: bool
    ) -> Response:
        assert url == HUB
        self.asked.append(dict(form))
        self.inside.append(inside)
        self.public.append(public)
        if self.away:
            raise FetchError(ProblemCode.CANNOT_CONNECT)
        return Response(self.status, url)

    @property
    def modes(self) -> list[str]:
        return [form["hub.mode"] for form in self.asked]


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def ask(storage: Storage, hub: Hub) -> Callable[[], Awaitable[int]]:
    """Return a round of requests to hubs that are due."""
    return partial(ask_hubs, storage, hub, owner="me", callback=CALLBACK)


@pytest.fixture
def site(storage: Storage) -> Site:
    return Site(make_resources(storage))


@pytest.fixture
async def visitor(site: Site) -> AsyncIterator[Visitor]:
    """Yield a client that calls our web server as hubs do."""
    async with TestClient(TestServer(make_web(*make_routes(site)))) as client:
        yield client


@pytest.fixture
async def source(storage, adding, farm, clock) -> Source:
    """Return a source that names a hub."""
    farm.serve("/feed.xml", rss([item(1)]), **NAMES_A_HUB)
    await adding.add(farm.url())
    return await only_source(storage)


async def only_push(storage: Storage) -> PushSubscription:
    (push,) = await rows_of(storage, PushSubscription)
    return push


def question(push: PushSubscription, mode: str = "subscribe", **more: str) -> dict[str, str]:
    asked = {"hub.mode": mode, "hub.topic": push.topic, "hub.challenge": "<b>42</b>"}
    return asked | {f"hub.{name}": value for name, value in more.items()}


async def confirm(
    visitor: Visitor, push: PushSubscription, mode: str = "subscribe", **more: str
) -> str:
    answer = await visitor.get(f"/hub/{push.token}", params=question(push, mode, **more))
    return f"{answer.status} {await answer.text()}"


async def send_push(
    visitor: Visitor,
    push: PushSubscription,
    secret: str | None = None,
    *,
    method: str = "sha256",
    body: bytes = b"news",
) -> int:
    made = hmac.new((secret or push.secret).encode(), body, method).hexdigest()
    answer = await visitor.post(
        f"/hub/{push.token}", data=body, headers={"X-Hub-Signature": f"{method}={made}"}
    )
    return answer.status


@asynccontextmanager
async def unfinished_push(visitor: Visitor, push: PushSubscription) -> AsyncIterator[StreamReader]:
    """Send a push without the end of its body; yield the stream of the bot's answer."""
    server = visitor.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    head = (
        f"POST /hub/{push.token} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
        f"X-Hub-Signature: sha256={'0' * 64}\r\n\r\nnews"
    )
    writer.write(head.encode())
    await writer.drain()
    try:
        yield reader
    finally:
        writer.close()


async def follow(storage: Storage, source_id: int) -> int:
    """Let a new chat follow the source; return the chat."""
    async with storage.writing() as tx:
        number = await tx.one(select(func.count()).select_from(Chat))
        chat = await tx.add(Chat(telegram_id=number, state_since=tx.now, created_at=tx.now))
        await tx.add(Follow(chat_id=chat.id, source_id=source_id))
        return chat.id


async def change_sources(storage: Storage, **values: object) -> None:
    async with storage.writing() as tx:
        await tx.change(update(Source).values(**values))
