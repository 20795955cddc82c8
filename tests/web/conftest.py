"""A site, and a visitor who knows its addresses."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from bot.mail.codes import hash_secret
from bot.mail.compose import FromAddress, Mailer
from bot.ops.health import make_web
from bot.rendering.links import Links, Signer
from bot.rendering.renderer import Renderer
from bot.web.requests import RateLimit
from bot.web.routes import make_routes
from bot.web.site import Site
from storage.db.engine import Storage
from storage.enums import Mode
from storage.mailboxes import Mailbox
from storage.suspension import open_mailbox
from tests.conftest import TurnedClock
from tests.publishing.newsroom import Newsroom
from tests.publishing.stages import Stages
from tests.resources import make_resources

SIGNER = Signer(bytes(32))
BASE = "https://news.example.org"
LINKS = Links(BASE, SIGNER)
# The clock stands at Monday noon, UTC; eight o'clock in Tokyo is 23:00 UTC.
DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)
TUESDAY = DUE.astimezone(UTC).date() + timedelta(days=1)


@dataclass
class FakeBounces:
    """Records the mails that came back."""

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
        """Press a button: send the form, without following the redirect."""
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
async def storage(sqlite_url: str, clock: TurnedClock) -> AsyncIterator[Storage]:
    """Yield a storage on SQLite; other tests run the statements of the pages on both databases."""
    opened = Storage.open(sqlite_url, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
def bounces() -> FakeBounces:
    return FakeBounces()


@pytest.fixture
async def mailbox(storage: Storage, newsroom: Newsroom) -> Mailbox:
    """A mailbox that waits for its confirmation, by a link with the token `word`."""
    chat_id = await newsroom.chat(telegram_id=70, language="ar")
    async with storage.writing() as tx:
        opened = await open_mailbox(tx, chat_id, "ann@example.org")
        opened.token_hash = hash_secret("word", chat_id)
    return opened


@pytest.fixture
def newsroom(storage: Storage) -> Newsroom:
    return Newsroom(storage)


@pytest.fixture
def renderer() -> Renderer:
    """Return the renderer of the pages; a test module may add languages."""
    return Renderer()


@pytest.fixture
def site(storage: Storage, bounces: FakeBounces, renderer: Renderer, clock: TurnedClock) -> Site:
    resources = make_resources(storage, mailer=mailer_of(renderer), renderer=renderer, links=LINKS)
    return Site(
        resources,
        bounces=cast("Any", bounces),
        clock=lambda: clock.now,
        rate_limit=RateLimit(clock=lambda: clock.now.timestamp()),  # noqa: PLW0108 - turned later
    )


def mailer_of(renderer: Renderer) -> Mailer:
    return Mailer(renderer, FromAddress("news@dateline.example", "Dateline"), LINKS)


@pytest.fixture
async def visitor(site: Site) -> AsyncIterator[Visitor]:
    async with TestClient(TestServer(make_web(*make_routes(site)))) as client:
        yield Visitor(client, LINKS)


@pytest.fixture
async def chat_id(newsroom: Newsroom, storage: Storage, clock: TurnedClock) -> int:
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
