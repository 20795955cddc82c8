"""The whole bot in this process: feeds that a test serves, users in the playground, its own clock.

Everything between a feed's bytes and a message is wired as `bot.app` wires it. A test turns the
clock to an hour and lets each step do what is due by then.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from html import escape
from typing import Any, Final

from aiogram import Bot
from aiohttp import web
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
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.connection import CheckedSockets
from bot.sources.fetch.ssrf import AddressPolicy
from bot.sources.fetch.throttle import Throttle
from bot.sources.fulltext import PageStage
from bot.sources.parser_pool import DocumentReader
from bot.sources.poll import SourcePoller
from bot.stages import ALERT, ALSO, BUNDLE, DIGEST, MATCH, PAGE, POLL
from bot.subscribers import own_feeds, subscriptions
from bot.telegram import BOT_DEFAULTS
from storage.chats import chats_of
from storage.db.engine import Storage
from storage.enums import Mode
from storage.sources import Source
from tests.bot_api import PlainSession
from tests.chat.conftest import Talk
from tests.conftest import MONDAY_NOON, TurnedClock
from tests.delivery.conftest import TurnedTimer
from tests.fake_web import FakeNames, FakeWeb, RedirectedSockets
from tests.local_playground import LocalPlayground

TOKEN: Final = "1:playground"
_EVERY: Final = timedelta(minutes=30)  # a public source is asked
_PAUSE: Final = timedelta(seconds=2)  # after it a host may be asked again, and a chat be written to
_STEPS: Final = (POLL, PAGE, MATCH, ALERT, BUNDLE, ALSO, DIGEST)


def hour(number: float) -> datetime:
    """Return the moment so many hours after the test's beginning."""
    return MONDAY_NOON + timedelta(hours=number)


@dataclass(frozen=True)
class Printed:
    """What a feed says of one article; *text* is long enough that nobody asks for its page."""

    title: str
    link: str
    text: str
    at: datetime | None = None

    def as_rss(self) -> str:
        date = f"<pubDate>{format_datetime(self.at)}</pubDate>" if self.at else ""
        return (
            f"<item><title>{escape(self.title)}</title><link>{escape(self.link)}</link>"
            f"<guid isPermaLink='false'>{escape(self.link)}</guid>{date}"
            f"<description>{escape(self.text)}</description></item>"
        )


@dataclass(eq=False)
class Feed:
    """A feed and what it shows now, the newest first."""

    name: str
    title: str
    shown: list[Printed] = field(default_factory=list)
    is_read: bool = False
    """Whether somebody has read it as it is now."""

    @property
    def url(self) -> str:
        return f"http://{self.name}.example/{self.name}.xml"

    def prints(self, *articles: Printed) -> None:
        """Show *articles* too; what has the link of one that is shown takes its place."""
        links = {one.link for one in articles}
        self.shown = [*articles, *(one for one in self.shown if one.link not in links)]
        self.is_read = False

    async def answer(self, _request: web.Request) -> web.Response:
        self.is_read = True
        items = "".join(article.as_rss() for article in self.shown)
        head = f"<title>{self.title}</title><link>http://{self.name}.example/</link>"
        body = f"<rss version='2.0'><channel>{head}{items}</channel></rss>"
        return web.Response(text=body, content_type="application/rss+xml")


@dataclass(eq=False)
class User:
    """Somebody in a private chat; *chat_id* is our row of it."""

    talk: Talk
    chat_id: int

    async def asks(self, text: str) -> dict[str, Any]:
        """Return the answer to *text*, whatever came unasked before."""
        self._see_all()
        return await self.talk.says(text)

    async def presses(self, message: dict[str, Any], label: str) -> dict[str, Any]:
        self._see_all()
        return await self.talk.presses(message, label)

    async def asks_inline(self, text: str) -> dict[str, Any]:
        query = self.talk.playground.inline(self.talk.who, text)
        return await self.talk.playground.wait_for_inline_answer(query)

    def messages(self) -> list[dict[str, Any]]:
        """Return what the bot has said in the chat, as it stands there now."""
        return self.talk.all()

    def texts_with(self, words: str) -> list[str]:
        return [each["text"] for each in self.messages() if words in each.get("text", "")]

    def _see_all(self) -> None:
        versions = (each["version"] for each in self.talk.playground.messages(self.talk.who))
        self.talk.seen = max(versions, default=0)


@dataclass(eq=False)
class WholeBot:
    clock: TurnedClock
    storage: Storage
    farm: FakeWeb
    playground: LocalPlayground
    doors: Resources
    published_feed: Callable[..., Awaitable[FeedDocument | None]]
    steps: Sequence[Callable[[], Awaitable[int]]]
    sending: SendStage[Any]

    def feed(self, name: str, title: str = "") -> Feed:
        feed = Feed(name, title or name)
        self.farm.pages[f"/{name}.xml"] = feed.answer
        return feed

    async def gives_everybody(self, feed: Feed) -> None:
        """Add the feed as the operator does."""
        added = await self.doors.source_adder.add(feed.url, SourceOptions(every=_EVERY))
        assert added.source_id, added.problem

    async def user(self, name: str, *watched: tuple[str, Mode]) -> User:
        talk = Talk(self.playground, self.playground.user(name))
        await talk.says("/start")
        async with self.storage.reading() as tx:
            (chat,) = await chats_of(tx, talk.who.id)
        user = User(talk, chat.id)
        for words, mode in watched:
            await self.watches(user, words, mode)
        return user

    async def watches(self, user: User, words: str, mode: Mode) -> int:
        """Return the topic."""
        return (
            await subscriptions.subscribe(
                self.doors.storage, user.chat_id, words, mode, limits=self.doors.limits
            )
        ).topic_id

    async def follows(self, user: User, feed: Feed) -> None:
        followed = await own_feeds.follow_feed(
            self.doors.storage,
            user.chat_id,
            feed.url,
            adder=self.doors.own_source_adder,
            limits=self.doors.limits,
        )
        assert followed.source_id, followed.problem
        assert not followed.public

    async def works_at(self, number: float) -> None:
        """Turn the clock to that hour and let every step do all that is due."""
        self.clock.now = hour(number)
        await self._ask_all()
        for step in (*self.steps, self._send):
            self.clock.turn(_PAUSE)
            while await step():
                pass

    async def _ask_all(self) -> None:
        """Let every source be due, whenever it would be asked by its own rhythm."""
        async with self.storage.writing() as tx:
            await tx.session.exec(update(Source).values(next_fetch_at=tx.now))

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
            FakeWeb() as farm,
            _way_out(farm) as fetcher,
            DocumentReader() as reader,
            LocalPlayground(flood="off") as playground,
            Bot(TOKEN, session=PlainSession(playground.base_url), default=BOT_DEFAULTS) as bot,
            Calls(timer=TurnedTimer(clock)) as calls,
            asyncio.TaskGroup() as group,
        ):
            process = _process(database_url, SourceResources(storage, fetcher, reader))
            renderer = Renderer()
            doors = make_resources(process, renderer)
            group.create_task(_listening(bot, doors, renderer).run(stopping))
            try:
                yield WholeBot(
                    clock,
                    storage,
                    farm,
                    playground,
                    doors,
                    partial(read_published_feed, storage, renderer, process.links),
                    _steps(process),
                    SendStage(storage, Telegram(bot), process.owner, calls, bot_key(TOKEN)),
                )
            finally:
                stopping.set()
    finally:
        await storage.close()


def _way_out(farm: FakeWeb) -> Fetcher:
    """Every name is at a public address, and every connection ends at the farm."""
    return Fetcher(
        policy=AddressPolicy(),
        user_agent="Dateline/test (+https://example.org)",
        resolver=FakeNames(),
        throttle=Throttle(pause_seconds=0),
        sockets=lambda policy: RedirectedSockets(CheckedSockets(policy), farm.port),
    )


def _process(database_url: str, sources: SourceResources) -> ProcessContext:
    return ProcessContext(
        settings=Settings(
            _env_file=None,  # type: ignore[call-arg]
            bot_token=SecretStr(TOKEN),
            database_url=SecretStr(database_url),
            access=AccessMode.OPEN,
        ),
        deployment=Deployment(TOKEN, "", database_url, AccessMode.OPEN),
        sources=sources,
        links=Links("https://bot.example", Signer(bytes(32))),
        announce=lambda _said: None,
    )


def _steps(process: ProcessContext) -> list[Callable[[], Awaitable[int]]]:
    """Return one of each, in the order in which news goes through them."""
    sources, owner = process.sources, process.owner
    read = sources.storage, sources.fetcher, sources.reader, owner
    runners = [*match_stages(process), *publish_stages(process)]
    by_stage = {runner.stage: runner.run_once for runner in runners}
    by_stage |= {POLL: SourcePoller(*read).poll_due, PAGE: PageStage(*read).complete_due}
    return [by_stage[stage] for stage in _STEPS]


def _listening(bot: Bot, doors: Resources, renderer: Renderer) -> Poller:
    limiter = RateLimiter(everybody=Rate(burst=10_000, per_second=1_000))
    handling = UpdateQueue(bot, make_dispatcher(doors, renderer), limiter)
    return Poller(bot, handling, lambda: True, ALLOWED_UPDATES)
