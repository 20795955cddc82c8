"""Users who have the Mini App open, on a site with all its services."""

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from sqlmodel import col, select

from bot.mail.compose import Mail
from bot.ops.health import make_web
from bot.playground.state.chats import User as TelegramUser
from bot.playground.users.views import launch_data
from bot.rendering.i18n import IN_ENGLISH, LANGUAGES, Translation
from bot.rendering.links import Links
from bot.rendering.renderer import Renderers
from bot.subscribers import users
from bot.subscribers.access import Access
from bot.subscribers.users import CurrentUser, Sender
from bot.web.routes import make_routes
from bot.web.site import MiniApp, Site
from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import Medium, Mode
from storage.outbox import Delivery
from tests.catalogues.pseudo import pseudo_translation
from tests.conftest import TurnedClock
from tests.publishing.newsroom import Newsroom
from tests.resources import make_resources
from tests.web.conftest import SIGNER, mailer_of

TOKEN = "42:secret"
# Arabic whose sentences are English with accents.
TRANSLATIONS = {
    "en": IN_ENGLISH,
    "ar": Translation(LANGUAGES["ar"], pseudo_translation().catalogue),
}


@dataclass
class FakeMenus:
    renewed: list[tuple[int, str, str | None]] = field(default_factory=list)

    async def renew(self, user: CurrentUser, speaks: str, chosen: str | None) -> None:
        self.renewed.append((user.user_id, speaks, chosen))


@dataclass
class User:
    """A user with the app open, whose launch data is signed as the playground does it."""

    client: TestClient[Request, Application]
    clock: TurnedClock
    id: int = 7
    name: str = "Ann"

    def __post_init__(self) -> None:
        self.data = self.launched()

    def launched(self, token: str = TOKEN) -> str:
        user = TelegramUser(self.id, self.name, language_code="ja")
        return launch_data(token, user, int(self.clock.now.timestamp()))

    async def asks(self, act: str, /, **request: Any) -> ClientResponse:
        headers = {"Authorization": f"tma {self.data}"}
        return await self.client.post(f"/app/{act}", json=request, headers=headers)

    async def does(self, act: str, /, **request: Any) -> Any:
        answer = await self.asks(act, **request)
        assert answer.status == 200, await answer.text()
        return await answer.json()

    async def is_refused(self, act: str, /, **request: Any) -> str:
        """Assert that an action is refused; return the sentence with the reason."""
        answer = await self.asks(act, **request)
        assert answer.status in {401, 403, 409, 429}
        return str((await answer.json())["error"])

    async def subscribes(self, query: str, mode: str = "both") -> int:
        """Subscribe to a query; return the topic."""
        await self.does("subscribe", query=query, mode=mode)
        topics = (await self.does("state"))["topics"]
        return int(next(topic["id"] for topic in topics if topic["query"] == query))


async def fill_with_topics(storage: Storage, count: int) -> None:
    """Subscribe the only chat to `Topic 0`, `Topic 1` and so on."""
    newsroom = Newsroom(storage)
    async with storage.reading() as tx:
        (chat_id,) = await tx.session.exec(select(Chat.id))
    query = await newsroom.query("Taiwan")
    for number in range(count):
        await newsroom.subscribe(chat_id, query, f"Topic {number}", Mode.BOTH)


@pytest.fixture
def access() -> Access:
    return Access(is_open=True)


@pytest.fixture
def menus() -> FakeMenus:
    return FakeMenus()


@pytest.fixture
async def client(
    site: Site, access: Access, menus: FakeMenus
) -> AsyncIterator[TestClient[Request, Application]]:
    resources = replace(site.resources, access=access)
    site = replace(site, resources=resources, app=MiniApp(TOKEN, menus.renew))
    async with TestClient(TestServer(make_web(*make_routes(site)))) as opened:
        yield opened


@pytest.fixture
def make_user(client: Any, clock: TurnedClock) -> Callable[..., User]:
    return partial(User, client, clock)


@pytest.fixture
def sent_code(storage: Storage) -> Callable[[], Awaitable[str]]:
    """Return a function that reads the code in the last mail."""

    async def read() -> str:
        async with storage.reading() as tx:
            rows = await tx.session.exec(select(Delivery).order_by(col(Delivery.id)))
            mails = [Mail.from_json(row.body) for row in rows if row.medium is Medium.EMAIL]
        found = re.search(r"^ +(\d{3}) (\d{3})$", mails[-1].text, re.MULTILINE)
        assert found
        return found[1] + found[2]

    return read


@pytest.fixture
def ann(make_user: Callable[..., User]) -> User:
    return make_user()


@pytest_asyncio.fixture(loop_scope="session")
async def filled_address(address: str, sqlite_url: str) -> str:
    """Return the address of the app for a chat with 250 topics."""
    storage = Storage.open(sqlite_url)
    user = Sender(user_id=7, telegram_id=7, name="Ali", language="ar")
    await users.identify(storage, user, access=Access(is_open=True))
    await fill_with_topics(storage, 250)
    await storage.close()
    return address


@pytest.fixture
def has_mail() -> bool:
    """Return whether the site has a mail server; a test may say that it has none."""
    return True


@pytest.fixture
def admin_ids() -> frozenset[int]:
    """Return the users who are admins; a test may say that there are some."""
    return frozenset()


@pytest_asyncio.fixture(loop_scope="session")
async def address(sqlite_url: str, has_mail: bool, admin_ids: frozenset[int]) -> AsyncIterator[str]:
    """Yield the address that Telegram opens for a user with an Arabic client."""
    storage, renderer = Storage.open(sqlite_url), Renderers(translations=TRANSLATIONS).of("en")
    links = Links("http://127.0.0.1", SIGNER)
    mailer = mailer_of(renderer) if has_mail else None
    access = Access(is_open=True, admins=admin_ids)
    resources = make_resources(
        storage, mailer=mailer, renderer=renderer, links=links, access=access
    )
    site = Site(resources, app=MiniApp(TOKEN, FakeMenus().renew))
    data = launch_data(TOKEN, TelegramUser(7, "Ali", language_code="ar"), int(time.time()))
    async with TestServer(make_web(*make_routes(site)), host="127.0.0.1") as server:
        yield f"{server.make_url('/app')}#{urlencode({'tgWebAppData': data})}"
    await storage.close()
