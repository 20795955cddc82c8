"""Refusals, bounces and complaints about mailboxes, and requests to be unsubscribed.

- `status` says whose fault a refusal or a bounce is. A mailbox that takes no mail is suspended at
  once, and so is one whose reader complains. A problem that may pass suspends it when five bounces
  have come within two weeks. The chat gets a notice, and its digests come by Telegram until it
  confirms an address. The admins get a notice if the sender is distrusted.
- A mailbox that waits for its first confirmation is unreachable as soon as that fails, whatever the
  reason, or has waited for a day: a user waits for the code, and may correct the address.
- The mailbox of bounces is read by IMAP (RFC 3501), with the standard library's client in a thread.
  A mail that was understood is deleted; any other is marked as read and stays for the operator. One
  that cannot be read is logged with the reason, and the next one is read.
"""

from __future__ import annotations

import asyncio
import imaplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from bot.mail.codes import HOLDS_FOR, is_over
from bot.mail.reports import ReportKind, mailbox_of
from bot.mail.status import Blame, failure_of
from bot.sources.feeds.model import Unreadable
from bot.subscribers.text import one_line
from storage.access import admin_chats
from storage.db.engine import is_transient
from storage.enums import DeliveryKind, MailboxProblem, MailboxState
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
    TakesMail = Callable[[bytes], Awaitable[bool]]

log = structlog.get_logger(__name__)

SOFT_WINDOW = timedelta(days=14)
MOST_SOFT = 5
_LONGEST_REASON = 300

TIMEOUT_SECONDS = 30
MOST_AT_ONCE = 100
LARGEST = 256 * 1024  # bytes of a mail that are read: the report comes before what it is about


@dataclass(eq=False, repr=False)
class Bounces:
    """*admins*: whom the settings name. Whatever *read* raises makes a mail unreadable."""

    storage: Storage
    renderer: Renderer
    signer: Signer
    read: ReadsReports
    admins: frozenset[int] = frozenset()

    async def take(self, message: bytes) -> bool:
        """Do what the whole *message* asks for; False if it is nothing about a mailbox of ours."""
        report = await self._report(message)
        if report is None:
            return False
        async with self.storage.reading() as tx:
            mailbox_id = mailbox_of(report.tokens, self.signer, tx.now)
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
        """Return False for a bounce that is about the mail, which the operator may want to read."""
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
            log.warning("a mail came back for what it is", mailbox=mailbox.id, status=report.status)
        return failure.blame is not Blame.MAIL

    async def _report(self, message: bytes) -> Report | None:
        try:
            return await self.read(message)
        except Unreadable as error:
            reason = error.reason
        except Exception as error:  # noqa: BLE001 - whatever the reader trips over is the mail's fault
            reason = type(error).__name__
        log.warning("an unreadable report is left for the operator", reason=reason)
        return None

    async def refused(self, tx: Transaction, mailbox_id: int, reason: str) -> None:
        """Its server takes no mail for it, *reason* in that server's words; within *tx*."""
        found = await lock_mailbox(tx, mailbox_id)
        if found is None:
            return
        failure = failure_of(reason)
        await self._suspend(tx, *found, failure.problem or MailboxProblem.REFUSED, reason)
        if failure.blame is Blame.SENDER:
            await self._notify_admins(tx, found[0], reason, "refusal")

    async def gave_up(self, tx: Transaction, mailbox_id: int, reason: str) -> None:
        """Its server has put a mail off for two days; within *tx*.

        Only a full mailbox counts, because a relay that fails says "later" for every mailbox.
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
        """Tell the chats whose confirmations could not be handed over within their day."""
        async with self.storage.reading() as tx:
            overdue = await overdue_confirmations(tx, tx.now - HOLDS_FOR)
        for mailbox_id in overdue:
            async with self.storage.writing() as tx:
                found = await lock_mailbox(tx, mailbox_id)
                if found and _is_overdue(found[0], tx.now):
                    await self._suspend(tx, *found, MailboxProblem.EXPIRED, "")

    async def _notify_admins(
        self, tx: Transaction, mailbox: Mailbox, reason: str, source: str
    ) -> None:
        """Notify the admins, once a week, that a mail server takes no mail from us.

        A mistake in our set-up makes every domain refuse, so the first stands for all. Anybody who
        gets a mail may write a report about it, so reports are counted apart from what mail servers
        said to us.
        """
        domain, said = mailbox.address.rpartition("@")[2], one_line(reason)[:_LONGEST_REASON]
        named = {"notice": "mistrusted", "subject": f"{source}:{tx.now:%G-W%V}"}
        for admin in await admin_chats(tx, self.admins):
            renderer = self.renderer.of(admin.language)
            message = renderer.message("notices.html#mistrusted", domain=domain, reason=said)
            notice = new_delivery(tx, DeliveryKind.NOTICE, admin.chat_id, message, **named)
            await enqueue(tx, [notice])

    async def _suspend(
        self, tx: Transaction, mailbox: Mailbox, chat: Chat, problem: MailboxProblem, reason: str
    ) -> None:
        if await suspend_mailbox(tx, mailbox, problem, one_line(reason)[:_LONGEST_REASON]):
            await enqueue(tx, [mailbox_notice(tx, mailbox, chat, renderer=self.renderer)])


def _is_overdue(mailbox: Mailbox, now: datetime) -> bool:
    return mailbox.state is MailboxState.UNCONFIRMED and is_over(mailbox.asked_at, now)


def _count_soft(tx: Transaction, mailbox: Mailbox) -> int:
    """Count one more, and return how many it has had within the window."""
    if mailbox.soft_since is None or tx.now - mailbox.soft_since > SOFT_WINDOW:
        mailbox.soft_since, mailbox.soft_bounces = tx.now, 0
    mailbox.soft_bounces += 1
    return mailbox.soft_bounces


async def unsubscribe_address(storage: Storage, mailbox_id: int, *, renderer: Renderer) -> None:
    """Send nothing there any more, and notify the chat; idempotent."""
    async with storage.writing() as tx:
        found = await lock_mailbox(tx, mailbox_id)
        if found and await unsubscribe_mailbox(tx, found[0]):
            await enqueue(tx, [mailbox_notice(tx, *found, renderer=renderer)])


def mailbox_notice(
    tx: Transaction, mailbox: Mailbox, chat: Chat, *, renderer: Renderer
) -> dict[str, Any]:
    """Return the notice to the chat that mails go to *mailbox* now, or none any more, and why."""
    message = renderer.of(chat.speaks).message("notices.html#mailbox", mailbox=mailbox)
    named = {"notice": "mailbox", "subject": f"{mailbox.id}:{tx.now:%Y%m%dT%H%M%S%f}"}
    return new_delivery(tx, DeliveryKind.NOTICE, chat.id, message, **named)


# The mailbox of bounces


class ImapError(Exception):
    """The mailbox cannot be read for now; the text is for the operator."""


def connect_by_tls(host: str, port: int) -> imaplib.IMAP4_SSL:
    """Connect; OSError where the system does not trust the certificate, or it is for another host.

    Without a context imaplib would check neither.
    """
    context = ssl.create_default_context()
    return imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class Imap:
    """TLS from the first byte on, except in tests."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    connect: Callable[[str, int], imaplib.IMAP4] = connect_by_tls

    async def check(self) -> None:
        """Log in and open the folder; ImapError if that cannot be."""
        await _log_out(await self._open())

    async def read_new(self, take: TakesMail) -> int:
        """Pass each unread mail to *take*, which says if it understood it. Return how many."""
        client = await self._open()
        try:
            numbers = await asyncio.to_thread(_unread, client)
            for number in numbers:
                content = await asyncio.to_thread(_content, client, number)
                flag = r"\Deleted" if await take(content) else r"\Seen"
                await asyncio.to_thread(client.store, number, "+FLAGS", flag)
            if numbers:
                await asyncio.to_thread(client.expunge)
        except (imaplib.IMAP4.error, OSError) as error:
            raise ImapError(f"the mailbox of bounces cannot be read: {error}") from error
        finally:
            await _log_out(client)
        return len(numbers)

    async def _open(self) -> imaplib.IMAP4:
        try:
            return await asyncio.to_thread(self._opened)
        except (imaplib.IMAP4.error, OSError) as error:
            said = _said(error)
            raise ImapError(f"the mailbox of bounces cannot be opened: {said}") from error

    def _opened(self) -> imaplib.IMAP4:
        client = self.connect(self.host, self.port)
        try:
            client.login(self.user, self.password)
            _select(client, self.folder)
        except (imaplib.IMAP4.error, OSError):
            client.shutdown()
            raise
        return client


async def collect_bounces(mailbox: Imap, take: TakesMail) -> int:
    """Read the new mails of the *mailbox*. Return 0: what is left is for the next time."""

    async def take_one(message: bytes) -> bool:
        try:
            return await take(message)
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("a mail that came back is not acted on; it stays, marked as read")
            return False

    try:
        read = await mailbox.read_new(take_one)
    except ImapError as error:
        log.warning("bounces could not be read", reason=str(error))
        return 0
    if read:
        log.info("bounces were read", mails=read)
    return 0


async def _log_out(client: imaplib.IMAP4) -> None:
    with suppress(imaplib.IMAP4.error, OSError):
        await asyncio.to_thread(client.logout)


def _said(error: Exception) -> str:
    """Return the words of the server, which imaplib leaves as bytes."""
    said = error.args[0] if len(error.args) == 1 else str(error)
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _select(client: imaplib.IMAP4, folder: str) -> None:
    status, said = client.select(f'"{folder}"')
    if status != "OK":
        raise imaplib.IMAP4.error(f"IMAP_FOLDER {folder}: {said!r}")


def _unread(client: imaplib.IMAP4) -> list[str]:
    _, found = client.search(None, "UNSEEN")
    return [number.decode() for number in (found[0] or b"").split()][:MOST_AT_ONCE]


def _content(client: imaplib.IMAP4, number: str) -> bytes:
    """Return the mail, left unread: it is marked once it is done."""
    _, parts = client.fetch(number, f"(BODY.PEEK[]<0.{LARGEST}>)")
    return next((part[1] for part in parts if isinstance(part, tuple)), b"")
