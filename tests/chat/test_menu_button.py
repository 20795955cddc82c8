"""The button beside the text line: it opens the Mini App where there is one."""

import pytest
from aiogram import Bot

from bot.chat.menu import set_menu_button
from bot.rendering.renderer import Renderer
from tests.bot_api import PlainSession

pytestmark = pytest.mark.slow

APP = "https://news.example.org/app"


@pytest.fixture
async def bot(playground):
    async with Bot("1:playground", session=PlainSession(playground.base_url)) as opened:
        yield opened


async def test_it_opens_the_app(bot, playground):
    await set_menu_button(bot, Renderer(), APP)

    button = playground.bot_profile()["menu_button"]
    assert button == {"type": "web_app", "text": "Topics", "web_app": {"url": APP}}


async def test_it_shows_the_commands_where_there_is_no_app_any_more(bot, playground):
    await set_menu_button(bot, Renderer(), APP)
    await set_menu_button(bot, Renderer(), None)

    assert playground.bot_profile()["menu_button"] == {"type": "commands"}
