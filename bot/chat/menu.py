"""The menus of commands in Telegram's clients, and the button beside the text field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from aiogram.exceptions import AiogramError, TelegramBadRequest
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
    from collections.abc import Mapping

    from aiogram import Bot

    from bot.rendering.renderer import Renderer

log = structlog.get_logger(__name__)


async def register_commands(
    bot: Bot, renderer: Renderer, admins: Mapping[int, str] | None = None
) -> None:
    """Set the menus and the description of the bot in each language.

    *admins* maps each admin of the bot to the language that the bot writes to them. An admin who
    has not started the bot yet gets the menu at the first start.
    """
    scope, groups = BotCommandScopeAllPrivateChats(), BotCommandScopeAllGroupChats()
    for code, spoken in _by_code(renderer).items():
        await bot.set_my_commands(_described(Menu.PRIVATE, spoken), scope=scope, language_code=code)
        in_groups = _described(Menu.GROUP, spoken)
        await bot.set_my_commands(in_groups, scope=groups, language_code=code)
        await _set_descriptions(bot, spoken, code)
    for user_id, language in (admins or {}).items():
        try:
            await _register_chat(bot, user_id, renderer.of(language), is_admin=True)
        except TelegramBadRequest as refused:
            log.info("a command menu was not set", user=user_id, reason=refused.message)


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


@dataclass(frozen=True, slots=True)
class ChatMenu:
    """The menu button and the commands of one private chat, in the language of *renderer*.

    A chat whose user is no admin and has chosen no language needs no commands of its own, because
    Telegram shows those for the language of the client.
    """

    user_id: int
    renderer: Renderer
    app_url: str | None
    is_admin: bool
    is_chosen: bool = False

    @property
    def key(self) -> tuple[str, int]:
        """The key of this work, so that of two changes the later one is set last."""
        return "menu", self.user_id

    async def set(self, bot: Bot) -> None:
        """Set both, which takes a call for each; log what fails, because nobody waits for it."""
        try:
            await set_menu_button(bot, self.renderer, self.app_url, self.user_id)
            if self.is_admin or self.is_chosen:
                await _register_chat(bot, self.user_id, self.renderer, is_admin=self.is_admin)
            else:
                await bot.delete_my_commands(scope=BotCommandScopeChat(chat_id=self.user_id))
        except (AiogramError, OSError, TimeoutError) as error:
            log.info("the menu of a chat was not set", user=self.user_id, reason=str(error))


async def _register_chat(bot: Bot, user_id: int, renderer: Renderer, *, is_admin: bool) -> None:
    """Set the commands of one chat for clients in any language.

    Telegram prefers the commands of a chat over those of all chats, even if only the latter have
    the client's language: https://core.telegram.org/bots/api#determining-list-of-commands
    """
    commands = _described(Menu.PRIVATE, renderer, is_admin=is_admin)
    await bot.set_my_commands(commands, scope=BotCommandScopeChat(chat_id=user_id))


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


def _described(menu: Menu, renderer: Renderer, *, is_admin: bool = False) -> list[BotCommand]:
    def describe(name: str) -> str:
        return renderer.line("chat/menu.html#command", command=name, is_admin=is_admin)

    return [
        BotCommand(command=name, description=describe(name))
        for name in names_in(menu, is_admin=is_admin)
    ]
