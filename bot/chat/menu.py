"""The commands in the menu of Telegram's client: everybody's, and those that admins see too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiogram import Bot

    from bot.rendering.renderer import Renderer

log = structlog.get_logger(__name__)

COMMANDS = (
    "topics",
    "digest",
    "search",
    "test",
    "settings",
    "sources",
    "mutes",
    "email",
    "feeds",
    "help",
    "stop",
    "export",
    "import",
    "privacy",
    "delete_me",
)
FOR_ADMINS = ("admin", "ban", "allow")
ADMIN_COMMANDS = ("admin", *COMMANDS)
GROUP_COMMANDS = ("topics", "digest", "test", "settings", "mutes", "help")


async def register_commands(bot: Bot, renderer: Renderer, admins: Iterable[int] = ()) -> None:
    """Fill the menus; an admin who has not started the bot yet gets theirs at the first start."""
    scope = BotCommandScopeAllPrivateChats()
    await bot.set_my_commands(_described(COMMANDS, renderer), scope=scope)
    for person_id in admins:
        await register_admin(bot, renderer, person_id)
    groups = BotCommandScopeAllGroupChats()
    await bot.set_my_commands(_described(GROUP_COMMANDS, renderer), scope=groups)


async def register_admin(bot: Bot, renderer: Renderer, person_id: int) -> None:
    scope = BotCommandScopeChat(chat_id=person_id)
    try:
        await bot.set_my_commands(_described(ADMIN_COMMANDS, renderer), scope=scope)
    except TelegramBadRequest as refused:
        log.info("no menu for an admin yet", person=person_id, reason=refused.message)


def _described(names: Iterable[str], renderer: Renderer) -> list[BotCommand]:
    return [
        BotCommand(
            command=name, description=renderer.message("chat/command.html", command=name).text
        )
        for name in names
    ]
