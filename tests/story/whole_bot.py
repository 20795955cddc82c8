"""The whole bot in the test's process, with feeds, users in the playground and a clock of its own.

The stages between a feed's bytes and a message are wired as in `bot.app`. A test turns the clock to
an hour and runs each stage until nothing is due.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from html import escape
from ipaddress import ip_address
from typing import Any, Final

from aiogram import Bot
from aiohttp.web import Request, Response
from pydantic import SecretStr
from sqlmodel import update

from bot.app.deployment import Deployment
from bot.app.resources import ProcessContext, SourceResources, make_resources
from bot.app.roles import match_stages, publish_stages
from bot.chat.dispatcher import ALLOWED_UPDATES, make_dispatcher
from bot.chat.polling import Poller
from bot.chat.rate_limit import Rate, RateLimiter
from bot.chat.updates import UpdateQueue
from bot.delivery.pace import bot_key
from bot.delivery.sender import Calls, SendStage
from bot.delivery.telegram import Telegram
from bot.publishing.published_feeds import read_published_feed
from bot.rendering.links import Links, Signer
from bot.rendering.published_feeds import FeedDocument
from bot.rendering.renderer import Renderer
from bot.resources import Resources
from bot.settings import AccessMode, Settings
from bot.sources.discovery.add import SourceOptions
from bot.sources.discovery.discover import SampleSite
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.connection import CheckedSockets
from bot.sources.fetch.ssrf import AddressPolicy
from bot.sources.fetch.throttle import Throttle
from bot.sources.fulltext import PageStage
from bot.sources.parser_pool import DocumentReader
from bot.sources.poll import SourcePoller
from bot.stages import ALERT, ALSO, BUNDLE, DIGEST, MATCH, PAGE, POLL
from bot.subscribers import own_feeds
from bot.subscribers.subscriptions import subscribe
from bot.telegram import BOT_DEFAULTS
from storage.chats import chats_of
from storage.db.engine import Storage
from storage.enums import Mode
from storage.sources import Source
from tests.bot_api import PlainSession
from tests.chat.conftest import HandledUpdates, Talk
from tests.conftest import MONDAY_NOON, TurnedClock
from tests.delivery.conftest import TurnedTimer
from tests.fake_web import FakeNames, FakeWeb, RedirectedSockets
from tests.local_playground import LocalPlayground

TOKEN: Final = "1:playground"
_EVERY: Final = timedelta(minutes=30)  # between two fetches of a public source
_PAUSE: Final = timedelta(seconds=2)  # between two fetches from a host, or messages to a chat
_STEPS: Final = (POLL, PAGE, MATCH, ALERT, BUNDLE, ALSO, DIGEST)


def hour(number: float) -> datetime:
    """Return the time *number* hours after the start."""
    return MONDAY_NOON + timedelta(hours=number)


@dataclass(frozen=True)
class Item:
    """An item of a feed; a long *text* spares the fetch of its page."""

    title: str
    link: str
    text: str
    published_at: datetime | None = None

    def as_rss(self) -> str:
        date = (
            f"<pubDate>{format_datetime(self.published_at)}</pubDate>" if self.published_at else ""
        )
        return (
            f"<item><title>{escape(self.title)}</title><link>{escape(self.link)}</link>"
            f"<guid isPermaLink='false'>{escape(self.link)}</guid>{date}"
            f"<description>{escape(self.text)}</description></item>"
        )


@dataclass(eq=False)
class Feed:
    """A feed with its current items, the newest first."""

    name: str
    title: str
    items: list[Item] = field(default_factory=list)
    is_read: bool = False
    """Whether the current items have been fetched."""

    @property
    def url(self) -> str:
        return f"http://{self.name}.example/{self.name}.xml"

    def publish(self, *items: Item) -> None:
        """Add items, in place of those with the same link."""
        links = {item.link for item in items}
        self.items = [*items, *(item for item in self.items if item.link not in links)]
        self.is_read = False

    async def serve(self, _request: Request) -> Response:
        self.is_read = True
        items = "".join(item.as_rss() for item in self.items)
        head = f"<title>{self.title}</title><link>http://{self.name}.example/</link>"
        body = f"<rss version='2.0'><channel>{head}{items}</channel></rss>"
        return Response(text=body, content_type="application/rss+xml")


@dataclass(eq=False)
class User:
    """A user in a private chat; *chat_id* is its row in the database."""

    talk: Talk
    chat_id: int

    async def send(self, text: str) -> dict[str, Any]:
        """Send *text* and return the answer; earlier messages are skipped."""
        self._skip_earlier()
        return await self.talk.says(text)

    async def press(self, message: dict[str, Any], label: str) -> dict[str, Any]:
        self._skip_earlier()
        return await self.talk.presses(message, label)

    async def search_inline(self, text: str) -> dict[str, Any]:
        query = self.talk.playground.inline(self.talk.who, text)
        return await self.talk.playground.wait_for_inline_answer(query)

    def messages(self) -> list[dict[str, Any]]:
        """Return the bot's messages in the chat, as edited since."""
        return self.talk.all()

    def texts_with(self, words: str) -> list[str]:
        return [each["text"] for each in self.messages() if words in each.get("text", "")]

    def _skip_earlier(self) -> None:
        versions = (each["version"] for each in self.talk.playground.messages(self.talk.who))
        self.talk.seen = max(versions, default=0)


@dataclass(eq=False)
class WholeBot:
    clock: TurnedClock
    storage: Storage
    web: FakeWeb
    playground: LocalPlayground
    resources: Resources
    handled: HandledUpdates
    published_feed: Callable[..., Awaitable[FeedDocument | None]]
    steps: Sequence[Callable[[], Awaitable[int]]]
    sending: SendStage[Any]

    def feed(self, name: str, title: str = "") -> Feed:
        feed = Feed(name, title or name)
        self.web.pages[f"/{name}.xml"] = feed.serve
        return feed

    async def add_public(self, feed: Feed) -> None:
        """Add the feed as a public source, as the operator does."""
        added = await self.resources.source_adder.add(feed.url, SourceOptions(every=_EVERY))
        assert added.source_id, added.problem

    async def user(self, name: str, *subscriptions: tuple[str, Mode]) -> User:
        talk = Talk(self.playground, self.playground.user(name))
        await talk.says("/start")
        async with self.storage.reading() as tx:
            (chat,) = await chats_of(tx, talk.who.id)
        user = User(talk, chat.id)
        for query, mode in subscriptions:
            await self.subscribe(user, query, mode)
        return user

    async def subscribe(self, user: User, query: str, mode: Mode) -> None:
        await subscribe(
            self.resources.storage, user.chat_id, query, mode, limits=self.resources.limits
        )

    async def follow(self, user: User, feed: Feed) -> None:
        followed = await own_feeds.follow_feed(
            self.resources.storage,
            user.chat_id,
            feed.url,
            adder=self.resources.own_source_adder,
            limits=self.resources.limits,
        )
        assert followed.source_id, followed.problem
        assert not followed.public

    async def run_at(self, number: float) -> None:
        """Turn the clock to that hour, and run every stage until nothing is due."""
        self.clock.now = hour(number)
        await self._make_all_due()
        for step in (*self.steps, self._send):
            self.clock.turn(_PAUSE)
            while await step():
                pass

    async def _make_all_due(self) -> None:
        """Make every source due, whatever its schedule."""
        async with self.storage.writing() as tx:
            await tx.change(update(Source).values(next_fetch_at=tx.now))

    async def _send(self) -> int:
        self.clock.turn(_PAUSE)
        sent = await self.sending.run_once()
        await self.sending.calls.all_done()
        return sent


@asynccontextmanager
async def whole_bot(database_url: str) -> AsyncIterator[WholeBot]:
    """Yield a bot on an empty, migrated database."""
    clock = TurnedClock()
    storage = Storage.open(database_url, clock=clock)
    stopping = asyncio.Event()
    try:
        async with (
            FakeWeb() as web,
            DocumentReader() as reader,
            LocalPlayground(flood="off", clock=lambda: clock.now.timestamp()) as playground,  # noqa: PLW0108 - the clock is turned
            _redirected_fetcher(web, playground) as fetcher,
            Bot(TOKEN, session=PlainSession(playground.base_url), default=BOT_DEFAULTS) as bot,
            Calls(timer=TurnedTimer(clock)) as calls,
            asyncio.TaskGroup() as group,
        ):
            sources = SourceResources(storage, fetcher, reader)
            process = _process(database_url, sources, playground)
            renderer = Renderer()
            resources = make_resources(process, mailer=None)
            handled = HandledUpdates(make_dispatcher(resources, renderer))
            group.create_task(_poller(bot, handled).run(stopping))
            try:
                yield WholeBot(
                    clock,
                    storage,
                    web,
                    playground,
                    resources,
                    handled,
                    partial(read_published_feed, storage, renderer, process.links),
                    _steps(process),
                    SendStage(storage, Telegram(bot), process.owner, calls, bot_key(TOKEN)),
                )
            finally:
                stopping.set()
    finally:
        await storage.close()


def _redirected_fetcher(web: FakeWeb, playground: LocalPlayground) -> Fetcher:
    """Return a fetcher that reaches the newsroom, and for every other host connects to *web*."""
    newsroom = ip_address(playground.host), playground.port

    def sockets(policy: AddressPolicy) -> Callable[..., Any]:
        judging = CheckedSockets(policy)
        redirected = RedirectedSockets(judging, web.port)
        return lambda found: (judging if found[4][1] == playground.port else redirected)(found)

    return Fetcher(
        policy=AddressPolicy((), frozenset({newsroom})),
        user_agent="Dateline/test (+https://example.org)",
        resolver=FakeNames(),
        throttle=Throttle(pause_seconds=0),
        sockets=sockets,
    )


def _process(
    database_url: str, sources: SourceResources, playground: LocalPlayground
) -> ProcessContext:
    newsroom = SampleSite(f"{playground.base_url}/news/", _EVERY)
    return ProcessContext(
        settings=Settings(
            _env_file=None,  # type: ignore[call-arg]
            bot_token=SecretStr(TOKEN),
            database_url=SecretStr(database_url),
            access=AccessMode.OPEN,
        ),
        deployment=Deployment(TOKEN, "", AccessMode.OPEN, newsroom_site=newsroom),
        sources=sources,
        links=Links("https://bot.example", Signer(bytes(32))),
        announce=lambda _line: None,
    )


def _steps(process: ProcessContext) -> list[Callable[[], Awaitable[int]]]:
    """Return the stages in the order of the pipeline."""
    sources, owner = process.sources, process.owner
    read = sources.storage, sources.fetcher, sources.reader, owner
    runners = [*match_stages(process), *publish_stages(process)]
    by_stage = {runner.stage: runner.run_once for runner in runners}
    by_stage |= {POLL: SourcePoller(*read).poll_due, PAGE: PageStage(*read).complete_due}
    return [by_stage[stage] for stage in _STEPS]


def _poller(bot: Bot, handled: Any) -> Poller:
    limiter = RateLimiter(everybody=Rate(burst=10_000, per_second=1_000))
    handling = UpdateQueue(bot, handled, limiter)
    return Poller(bot, handling, lambda: True, ALLOWED_UPDATES)
