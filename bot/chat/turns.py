"""Whose question counts: of what somebody asks in quick succession only the last."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass(slots=True)
class _Line:
    """One person's questions: one is worked on, of those that wait the last is next."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    last: int = 0
    waiting: int = 0


@dataclass(slots=True)
class Turn:
    line: _Line
    number: int

    @property
    def counts(self) -> bool:
        """Whether nothing newer has been asked."""
        return self.line.last == self.number


@dataclass(slots=True)
class Turns:
    """Holds nothing of those who ask nothing at the moment."""

    lines: dict[int, _Line] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, user_id: int) -> AsyncIterator[Turn]:
        line = self.lines.setdefault(user_id, _Line())
        line.last += 1
        line.waiting += 1
        turn = Turn(line, line.last)
        try:
            async with line.lock:
                yield turn
        finally:
            line.waiting -= 1
            if not line.waiting:
                self.lines.pop(user_id, None)
