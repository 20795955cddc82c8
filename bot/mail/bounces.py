"""Refused mails, bounces, complaints, and requests to unsubscribe: their effect on a mailbox.

- `status` says who is to blame for a refusal or a bounce. A mailbox that takes no mail is suspended
  at once, and so is one whose reader complains. A temporary problem suspends it after five bounces
  within two weeks. The chat gets a notice, and its digests come by Telegram until it confirms an
  address. The admins get a notice if a mail server distrusts the sender.
- A mailbox that waits for its first confirmation is suspended when the first mail to it fails, for
  whatever reason, or after a day, because a user waits for the code and may correct the address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from bot.mail.codes import VALID_FOR, has_expired
from bot.mail.reports import ReportKind, verified_mailbox_id
from bot.mail.status import Blame, failure_of
from bot.sources.feeds.model import Unreadable
from bot.subscribers.text import one_line
from storage.access import admin_chats
from storage.chats import private_chat_of, private_chats_of_admins
from storage.enums import ChatKind, DeliveryKind, MailboxProblem, MailboxState
from storage.mailboxes import Mailbox, lock_mailbox
from storage.outbox import enqueue, new_delivery, overdue_confirmations
from storage.suspension import suspend_mailbox, unsubscribe_mailbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.mail.reports import Report
    from bot.rendering.links import Signer
    from bot.rendering.renderer import Renderer
    from storage.chats import Chat
    from storage.db.engine import Storage, Transaction

    ReadsReports = Callable[[bytes], Awaitable[Report | None]]

log = structlog.get_logger(__name__)

SOFT_WINDOW = timedelta(days=14)
MOST_SOFT = 5
_LONGEST_REASON = 300
_MOST_NOTIFIED = 3  # administrators of a group or channel


@dataclass(eq=False, repr=False)
class Bounces:
    """Acts on bounces, complaints and requests to unsubscribe.

    *admins* are the user ids in the settings. *read* parses a mail; if it raises anything, the mail
    counts as unreadable.
    """

    storage: Storage
    renderer: Renderer
    signer: Signer
    read: ReadsReports
    admins: frozenset[int] = frozenset()

    async def take(self, message: bytes) -> bool:
        """Act on the whole *message*; return False if it is no report about a mailbox of ours."""
        report = await self._report(message)
        if report is None:
            return False
        async with self.storage.reading() as tx:
            mailbox_id = verified_mailbox_id(report.tokens, self.signer, tx.now)
        if mailbox_id is None:
            return False
        if report.kind is ReportKind.UNSUBSCRIBE:
            await unsubscribe_address(self.storage, mailbox_id, renderer=self.renderer)
            return True
        async with self.storage.writing() as tx:
            found = await lock_mailbox(tx, mailbox_id)
            if found is None:
                return False
            if report.kind is ReportKind.COMPLAINT:
                await self._suspend(tx, *found, MailboxProblem.COMPLAINED, "")
                return True
            return await self._take_bounce(tx, *found, report)

    async def _take_bounce(
        self, tx: Transaction, mailbox: Mailbox, chat: Chat, report: Report
    ) -> bool:
        """Act on a bounce; return False if the mail itself is to blame.

        The bounce then stays in its mailbox, because the operator may want to read it.
        """
        failure = failure_of(report.reason, report.status)
        if failure.blame is Blame.PASSING and mailbox.state is MailboxState.ACTIVE:
            suspends = _count_soft(tx, mailbox) >= MOST_SOFT
        else:
            is_unconfirmed = mailbox.state is MailboxState.UNCONFIRMED
            suspends = is_unconfirmed or failure.blame is Blame.CLOSED
        if suspends:
            problem = failure.problem or MailboxProblem.BOUNCED
            await self._suspend(tx, mailbox, chat, problem, report.reason)
        if failure.blame is Blame.SENDER:
            await self._notify_admins(tx, mailbox, report.reason, "report")
        if failure.blame is Blame.MAIL:
            log.warning(
                "a mail bounced because of its content", mailbox=mailbox.id, status=report.status
            )
        return failure.blame is not Blame.MAIL

    async def _report(self, message: bytes) -> Report | None:
        try:
            return await self.read(message)
        except Unreadable as error:
            reason = error.reason
        except Exception as error:  # noqa: BLE001 - a mail that the reader fails on is unreadable
            reason = type(error).__name__
        log.warning("an unreadable report is left for the operator", reason=reason)
        return None

    async def refused(self, tx: Transaction, mailbox_id: int, reason: str) -> None:
        """Suspend the mailbox because its server refuses mail, *reason* in the server's words."""
        found = await lock_mailbox(tx, mailbox_id)
        if found is None:
            return
        failure = failure_of(reason)
        await self._suspend(tx, *found, failure.problem or MailboxProblem.REFUSED, reason)
        if failure.blame is Blame.SENDER:
            await self._notify_admins(tx, found[0], reason, "refusal")

    async def gave_up(self, tx: Transaction, mailbox_id: int, reason: str) -> None:
        """Count a mail that its server has deferred for two days.

        Only a full mailbox counts, because a failing relay answers "later" for every mailbox.
        """
        found = await lock_mailbox(tx, mailbox_id)
        if found is None:
            return
        failure = failure_of(reason)
        if failure.blame is Blame.SENDER:
            await self._notify_admins(tx, found[0], reason, "refusal")
        elif failure.problem is MailboxProblem.FULL and _count_soft(tx, found[0]) >= MOST_SOFT:
            await self._suspend(tx, *found, failure.problem, reason)

    async def expire_confirmations(self) -> None:
        """Suspend mailboxes whose confirmation could not be sent within a day; notify the chats."""
        async with self.storage.reading() as tx:
            overdue = await overdue_confirmations(tx, tx.now - VALID_FOR)
        for mailbox_id in overdue:
            async with self.storage.writing() as tx:
                found = await lock_mailbox(tx, mailbox_id)
                if found and _is_overdue(found[0], tx.now):
                    await self._suspend(tx, *found, MailboxProblem.EXPIRED, "")

    async def _notify_admins(
        self, tx: Transaction, mailbox: Mailbox, reason: str, source: str
    ) -> None:
        """Notify the admins, at most once a week, that a mail server distrusts us.

        One notice covers all domains, because a mistake in our set-up makes each of them refuse.
        *source* keeps reports apart from direct refusals, because any recipient can forge a report.
        """
        domain, words = mailbox.address.rpartition("@")[2], one_line(reason)[:_LONGEST_REASON]
        named = {"notice": "mistrusted", "subject": f"{source}:{tx.now:%G-W%V}"}
        for admin in await admin_chats(tx, self.admins):
            renderer = self.renderer.of(admin.language)
            message = renderer.message("notices.html#mistrusted", domain=domain, reason=words)
            notice = new_delivery(tx, DeliveryKind.NOTICE, admin.chat_id, message, **named)
            await enqueue(tx, [notice])

    async def _suspend(
        self, tx: Transaction, mailbox: Mailbox, chat: Chat, problem: MailboxProblem, reason: str
    ) -> None:
        if await suspend_mailbox(tx, mailbox, problem, one_line(reason)[:_LONGEST_REASON]):
            await enqueue(tx, await mailbox_notices(tx, mailbox, chat, renderer=self.renderer))


def _is_overdue(mailbox: Mailbox, now: datetime) -> bool:
    return mailbox.state is MailboxState.UNCONFIRMED and has_expired(mailbox.asked_at, now)


def _count_soft(tx: Transaction, mailbox: Mailbox) -> int:
    """Count one more soft bounce, and return how many there were within the window."""
    if mailbox.soft_since is None or tx.now - mailbox.soft_since > SOFT_WINDOW:
        mailbox.soft_since, mailbox.soft_bounces = tx.now, 0
    mailbox.soft_bounces += 1
    return mailbox.soft_bounces


async def unsubscribe_address(storage: Storage, mailbox_id: int, *, renderer: Renderer) -> None:
    """Stop mails to this mailbox, and notify the chat; idempotent."""
    async with storage.writing() as tx:
        found = await lock_mailbox(tx, mailbox_id)
        if found and await unsubscribe_mailbox(tx, found[0]):
            await enqueue(tx, await mailbox_notices(tx, *found, renderer=renderer))


async def mailbox_notices(
    tx: Transaction, mailbox: Mailbox, chat: Chat, *, renderer: Renderer
) -> list[dict[str, Any]]:
    """Return the notices that mails now go to *mailbox*, or why they no longer do.

    A private chat gets it itself. That of a group or channel goes to its administrators in private,
    because members must not see the address.
    """
    named = {"notice": "mailbox", "subject": f"{mailbox.id}:{tx.now:%Y%m%dT%H%M%S%f}"}
    if chat.kind is ChatKind.PRIVATE:
        recipients, name = [chat], ""
    else:
        recipients, name = await administrators_of(tx, chat), chat.name
    rows = []
    for recipient in recipients:
        page = renderer.of(recipient.speaks)
        message = page.message("notices.html#mailbox", mailbox=mailbox, name=name)
        rows.append(new_delivery(tx, DeliveryKind.NOTICE, recipient.id, message, **named))
    return rows


async def administrators_of(tx: Transaction, chat: Chat) -> list[Chat]:
    """Return the private chats of those who last changed the chat's settings, or of its inviter."""
    found = await private_chats_of_admins(tx, chat.telegram_id, limit=_MOST_NOTIFIED)
    inviter = None if found else await private_chat_of(tx, chat.invited_by or 0)
    return [*found, *filter(None, [inviter])]
