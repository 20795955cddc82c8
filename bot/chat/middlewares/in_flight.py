"""Counting the handlers in flight, so that a process stops only when they are done."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta

    from aiogram.types import TelegramObject


class InFlight(BaseMiddleware):
    def __init__(self) -> None:
        self.number = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        self.number += 1
        self._idle.clear()
        try:
            return await handler(event, data)
        finally:
            self.number -= 1
            if not self.number:
                self._idle.set()

    async def wait_idle(self, patience: timedelta) -> bool:
        """Wait until no handler runs, for *patience* at most; return whether none does."""
        try:
            async with asyncio.timeout(patience.total_seconds()):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True
