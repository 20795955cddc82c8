"""The menus of commands in Telegram's clients, and the button beside the text field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    MenuButtonCommands,
    MenuButtonDefault,
    MenuButtonWebApp,
    WebAppInfo,
)

from bot.chat.commands import Menu, names_in
from bot.rendering.i18n import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from aiogram import Bot

    from bot.rendering.renderer import Renderer

log = structlog.get_logger(__name__)


async def register_commands(
    bot: Bot,
    renderer: Renderer,
    admins: Mapping[int, str | None] | None = None,
    *,
    without: Collection[str] = (),
) -> None:
    """Set the menus and the description of the bot in each language.

    *admins* maps each admin of the bot to the language that they chose, if any. An admin who has
    not started the bot yet gets the menu at the first start. *without*: commands to leave out.
    """
    scope, groups = BotCommandScopeAllPrivateChats(), BotCommandScopeAllGroupChats()
    for code, spoken in _by_code(renderer).items():
        in_private = _described(Menu.PRIVATE, spoken, without=without)
        await bot.set_my_commands(in_private, scope=scope, language_code=code)
        in_groups = _described(Menu.GROUP, spoken, without=without)
        await bot.set_my_commands(in_groups, scope=groups, language_code=code)
        await _set_descriptions(bot, spoken, code)
    for user_id, chosen in (admins or {}).items():
        spoken = renderer.of(chosen or ENGLISH.code)
        await register_chat(
            bot, user_id, spoken, is_admin=True, is_chosen=chosen is not None, without=without
        )


async def set_menu_button(
    bot: Bot, renderer: Renderer, app_url: str | None, chat_id: int | None = None
) -> None:
    """Make the button beside the text field open the Mini App, or else list the commands.

    *chat_id*: the chat whose button is set; None sets the default of all chats.
    """
    if app_url is None:
        nothing = MenuButtonCommands() if chat_id is None else MenuButtonDefault()
        await bot.set_chat_menu_button(chat_id=chat_id, menu_button=nothing)
        return
    text = renderer.line("chat/menu.html#app_button")
    opens = MenuButtonWebApp(text=text, web_app=WebAppInfo(url=app_url))
    await bot.set_chat_menu_button(chat_id=chat_id, menu_button=opens)


async def label_menu_button(
    bot: Bot, user_id: int, renderer: Renderer, app_url: str | None
) -> None:
    """Label the button in the language of the chat; the default label is English."""
    try:
        await set_menu_button(bot, renderer, app_url, user_id)
    except TelegramBadRequest as refused:
        log.info("a menu button was not set", user=user_id, reason=refused.message)


async def register_admin(
    bot: Bot, renderer: Renderer, user_id: int, *, without: Collection[str] = ()
) -> None:
    for code, spoken in _by_code(renderer).items():
        commands = _described(Menu.PRIVATE, spoken, is_admin=True, without=without)
        await _register(bot, user_id, commands, code)


async def register_chat(
    bot: Bot,
    user_id: int,
    renderer: Renderer,
    *,
    is_admin: bool,
    is_chosen: bool,
    without: Collection[str] = (),
) -> None:
    """Set the menu of one chat in its chosen language, whatever the language of its client."""
    if is_chosen:
        commands = _described(Menu.PRIVATE, renderer, is_admin=is_admin, without=without)
        for code in _by_code(renderer):
            await _register(bot, user_id, commands, code)
    elif is_admin:
        await register_admin(bot, renderer, user_id, without=without)
    else:
        scope = BotCommandScopeChat(chat_id=user_id)
        for code in _by_code(renderer):
            await bot.delete_my_commands(scope=scope, language_code=code)


async def _register(bot: Bot, user_id: int, commands: list[BotCommand], code: str | None) -> None:
    scope = BotCommandScopeChat(chat_id=user_id)
    try:
        await bot.set_my_commands(commands, scope=scope, language_code=code)
    except TelegramBadRequest as refused:
        log.info("a command menu was not set", user=user_id, reason=refused.message)


async def _set_descriptions(bot: Bot, renderer: Renderer, code: str | None) -> None:
    """Set the texts in the bot's profile and in an empty chat with it."""
    short = renderer.message("chat/menu.html#about", is_short=True).text
    long = renderer.message("chat/menu.html#about", is_short=False).text
    await bot.set_my_short_description(short, language_code=code)
    await bot.set_my_description(long, language_code=code)


def _by_code(renderer: Renderer) -> dict[str | None, Renderer]:
    """Return a renderer for each language code of a client; None stands for all others.

    Telegram accepts only two-letter codes, so only one script of Chinese has menus.
    """
    spoken: dict[str | None, Renderer] = {None: renderer.of(ENGLISH.code)}
    for language in renderer.offered:
        if language is not ENGLISH:
            spoken.setdefault(language.code.partition("-")[0], renderer.of(language.code))
    return spoken


def _described(
    menu: Menu, renderer: Renderer, *, is_admin: bool = False, without: Collection[str] = ()
) -> list[BotCommand]:
    def describe(name: str) -> str:
        return renderer.line("chat/menu.html#command", command=name, is_admin=is_admin)

    return [
        BotCommand(command=name, description=describe(name))
        for name in names_in(menu, is_admin=is_admin, without=without)
    ]
