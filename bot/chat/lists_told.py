"""How far a list of feeds is, told in the message where it was wanted; then what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from aiogram.exceptions import AiogramError

from bot.chat.progress import Progress
from bot.chat.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiogram import Bot

    from bot.rendering.renderer import Renderer
    from bot.subscribers.adding_lists import Tried
    from storage.feeds_followed import ImportChat

log = structlog.get_logger(__name__)

SHOWN = 10  # reasons; more of them come as a file
_FILE = "not-added.txt"


@dataclass(frozen=True, slots=True)
class ListsTold:
    bot: Bot
    renderer: Renderer

    async def tell(self, place: ImportChat, tried: int, total: int) -> None:
        await self._change(place, "chat/import.html#adding", tried=tried, total=total)

    async def report(self, place: ImportChat, lines: Sequence[Tried]) -> None:
        failed = [line for line in lines if line.outcome in {"refused", "too many"}]
        counts = {
            "added": sum(line.outcome == "followed" for line in lines),
            "known": sum(line.outcome == "there" for line in lines),
            "failed": failed,
            "shown": SHOWN,
        }
        await self._change(place, "chat/import.html#added", **counts)
        if len(failed) > SHOWN:
            await self._send_file(place, failed)

    async def _change(self, place: ImportChat, template: str, **values: Any) -> None:
        try:
            await Progress(self._answers(place), place.message_id).change(template, **values)
        except AiogramError as error:
            log.info("a list could not be told of", reason=str(error))

    async def _send_file(self, place: ImportChat, failed: Sequence[Tried]) -> None:
        reply = self._answers(place)
        data = reply.renderer.text("chat/import.html#not_added_file", failed=failed).encode()
        try:
            await reply.send_file(_FILE, data, "chat/import.html#not_added", count=len(failed))
        except AiogramError as error:
            log.info("a list could not be told of", reason=str(error))

    def _answers(self, place: ImportChat) -> Reply:
        return Reply(self.bot, self.renderer.of(place.language), place.telegram_id)
