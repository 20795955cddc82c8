"""A language chosen in the Mini App reaches the menu of the chat."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiogram import Bot
from aiogram.types import BotCommandScopeChat
from structlog.testing import capture_logs

from bot.app.menus import Menus
from bot.app.places import PLAYGROUND_TOKEN, Place
from bot.playground.server import Playground
from bot.rendering.renderer import Renderers
from bot.settings import Access
from bot.subscribers.users import CurrentUser
from tests.bot_api import PlainSession
from tests.conftest import MONDAY_NOON

ANN = CurrentUser(1, 7, "Ann", "UTC", is_admin=False, is_paused=False, now=MONDAY_NOON)


@pytest.fixture
async def playground():
    async with Playground(flood="off") as opened:
        yield opened


@pytest.fixture
def menus(playground) -> Menus:
    place = Place(
        token=PLAYGROUND_TOKEN,
        api=playground.base_url,
        database="",
        access=Access.OPEN,
        newsroom=("127.0.0.1", 1),
        public_url="http://127.0.0.1:1",
    )
    return Menus(place, Renderers().of("en"))


async def test_commands_and_the_button_speak_the_language_that_was_chosen(menus, playground):
    ann = replace(ANN, user_id=playground.person("Ann").id)

    await menus.renew(ann, "de", is_chosen=True)

    async with Bot(PLAYGROUND_TOKEN, session=PlainSession(playground.base_url)) as bot:
        scope = BotCommandScopeChat(chat_id=ann.user_id)
        commands = await bot.get_my_commands(scope=scope)
        button = await bot.get_chat_menu_button(chat_id=ann.user_id)
    assert button.text == "Themen"
    assert any("Sprache" in command.description for command in commands)


async def test_the_choice_holds_where_telegram_does_not_answer(menus):
    away = replace(menus, place=replace(menus.place, api="http://127.0.0.1:9"))

    with capture_logs() as logged:
        await away.renew(ANN, "de", is_chosen=True)

    assert [line["event"] for line in logged] == ["a menu could not be renewed"]
