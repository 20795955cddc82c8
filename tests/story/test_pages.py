"""The links of a running bot lead to its own pages."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import feedparser
import pytest

from storage.chats import set_schedule
from storage.db.engine import Storage
from storage.enums import Mode
from storage.schedules import ScheduleTime
from tests.publishing.newsroom import Newsroom
from tests.story.conftest import settings_for
from tests.story.processes import Command, free_port

pytestmark = pytest.mark.slow

MORE_THAN_A_MESSAGE_LISTS = 7
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
async def bot(workplace, telegram, sqlite_url) -> AsyncIterator[Command]:
    """Run a bot with a public address."""
    port = free_port()
    public = {"web_port": port, "public_url": f"http://127.0.0.1:{port}"}
    async with workplace.dateline(
        "run", **settings_for(telegram, database_url=sqlite_url, **public)
    ) as command:
        yield command
        await command.stop()


@pytest.fixture
async def due(telegram, sqlite_url):
    """Make a digest due for a new user, and return the user."""
    ann = telegram.user("Ann")
    telegram.send(ann, "/start")  # a bot may not write first
    storage = Storage.open(sqlite_url)
    newsroom = Newsroom(storage)
    due_at = datetime.now(UTC).replace(second=0, microsecond=0) - TEN_MINUTES
    chat = await newsroom.chat(ann.id, zone="UTC", next_digest_at=due_at)
    async with storage.writing() as tx:
        await set_schedule(tx, chat, [ScheduleTime(0, due_at.hour * 60 + due_at.minute)])
    source, query = await newsroom.source(), await newsroom.query("words")
    await newsroom.subscribe(chat, query, "My words", Mode.DIGEST)
    for number in range(MORE_THAN_A_MESSAGE_LISTS):
        await newsroom.article(f"Title {number}", query, source_id=source)
    await storage.close()
    return ann


async def test_a_digest_links_to_its_full_page(telegram, due, bot):
    await bot.wait_for("ready")
    digest = await telegram.wait_for_message(due, lambda message: "7 stories" in message["text"])

    rows = digest["reply_markup"]["inline_keyboard"]
    (link,) = [button["url"] for row in rows for button in row if "url" in button]
    async with aiohttp.request("GET", link) as response:
        page = await response.text()

    assert "Title 0 · Example Wire" in digest["text"]  # nothing is folded
    assert response.status == 200
    assert all(f">Title {number}</a>" in page for number in range(MORE_THAN_A_MESSAGE_LISTS))


async def test_a_published_feed_is_served_at_the_address_in_the_chat(telegram, due, bot):
    await bot.wait_for("ready")
    telegram.send(due, "/feeds")
    shown = await telegram.wait_for_message(due, lambda message: "Your feeds" in message["text"])

    _, _, atom, _ = [one["url"] for one in shown["entities"] if one["type"] == "text_link"]
    async with aiohttp.request("GET", atom) as response:
        read = feedparser.parse(await response.read())

    assert read.feed.title == "My words · Dateline"
    assert len(read.entries) == MORE_THAN_A_MESSAGE_LISTS
