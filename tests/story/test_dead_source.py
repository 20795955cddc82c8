"""A publisher closes its feed, and the followers are notified."""

from contextlib import AsyncExitStack
from datetime import timedelta
from ipaddress import ip_address

from aiogram import Bot

from bot.delivery.pace import bot_key
from bot.delivery.sender import Calls, SendStage
from bot.delivery.telegram import Telegram
from bot.rendering.renderer import Renderer
from bot.sources.discovery.add import SourceAdder
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.ssrf import AddressPolicy
from bot.sources.parser_pool import DocumentReader
from bot.sources.poll import SourcePoller
from bot.telegram import BOT_DEFAULTS
from storage.chats import open_chat
from storage.db.engine import Storage
from storage.sources import Follow
from tests.bot_api import PlainSession
from tests.conftest import TurnedClock
from tests.local_playground import LocalPlayground
from tests.publishing.stages import Stages

TOKEN = "1:playground"


async def test_followers_of_a_closed_feed_are_notified(storage: Storage, clock: TurnedClock):
    async with AsyncExitStack() as stack:
        playground = await stack.enter_async_context(LocalPlayground(flood="off"))
        address = (ip_address(playground.host), playground.port)
        policy = AddressPolicy(endpoints=frozenset({address}))
        fetcher = await stack.enter_async_context(Fetcher(policy=policy, user_agent="test"))
        reader = await stack.enter_async_context(DocumentReader())
        ann = playground.user("Ann")
        added = await SourceAdder(storage, fetcher, reader, public=True).add(
            f"{playground.base_url}/news/wire.xml"
        )
        async with storage.writing() as tx:
            key = {"telegram_id": ann.id, "thread_id": 0, "zone": "Asia/Tokyo"}
            chat = await open_chat(tx, key)
            await tx.add(Follow(chat_id=chat.id, source_id=added.source_id or 0))

        playground.newsroom.close("wire")
        clock.turn(timedelta(days=1))
        await SourcePoller(storage, fetcher, reader, owner="us").poll_due()
        await Stages(storage, Renderer(), "us").notices()
        await send(storage, playground)

        (message,) = playground.messages(ann)
    assert message["text"].startswith("Example Wire has been taken down for good")
    assert "You follow it." in message["text"]


async def send(storage: Storage, playground: LocalPlayground) -> None:
    session = PlainSession(playground.base_url)
    async with Bot(TOKEN, session=session, default=BOT_DEFAULTS) as bot, Calls() as calls:
        await SendStage(storage, Telegram(bot), "us", calls, bot_key(TOKEN)).run_once()
