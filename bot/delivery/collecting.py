"""The step that reads what came back to a mailbox of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.delivery.imap import ImapError
from storage.db.engine import is_transient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = structlog.get_logger(__name__)


class ReadsMail(Protocol):
    async def read_new(self, reader: Callable[[bytes], Awaitable[bool]]) -> int: ...


class TakesReturns(Protocol):
    async def take(self, message: bytes) -> bool:
        """Return whether it was understood."""


@dataclass(frozen=True, slots=True)
class Collecting:
    mailbox: ReadsMail
    returns: TakesReturns

    async def collect(self) -> int:
        """Read the new mails of the mailbox. Return 0: what is left is for the next time."""
        try:
            read = await self.mailbox.read_new(self._take)
        except ImapError as error:
            log.warning("what came back could not be read", reason=str(error))
            return 0
        if read:
            log.info("mails that came back were read", mails=read)
        return 0

    async def _take(self, message: bytes) -> bool:
        """Take one mail; whatever is wrong with it, those behind it have their turn."""
        try:
            return await self.returns.take(message)
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("a mail that came back could not be taken; it stays, marked as read")
            return False
