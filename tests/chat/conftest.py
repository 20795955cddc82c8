"""Users who chat with the bot: the real dispatcher polls the playground."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Update
from sqlmodel import col, select

from bot.chat.dispatcher import ALLOWED_UPDATES, make_dispatcher
from bot.chat.middlewares import PAUSES_SECONDS, PRESS_SECONDS
from bot.chat.polling import Poller
from bot.chat.progress import FeedListReports
from bot.chat.rate_limit import Rate, RateLimiter
from bot.chat.updates import UpdateQueue
from bot.mail.compose import FromAddress, Mailer
from bot.rendering.autolinks import JOINER, without_joiners
from bot.rendering.renderer import Renderer
from bot.resources import Resources
from bot.sources.drafts import draft_of, identify, url_hash
from bot.sources.feeds.model import Document, DocumentKind, Item
from bot.sources.letters.addresses import AddressPattern
from bot.sources.urls import host_of
from bot.subscribers import catalogue, topics
from bot.subscribers.access import Access
from bot.subscribers.feed_lists import FeedListStage
from bot.telegram import BOT_DEFAULTS
from storage.articles import Article
from storage.chats import Chat, chat_at
from storage.db.engine import Storage, Transaction
from storage.enums import ArticleStage
from storage.matches import Match
from storage.queries import Query
from storage.sources import add_source, source_of
from tests.bot_api import PlainSession
from tests.chat.receiving import ByPolling, ByWebhook, Handler, Receiving, bot_on
from tests.conftest import TurnedClock
from tests.local_playground import LocalPlayground
from tests.mail.letters import FakeForms
from tests.resources import ADMIN, LINKS, FakeAdding, FakeLooking, make_resources
from tests.sources.drafts_made import store_drafts
from tests.story.processes import PATIENCE

BOT_NAME = "@dateline_playground_bot"
SAMPLE_SOURCE = "https://news.example.org/feed.xml"


class HandledUpdates:
    """Passes updates to a dispatcher, and records which it has handled."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher
        self.numbers: set[int] = set()
        self.changed = asyncio.Condition()

    async def feed_update(self, bot: Bot, update: Update, **options: Any) -> Any:
        try:
            return await self.dispatcher.feed_update(bot, update, **options)
        finally:
            async with self.changed:
                self.numbers.add(update.update_id)
                self.changed.notify_all()

    async def wait_for(self, number: int) -> None:
        async with asyncio.timeout(PATIENCE), self.changed:
            await self.changed.wait_for(lambda: number in self.numbers)


@dataclass
class Talk:
    """A user's chat with the bot; sending and pressing return the bot's reply."""

    playground: LocalPlayground
    who: Any
    seen: int = 0
    handled: HandledUpdates | None = None

    async def says(self, text: str, *labels: str, **facts: Any) -> dict[str, Any]:
        """Send *text*, then press the buttons with *labels*, one after the other."""
        self.playground.send(self.who, text, **facts)
        message = await self.next()
        return await self.presses(message, *labels) if labels else message

    async def replies(self, question: dict[str, Any], text: str, **facts: Any) -> dict[str, Any]:
        return await self.says(text, reply_to_message_id=question["message_id"], **facts)

    async def next(self) -> dict[str, Any]:
        message = await self.playground.wait_for_message(
            self.who, lambda _message: True, after=self.seen
        )
        self.seen = message["version"]
        return as_read(message)

    async def presses(self, message: dict[str, Any], *labels: str, **facts: Any) -> dict[str, Any]:
        """Press the button whose text contains each label, each time in the resulting message.

        Return the last new message, or the edited one if none came.
        """
        for label in labels:
            query, update_id = self._press(message, label, **facts)
            await self.playground.wait_for_answer(query)
            if self.handled:
                await self.handled.wait_for(update_id)
            shown = await self.next()
            has_more = self.playground.messages(self.who, self.seen)
            is_pressed = shown["message_id"] == message["message_id"]
            message = await self.next() if is_pressed and has_more else shown
        return message

    async def presses_quietly(self, message: dict[str, Any], label: str, **facts: Any) -> str:
        """Press the button; return the text of the toast, "" for none."""
        query, _ = self._press(message, label, **facts)
        return (await self.playground.wait_for_answer(query))["text"] or ""

    def _press(self, message: dict[str, Any], label: str, **facts: Any) -> tuple[str, int]:
        """Return the id of the callback query, and of its update."""
        data = next(data for text, data in buttons(message) if label in text)
        query = self.playground.press(self.who, message["message_id"], data, **facts)
        *_, update = self.playground.world.updates
        return query, update["update_id"]

    async def settled(self) -> None:
        """Wait until all earlier updates are handled: a marker user sends one and gets a reply."""
        async with asyncio.timeout(PATIENCE):
            await Talk(self.playground, self.playground.user("Marker")).says("/help")

    def all(self) -> list[dict[str, Any]]:
        messages = self.playground.messages(self.who)
        return [as_read(message) for message in messages if message["from"]["is_bot"]]


def as_read(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message as users see it: joiners removed, entities shifted."""
    text = message.get("text", "")
    if JOINER not in text:
        return message
    coded = text.encode("utf-16-le")

    def moved(offset: int) -> int:
        before: str = coded[: 2 * offset].decode("utf-16-le")
        return offset - before.count(JOINER)

    entities = [
        entity
        | {
            "offset": (start := moved(entity["offset"])),
            "length": moved(entity["offset"] + entity["length"]) - start,
        }
        for entity in message.get("entities", ())
    ]
    shown = {"text": without_joiners(text)} | ({"entities": entities} if entities else {})
    return message | shown


def buttons(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for row in (message.get("reply_markup") or {}).get("inline_keyboard", ()):
        for button in row:
            yield button["text"], button.get("callback_data", "")


def labels(message: dict[str, Any]) -> list[str]:
    return [text for text, _ in buttons(message)]


@dataclass
class House:
    """A running bot and its resources."""

    playground: LocalPlayground
    bot: Bot
    resources: Resources
    dispatcher: Dispatcher
    handled: HandledUpdates
    storage: Storage
    adding: FakeAdding
    looking: FakeLooking
    last_call: int = 0

    def talk(self, name: str = "Ann", **facts: Any) -> Talk:
        """Return the chat of a new user."""
        return self.talk_in(self.playground.user(name, **facts))

    def talk_in(self, chat: Any) -> Talk:
        return Talk(self.playground, chat, handled=self.handled)

    async def group(
        self,
        founder: Talk,
        *others: Any,
        kind: str = "supergroup",
        status: str = "member",
        thread: str = "",
    ) -> Talk:
        """Return the talk in a new group, whose creator *founder* has added the bot.

        *thread*: the name of a topic, which makes the group a forum.
        """
        chat = self.playground.chat(kind, "Newsroom", [founder.who, *others], bot="left")
        if thread:
            self.playground.topic(chat, name=thread)
        self.playground.membership(chat, status, from_id=founder.who.id)
        talk = self.talk_in(chat)
        await talk.next()
        return talk

    async def show_button(
        self, talk: Talk, data: str, text: str = "by hand", **facts: Any
    ) -> dict[str, Any]:
        """Send a message with a button "By hand" that has this data, like an old or forged one."""
        button = InlineKeyboardButton(text="By hand", callback_data=data)
        markup = InlineKeyboardMarkup(inline_keyboard=[[button]])
        await self.bot.send_message(talk.who.id, text, reply_markup=markup, **facts)
        return await talk.next()

    async def row_of(self, talk: Talk, thread: int = 0) -> Chat | None:
        async with self.storage.reading() as tx:
            return await chat_at(tx, talk.who.id, thread)

    async def subscriptions_of(self, talk: Talk, thread: int = 0) -> list[str]:
        """Return the names of the topics to which a known chat subscribes."""
        chat = await self.row_of(talk, thread)
        assert chat
        return [topic.name for topic in (await topics.subscribed(self.storage, chat.id)).items]

    def feed_list_stage(self) -> FeedListStage:
        """Return the stage that adds the feeds of uploaded lists and reports in the chat."""
        adder, limits = self.resources.own_source_adder, self.resources.limits
        report = FeedListReports(self.bot, Renderer()).report
        return FeedListStage(self.storage, adder, limits, report, "me")

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls to Telegram since the last look."""
        calls = self.playground.journal(after=self.last_call)
        self.last_call = calls[-1]["n"] if calls else self.last_call
        return calls

    async def feed(self, update: Update) -> list[dict[str, Any]]:
        """Feed *update* to the dispatcher; return the calls to Telegram that it caused."""
        self.calls()
        await self.dispatcher.feed_update(self.bot, update)
        return self.calls()


@pytest.fixture
async def playground() -> AsyncIterator[LocalPlayground]:
    async with LocalPlayground(flood="off") as opened:
        yield opened


@pytest.fixture
async def bot(playground: LocalPlayground) -> AsyncIterator[Bot]:
    async with bot_on(playground) as opened:
        yield opened


@pytest.fixture
def seconds(clock: TurnedClock) -> Callable[[], float]:
    """Return a function that returns the time of the turned clock in seconds."""

    def tell() -> float:
        return clock.now.timestamp()

    return tell


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture(params=["polling", "webhook"])
def receiving(request: pytest.FixtureRequest, playground: LocalPlayground, bot: Bot) -> Receiving:
    """Return each way of receiving updates in turn."""
    return ByPolling(playground) if request.param == "polling" else ByWebhook(bot)


@pytest.fixture(scope="session")
def catalogued(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with the topic catalogue, for copying."""
    path = tmp_path_factory.mktemp("catalogue") / "catalogued.sqlite3"
    shutil.copy(migrated_sqlite, path)
    asyncio.run(load_catalogue(path))
    return path


async def load_catalogue(path: Path) -> None:
    opened = Storage.open(f"sqlite+aiosqlite:///{path}", clock=TurnedClock())
    await catalogue.load_catalogue(opened)
    await opened.close()


@pytest.fixture
async def one_storage(
    catalogued: Path, tmp_path: Path, clock: TurnedClock
) -> AsyncIterator[Storage]:
    path = tmp_path / "dateline.sqlite3"
    shutil.copy(catalogued, path)
    opened = Storage.open(f"sqlite+aiosqlite:///{path}", clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
def access() -> Access:
    """Return the access rules; a test module may override them."""
    return Access(is_open=True, admins=frozenset({ADMIN}))


@pytest.fixture
def renderer() -> Renderer:
    """Return the renderer of replies; a test module may add languages."""
    return Renderer()


@pytest.fixture
def mailer(renderer: Renderer) -> Mailer | None:
    """Return the mailer; a test module may return None."""
    return Mailer(renderer, FromAddress("news@dateline.example"), LINKS)


@pytest.fixture
def limiter() -> RateLimiter:
    """Return a limiter that never limits a test; a test module may override it."""
    unlimited = Rate(burst=10_000, per_second=1_000)
    return RateLimiter(everybody=unlimited, for_admins=unlimited)


@pytest.fixture
def is_for_first() -> bool:
    """Return whether the first user becomes an admin, as in a playground."""
    return False


@pytest.fixture
def pauses_seconds() -> Sequence[float]:
    """Return the pauses between retries of an unavailable database."""
    return PAUSES_SECONDS


@pytest.fixture
def press_seconds() -> float:
    """Return how long a press waits for the database before it is answered."""
    return PRESS_SECONDS


@pytest.fixture
def app_url() -> str | None:
    """Return the URL of the Mini App, if any."""
    return None


@pytest.fixture
def newsletter_addresses() -> AddressPattern | None:
    """The addresses of newsletters; none unless a test overrides it."""
    return None


@pytest.fixture
async def house(
    playground: LocalPlayground,
    one_storage: Storage,
    access: Access,
    mailer: Mailer | None,
    limiter: RateLimiter,
    renderer: Renderer,
    is_for_first: bool,
    pauses_seconds: Sequence[float],
    press_seconds: float,
    app_url: str | None,
    newsletter_addresses: AddressPattern | None,
) -> AsyncIterator[House]:
    adding, looking = FakeAdding(), FakeLooking()
    resources = make_resources(
        one_storage,
        access=access,
        renderer=renderer,
        mailer=mailer,
        source_adder=adding,
        link_lookup=looking,
        is_playground=is_for_first,
        app_url=app_url,
        newsletters=newsletter_addresses,
        forms=FakeForms(),
    )
    dispatcher = make_dispatcher(resources, renderer, pauses_seconds, press_seconds, limiter)
    session = PlainSession(playground.base_url)
    stopping = asyncio.Event()
    async with (
        Bot("1:playground", session=session, default=BOT_DEFAULTS) as bot,
        asyncio.TaskGroup() as group,
    ):
        handled: Any = HandledUpdates(dispatcher)
        queue = UpdateQueue(bot, handled, limiter)
        group.create_task(Poller(bot, queue, lambda: True, ALLOWED_UPDATES).run(stopping))
        try:
            yield House(
                playground, bot, resources, dispatcher, handled, one_storage, adding, looking
            )
        finally:
            stopping.set()
            await resources.background.close()


@pytest.fixture
def ann(house: House) -> Talk:
    return house.talk("Ann", language_code="ja")


@pytest.fixture
def admin(house: House) -> Talk:
    return house.talk("Ada", id=ADMIN)


@pytest.fixture
def eve(playground: LocalPlayground) -> Any:
    """Return a plain member of the group."""
    return playground.user("Eve")


@pytest.fixture
async def group(house: House, ann: Talk, eve: Any) -> Talk:
    """Return the talk in a group of Ann's that has the bot as a member."""
    return await house.group(ann, eve)


@pytest.fixture
def news(one_storage: Storage) -> Callable[[str, str], Awaitable[None]]:
    """Return a function that stores an article of a public source."""

    async def store(title: str, text: str, url: str = "https://news.example.org/1") -> None:
        async with one_storage.writing() as tx:
            await add_feed(tx, SAMPLE_SOURCE, title="Sample Times", public=True)
            await add_article(tx, SAMPLE_SOURCE, url, title, text)

    return store


@pytest.fixture
def detained(
    ann: Talk, news: Callable[[str, str], Awaitable[None]], one_storage: Storage, clock: TurnedClock
) -> Callable[[str, str], Awaitable[None]]:
    """Return a function that subscribes Ann to "detained" and stores an article that it matches."""

    async def store(title: str, text: str) -> None:
        await ann.says("detained", "Both")
        clock.turn(timedelta(minutes=1))
        await news(title, text)
        async with one_storage.writing() as tx:
            article = await tx.one(select(Article))
            query = await tx.one(select(Query).where(col(Query.canonical) == "detained"))
            article.stage = ArticleStage.MATCHED
            facts: dict[str, Any] = {"words": ["detained"], "news_at": tx.now, "found_at": tx.now}
            await tx.add(Match(article_id=article.id, query_id=query.id, **facts))

    return store


async def add_feed(tx: Transaction, url: str, **values: Any) -> int:
    """Store a source unless one with this URL exists; return its id."""
    known: dict[str, Any] = {"url": url, "url_hash": url_hash(url), "host": host_of(url)}
    known |= {"created_at": tx.now, "next_fetch_at": tx.now}
    made = await add_source(tx, known | values)
    there = await source_of(tx, url_hash(url))
    return made or (there and there.id) or 0


async def add_article(tx: Transaction, feed: str, url: str, title: str, text: str) -> None:
    """Store an article of the source with the URL *feed*."""
    source = await source_of(tx, url_hash(feed))
    assert source
    item = Item("", url, title, "", text, tx.now, "en")
    (entry,) = identify(Document(DocumentKind.FEED, items=(item,)), feed)
    found = draft_of(*entry, source_url=feed, now=tx.now, backlog=False)
    await store_drafts(tx, source.id, [found])
