"""The pages link to the bot, whose name Telegram knows."""

from __future__ import annotations

import pytest

from bot.app import website
from bot.app.places import PLAYGROUND_TOKEN, Place
from bot.app.website import BotLink
from bot.settings import Access
from tests.local_playground import LocalPlayground


def place(api: str, **facts) -> Place:
    return Place(token=PLAYGROUND_TOKEN, api=api, database="", access=Access.OPEN, **facts)


@pytest.fixture
async def playground():
    async with LocalPlayground(flood="off") as opened:
        yield opened


async def test_the_link_names_the_bot(playground):
    assert await BotLink(place(playground.base_url)).get() == "https://t.me/dateline_playground_bot"


async def test_in_the_playground_it_leads_there(playground):
    here = place(playground.base_url, newsroom=("127.0.0.1", 1))

    assert await BotLink(here).get() == playground.base_url


async def test_while_telegram_is_away_there_is_none_and_it_is_asked_once_a_minute(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(website, "monotonic", lambda: now)
    link = BotLink(place("http://127.0.0.1:1"))

    assert await link.get() is None
    async with LocalPlayground(flood="off") as opened:
        link.place = place(opened.base_url)
        assert await link.get() is None
        now += website.RETRY_SECONDS
        assert await link.get() is not None
