"""What comes back from a mailbox: refusals, bounces, complaints, wishes to be unsubscribed.

A refusal for good or a complaint suspends at once; passing ones only when five have come within two
weeks. The chat is told, and its digests come by Telegram until it confirms an address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.delivery.reports import What
from bot.delivery.verp import mailbox_of
from bot.sources.feeds.model import Unreadable
from bot.subscribers.lines import one_line
from bot.subscribers.mailnotices import policy_notice
from storage.enums import MailboxProblem, MailboxState
from storage.mailboxes import Mailbox, lock_mailbox
from storage.outages import admins_of_source
from storage.outbox import enqueue
from storage.suspension import suspend_mailbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.delivery.reports import Report
    from bot.rendering.seals import Seal
    from bot.subscribers.mailboxes import Mailboxes
    from storage.chats import Chat
    from storage.db.engine import Storage, Transaction

    ReadsReports = Callable[[bytes], Awaitable[Report | None]]

log = structlog.get_logger(__name__)

SOFT_WINDOW = timedelta(days=14)
MOST_SOFT = 5
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Returns:
    """*admins*: whom the settings name. *read* raises `Unreadable`."""

    mailboxes: Mailboxes
    seal: Seal
    read: ReadsReports
    admins: frozenset[int] = frozenset()

    async def take(self, message: bytes) -> bool:
        """Do what the whole *message* asks for; False if it is nothing about a mailbox of ours."""
        try:
            report = await self.read(message)
        except Unreadable as refusal:
            log.warning("a mail that came back cannot be read", reason=str(refusal))
            return False
        if report is None:
            return False
        async with self._storage.reading() as tx:
            mailbox_id = mailbox_of(report.tokens, self.seal, tx.now)
        if mailbox_id is None:
            return False
        match report.what:
            case What.BOUNCE:
                return await self._bounced(mailbox_id, report)
            case What.COMPLAINT:
                return await self._complained(mailbox_id)
            case What.WISH:
                await self.mailboxes.unsubscribe(mailbox_id)
                return True

    async def refused(self, tx: Transaction, mailbox_id: int, reason: str) -> None:
        """Its server takes no mail for it, *reason* in that server's words; within *tx*."""
        found = await lock_mailbox(tx, mailbox_id)
        if found:
            await self._stop(tx, *found, MailboxProblem.REFUSED, reason)

    async def mistrusted(self, tx: Transaction, mailbox_id: int, reason: str) -> None:
        """Its server takes no mail from us: the admins hear of it, once a week."""
        mailbox = await tx.session.get(Mailbox, mailbox_id)
        if mailbox is None:
            return
        domain = mailbox.address.rpartition("@")[2]
        for keeper in await admins_of_source(tx, self.admins):
            said = one_line(reason)[:_LONGEST_REASON]
            renderer = self.mailboxes.renderer.of(keeper.language)
            await enqueue(tx, [policy_notice(tx, renderer, keeper.chat_id, domain, said)])

    @property
    def _storage(self) -> Storage:
        return self.mailboxes.storage

    async def _bounced(self, mailbox_id: int, report: Report) -> bool:
        async with self._storage.writing() as tx:
            found = await lock_mailbox(tx, mailbox_id)
            if found is None:
                return False
            mailbox, chat = found
            if report.is_permanent or _soft_ones(tx, mailbox) >= MOST_SOFT:
                await self._stop(tx, mailbox, chat, MailboxProblem.BOUNCED, report.reason)
            return True

    async def _complained(self, mailbox_id: int) -> bool:
        async with self._storage.writing() as tx:
            found = await lock_mailbox(tx, mailbox_id)
            if found:
                await self._stop(tx, *found, MailboxProblem.COMPLAINED, "")
            return found is not None

    async def _stop(
        self, tx: Transaction, mailbox: Mailbox, chat: Chat, trouble: MailboxProblem, reason: str
    ) -> None:
        if await suspend_mailbox(tx, mailbox, trouble, one_line(reason)[:_LONGEST_REASON]):
            await enqueue(tx, [self.mailboxes.notice(tx, mailbox, chat)])


def _soft_ones(tx: Transaction, mailbox: Mailbox) -> int:
    """Count one more; an unconfirmed or ended mailbox only counts."""
    if mailbox.soft_since is None or tx.now - mailbox.soft_since > SOFT_WINDOW:
        mailbox.soft_since, mailbox.soft_bounces = tx.now, 0
    mailbox.soft_bounces += 1
    tx.session.add(mailbox)
    return mailbox.soft_bounces if mailbox.state is MailboxState.ACTIVE else 0
