"""The step that reads what came back: bounces, complaints, wishes to be unsubscribed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.delivery.imap import ImapError
from bot.delivery.reports import What, read_report

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = structlog.get_logger(__name__)


class ReadsMail(Protocol):
    async def read_new(self, reader: Callable[[bytes], Awaitable[bool]]) -> int: ...


class TakesReturns(Protocol):
    async def bounced(self, token: str, *, is_permanent: bool, reason: str) -> bool: ...

    async def complained_by(self, token: str) -> bool: ...


class TakesWishes(Protocol):
    async def unsubscribe_by_mail(self, text: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Collecting:
    mailbox: ReadsMail
    returns: TakesReturns
    wishes: TakesWishes

    async def collect(self) -> int:
        """Read the new mails of the mailbox. Return 0: what is left is for the next time."""
        try:
            read = await self.mailbox.read_new(self._understand)
        except ImapError as error:
            log.warning("what came back could not be read", reason=str(error))
            return 0
        if read:
            log.info("mails that came back were read", mails=read)
        return 0

    async def _understand(self, content: bytes) -> bool:
        report = read_report(content)
        if report is None:
            return False
        match report.what:
            case What.BOUNCE:
                return await self.returns.bounced(
                    report.text, is_permanent=report.is_permanent, reason=report.reason
                )
            case What.COMPLAINT:
                return await self.returns.complained_by(report.text)
            case What.WISH:
                return await self.wishes.unsubscribe_by_mail(report.text)
