"""Progress messages: one per task, in the right chat and thread."""

from typing import Any, cast

import pytest
from aiogram import Bot
from sqlalchemy.exc import OperationalError

from bot.chat.reply import Reply
from bot.rendering.renderer import Renderer
from bot.sources.discovery.discover import FoundFeed, LookupResult

FEED = "https://paper.example/feed.xml"


@pytest.fixture
def pauses_seconds():
    return 0.0, 0.0, 0.0


async def test_progress_is_sent_once_while_the_database_fails(house, ann):
    tries = iter([True, True, True, False])
    house.looking.told = LookupResult("", (FoundFeed(FEED, "Paper"),), is_feed=True)
    look = house.looking.look

    async def failing(url: str) -> Any:
        if next(tries):
            raise OperationalError("SELECT", {}, Exception("away"))
        return await look(url)

    house.looking.look = failing
    await ann.says("/help")
    before = len(ann.all())
    offer = await ann.says(FEED)
    while offer["text"].startswith("Looking at"):
        offer = await ann.next()

    assert offer["text"].startswith("Add Paper?")
    assert len(ann.all()) == before + 1


@pytest.mark.parametrize("thread", [0, 7])
@pytest.mark.parametrize("action", ["typing", "drawing"])
def test_a_chat_action_is_shown_in_its_thread(thread, action):
    reply = Reply(cast("Bot", None), Renderer(), telegram_id=-100, thread_id=thread)

    shown = getattr(reply, action)()

    assert (shown.chat_id, shown.message_thread_id) == (-100, thread or None)
