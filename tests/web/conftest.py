"""A site, and a visitor who knows its addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.mail.confirm import Mailboxes
from bot.publishing.contents import load_made_digest
from bot.publishing.published_feeds import read_published_feed
from bot.rendering.links import Links, Signer
from bot.rendering.renderer import Renderer
from bot.subscribers.limits import USUAL_LIMITS
from bot.subscribers.managing import Managing
from bot.web.allowances import Allowances
from bot.web.health import make_web
from bot.web.site import Site, WebServices
from storage.db.engine import Storage
from storage.enums import Mode
from tests.publishing.newsroom import Newsroom
from tests.publishing.stages import Stages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientResponse
    from aiohttp.web import Application, Request

    from tests.conftest import TurnedClock

SIGNER = Signer(bytes(32))
BASE = "https://news.example.org"
# The clock stands at Monday noon, UTC; eight o'clock in Tokyo is 23:00 UTC.
DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)
TUESDAY = DUE.astimezone(UTC).date() + timedelta(days=1)


@dataclass
class FakeMailboxes:
    """Notes what it is told; a token is good as long as it is *awaited*."""

    awaited: str = "word"
    speaks: str | None = None  # the tag of the chat whose mailbox it is
    unsubscribed: list[int] = field(default_factory=list)
    confirmed: list[int] = field(default_factory=list)

    async def unsubscribe(self, mailbox_id: int) -> None:
        self.unsubscribed.append(mailbox_id)

    async def language(self, _mailbox_id: int) -> str | None:
        return self.speaks

    async def confirm_by_link(self, mailbox_id: int, token: str) -> bool:
        if token == self.awaited:
            self.confirmed.append(mailbox_id)
        return token == self.awaited


@dataclass
class FakeReturns:
    taken: list[bytes] = field(default_factory=list)

    async def take(self, message: bytes) -> bool:
        self.taken.append(message)
        return True


@dataclass
class Visitor:
    client: TestClient[Request, Application]
    links: Links
    base: str = BASE

    async def opens(self, link: str | None, **more: Any) -> ClientResponse:
        return await self.client.get(self._path(link), **more)

    async def sends(self, link: str | None, fields: Any = None, **more: Any) -> ClientResponse:
        """Press a button: send the form, and do not follow where the answer leads."""
        path = self._path(link)
        return await self.client.post(path, data=fields or {}, allow_redirects=False, **more)

    async def reads(self, link: str | None) -> str:
        answer = await self.opens(link)
        assert answer.status == 200
        return await answer.text()

    def _path(self, link: str | None) -> str:
        assert link
        return link.removeprefix(self.base)


@pytest.fixture
def mailboxes() -> FakeMailboxes:
    return FakeMailboxes()


@pytest.fixture
async def storage(sqlite_url: str, clock: TurnedClock) -> AsyncIterator[Storage]:
    """Yield a storage on one database; what the pages ask for is tested on each elsewhere."""
    opened = Storage.open(sqlite_url, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
def returns() -> FakeReturns:
    return FakeReturns()


@pytest.fixture
def newsroom(storage: Storage) -> Newsroom:
    return Newsroom(storage)


@pytest.fixture
def renderer() -> Renderer:
    """Who speaks on the pages; a test module may bring more languages."""
    return Renderer()


@pytest.fixture
def web_services(
    storage: Storage, mailboxes: FakeMailboxes, returns: FakeReturns, renderer: Renderer
) -> WebServices:
    return WebServices(
        made_digest=partial(load_made_digest, storage),
        published_feed=partial(read_published_feed, storage, renderer, Links(BASE, SIGNER)),
        managing=Managing(storage, USUAL_LIMITS, Mailboxes(storage, renderer)),
        mailboxes=mailboxes,
        returns=returns,
    )


@pytest.fixture
async def visitor(
    web_services: WebServices, clock: TurnedClock, renderer: Renderer
) -> AsyncIterator[Visitor]:
    allowances = Allowances(clock=lambda: clock.now.timestamp())  # noqa: PLW0108 - turned later
    site = Site(renderer, SIGNER, BASE, web_services, lambda: clock.now, allowances)
    app = make_web(*site.parts())
    async with TestClient(TestServer(app)) as client:
        yield Visitor(client, Links(BASE, SIGNER))


@pytest.fixture
async def told(newsroom: Newsroom, storage: Storage, clock: TurnedClock) -> int:
    """Send a chat its Tuesday digest: eight stories, one of them on two topics; return the chat."""
    source = await newsroom.source()
    words, more = await newsroom.query("words"), await newsroom.query("title")
    chat = await newsroom.chat(next_digest_at=DUE)
    await newsroom.subscribe(chat, words, "My words", Mode.DIGEST)
    await newsroom.subscribe(chat, more, "More <words>", Mode.BOTH)
    for hours in range(7):
        ago = timedelta(hours=hours)
        await newsroom.article(f"Title {hours}", words, source_id=source, ago=ago)
    await newsroom.article("Both", words, more, source_id=source, ago=timedelta(hours=7))
    clock.now = DUE
    await Stages(storage, Renderer(), "us").digests()
    return chat
