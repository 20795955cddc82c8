"""Menus that follow a language chosen outside of the chat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from bot.app.places import Place
    from bot.rendering.renderer import Renderer
    from bot.subscribers.users import CurrentUser

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Menus:
    """Pages are served by processes that may have no session with Telegram: it opens its own."""

    place: Place
    renderer: Renderer

    async def renew(self, user: CurrentUser, speaks: str, *, is_chosen: bool) -> None:
        from bot.app.aiogram_models import import_aiogram

        import_aiogram()  # a process of pages has no other use for it
        from aiogram.exceptions import AiogramError

        from bot.app.sessions import telegram_session
        from bot.chat.menu import label_menu_button, register_chat

        spoken, user_id = self.renderer.of(speaks), user.user_id
        try:
            async with telegram_session(self.place.token, self.place.api) as bot:
                await label_menu_button(bot, user_id, spoken, self.place.app_url)
                await register_chat(
                    bot, user_id, spoken, is_admin=user.is_admin, is_chosen=is_chosen
                )
        except (AiogramError, OSError, TimeoutError) as error:
            log.warning("a menu could not be renewed", error=str(error))
