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
from tests.story.processes import Command, free_port
from tests.story.test_run import on

pytestmark = pytest.mark.slow

MORE_THAN_A_MESSAGE_TELLS = 7
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
async def bot(workplace, telegram, sqlite_url) -> AsyncIterator[Command]:
    """Run a bot that the world reaches at an address of its own."""
    port = free_port()
    reached = {"web_port": port, "public_url": f"http://127.0.0.1:{port}"}
    async with workplace.dateline(
        "run", **on(telegram, database_url=sqlite_url, **reached)
    ) as command:
        yield command
        await command.stop()


@pytest.fixture
async def due(telegram, sqlite_url):
    """Make a digest due for Ann; return her."""
    ann = telegram.user("Ann")
    telegram.send(ann, "/start")  # a bot may not be the first to write
    storage = Storage.open(sqlite_url)
    newsroom = Newsroom(storage)
    was_due = datetime.now(UTC).replace(second=0, microsecond=0) - TEN_MINUTES
    chat = await newsroom.chat(ann.id, zone="UTC", next_digest_at=was_due)
    async with storage.writing() as tx:
        await set_schedule(tx, chat, [ScheduleTime(0, was_due.hour * 60 + was_due.minute)])
    source, query = await newsroom.source(), await newsroom.query("words")
    await newsroom.subscribe(chat, query, "My words", Mode.DIGEST)
    for number in range(MORE_THAN_A_MESSAGE_TELLS):
        await newsroom.article(f"Title {number}", query, source_id=source)
    await storage.close()
    return ann


async def test_a_digest_leads_to_its_whole_in_the_browser(telegram, due, bot):
    await bot.said("ready")
    digest = await telegram.wait_for_message(due, lambda message: "7 stories" in message["text"])

    rows = digest["reply_markup"]["inline_keyboard"]
    (link,) = [button["url"] for row in rows for button in row if "url" in button]
    async with aiohttp.request("GET", link) as answer:
        page = await answer.text()

    assert "Title 0 · Example Wire" in digest["text"]  # two are too few to be folded
    assert answer.status == 200
    assert all(f">Title {number}</a>" in page for number in range(MORE_THAN_A_MESSAGE_TELLS))


async def test_a_feed_is_read_at_the_address_that_the_chat_shows(telegram, due, bot):
    await bot.said("ready")
    telegram.send(due, "/feeds")
    shown = await telegram.wait_for_message(due, lambda message: "Your feeds" in message["text"])

    _, _, atom, _ = [one["url"] for one in shown["entities"] if one["type"] == "text_link"]
    async with aiohttp.request("GET", atom) as answer:
        read = feedparser.parse(await answer.read())

    assert read.feed.title == "My words · Dateline"
    assert len(read.entries) == MORE_THAN_A_MESSAGE_TELLS
