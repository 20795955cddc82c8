"""Telegram and the pages: the link to the bot, and menus in the language chosen in the Mini App."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from aiogram import Bot
from aiogram.types import BotCommandScopeChat
from structlog.testing import capture_logs

from bot.app import website
from bot.app.deployment import PLAYGROUND_TOKEN, Deployment
from bot.app.website import BotLink, Menus
from bot.rendering.renderer import Renderers
from bot.settings import AccessMode
from bot.subscribers.errors import GroupClosed, UserError
from bot.subscribers.users import CurrentUser
from tests.bot_api import PlainSession
from tests.conftest import MONDAY_NOON
from tests.local_playground import LocalPlayground

ANN = CurrentUser(1, 7, "Ann", "UTC", is_admin=False, is_paused=False, now=MONDAY_NOON)


def deployed(api_url: str, **facts) -> Deployment:
    return Deployment(PLAYGROUND_TOKEN, api_url, AccessMode.OPEN, **facts)


@pytest.fixture
async def playground():
    async with LocalPlayground(flood="off") as opened:
        yield opened


async def test_the_link_names_the_bot(playground):
    assert (
        await BotLink(deployed(playground.base_url)).get() == "https://t.me/dateline_playground_bot"
    )


async def test_the_link_leads_to_the_playground(playground):
    here = deployed(playground.base_url, newsroom=("127.0.0.1", 1))

    assert await BotLink(here).get() == playground.base_url


async def test_telegram_is_asked_once_a_minute_while_it_does_not_answer(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(website, "monotonic", lambda: now)
    link = BotLink(deployed("http://127.0.0.1:1"))

    assert await link.get() is None
    async with LocalPlayground(flood="off") as opened:
        link.deployment = deployed(opened.base_url)
        assert await link.get() is None
        now += website.RETRY_SECONDS
        assert await link.get() is not None


@pytest.fixture
def menus(playground) -> Menus:
    here = deployed(playground.base_url, newsroom=("127.0.0.1", 1), public_url="http://127.0.0.1:1")
    return Menus(here, Renderers().of("en"))


async def test_commands_and_the_button_speak_the_chosen_language(menus, playground):
    ann = replace(ANN, user_id=playground.user("Ann").id)

    await menus.renew(ann, "de", "de")

    async with Bot(PLAYGROUND_TOKEN, session=PlainSession(playground.base_url)) as bot:
        scope = BotCommandScopeChat(chat_id=ann.user_id)
        commands = await bot.get_my_commands(scope=scope)
        button = await bot.get_chat_menu_button(chat_id=ann.user_id)
    assert button.text == "Themen"
    assert any("Sprache" in command.description for command in commands)


async def test_the_chosen_language_is_kept_if_telegram_does_not_answer(menus):
    away = replace(menus, deployment=replace(menus.deployment, api_url="http://127.0.0.1:9"))

    with capture_logs() as logged:
        await away.renew(ANN, "de", "de")

    assert [line["event"] for line in logged] == ["the menu of a chat was not set"]


def _errors_of(kind: type[UserError]) -> list[type[UserError]]:
    return [each for sub in kind.__subclasses__() for each in (sub, *_errors_of(sub))]


def test_errors_shown_in_the_mini_app_have_no_buttons():
    shown = {error.template for error in _errors_of(UserError) if "template" in vars(error)}
    shown -= {GroupClosed.template}  # a group has no Mini App

    assert len(shown) > 10
    for file, _, block in (name.partition("#") for name in shown):
        source = (Path("templates") / file).read_text()
        (text,) = re.findall(rf"{{% block {block} %}}(.*?){{% endblock %}}", source, re.DOTALL)
        assert "press." not in text, block
