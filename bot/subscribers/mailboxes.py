"""A chat's mailbox: adding an address, confirming it by mail, and removing it.

`settings` has the choice of what is mailed.

An unconfirmed mailbox gets only the mail that asks for confirmation. `bot.mail.codes` describes the
code and the link in that mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.mail import codes
from bot.mail.bounces import mailbox_notices
from bot.mail.codes import counted_as
from bot.mail.compose import Occasion, Recipient
from bot.mail.headers import NotAnAddressError, read_address
from bot.rendering.filters import local
from bot.subscribers.errors import (
    CodeIsOver,
    NoMail,
    NoMailbox,
    NotAnAddress,
    TooManyRequests,
    WrongCode,
)
from storage import mailboxes
from storage.access import hashing_secret, keyed_hash
from storage.chats import Chat, lock_chat
from storage.enums import CLOSED, DeliveryKind, DigestMedium, MailboxProblem, MailboxState, Medium
from storage.outbox import enqueue, new_delivery
from storage.suspension import confirm_mailbox, open_mailbox, remove_mailbox
from storage.updates import is_duplicate

if TYPE_CHECKING:
    from datetime import datetime

    from bot.mail.compose import Mailer
    from bot.rendering.renderer import Renderer
    from storage.db.engine import Storage, Transaction
    from storage.mailboxes import Mailbox
    from storage.updates import UpdateRef

_PRESSED_TWICE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class MailboxSeen:
    """A chat's mailbox as its users see it; *state* is None if there is none."""

    reach: DigestMedium
    state: MailboxState | None = None
    address: str = ""
    alerts: bool = False
    problem: MailboxProblem | None = None
    problem_text: str = ""

    @property
    def is_active(self) -> bool:
        return self.state is MailboxState.ACTIVE


async def get_mailbox(storage: Storage, chat_id: int) -> MailboxSeen:
    async with storage.reading() as tx:
        chat = await tx.get_one(Chat, chat_id)
        return mailbox_seen(chat, await mailboxes.mailbox_of_chat(tx, chat_id))


async def language_of_mailbox(storage: Storage, mailbox_id: int) -> str | None:
    """Return the language tag of the mailbox's chat; None if the mailbox is gone."""
    async with storage.reading() as tx:
        chat = await mailboxes.chat_with_mailbox(tx, mailbox_id)
        return chat.speaks if chat else None


async def request_confirmation(
    storage: Storage,
    chat_id: int,
    address: str,
    *,
    asked_by: int | None,
    once: UpdateRef | None = None,
    mailer: Mailer | None,
) -> MailboxSeen:
    """Mail *address* a request to confirm it for digests, unless it is confirmed already.

    *asked_by* is Telegram's id of the user; None for an anonymous administrator. A second request
    within a minute is a second tap on the button and sends no second mail. Raises NoMail (*mailer*
    is None), NotAnAddress, or TooManyRequests, which names the limit.
    """
    if mailer is None:
        raise NoMail
    try:
        address = read_address(address)
    except NotAnAddressError as error:
        raise NotAnAddress from error
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        there = await mailboxes.mailbox_of_chat(tx, chat_id)
        is_settled = there and there.address == address and _is_settled(there, tx.now)
        if await is_duplicate(tx, once) or is_settled:
            return mailbox_seen(chat, there)
        await _count_request(tx, chat, asked_by, address)
        mailbox = await open_mailbox(tx, chat_id, address)
        await _mail_request(tx, mailer, mailbox, chat.speaks)
        return mailbox_seen(chat, mailbox)


async def awaits_code(storage: Storage, chat_id: int) -> bool:
    async with storage.reading() as tx:
        mailbox = await mailboxes.mailbox_of_chat(tx, chat_id)
        return bool(mailbox and mailbox.state is MailboxState.UNCONFIRMED)


async def confirm_by_code(
    storage: Storage, chat_id: int, code: str, *, once: UpdateRef | None = None
) -> MailboxSeen:
    """Confirm with the six digits from the mail.

    Raises NoMailbox if no mailbox awaits a code, CodeIsOver or WrongCode.
    """
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        mailbox = await mailboxes.mailbox_of_chat(tx, chat_id)
        if mailbox is None or mailbox.state is not MailboxState.UNCONFIRMED:
            raise NoMailbox
        if codes.has_expired(mailbox.asked_at, tx.now) or mailbox.tries >= codes.MOST_TRIES:
            raise CodeIsOver
        if codes.is_correct(code, chat_id, mailbox.code_hash):
            await _confirm(tx, chat, mailbox)
            return mailbox_seen(chat, mailbox)
        if not await is_duplicate(tx, once):
            mailbox.tries += 1  # committed before a wrong code raises
    raise WrongCode(codes.MOST_TRIES - mailbox.tries)


async def confirm_by_link(
    storage: Storage, mailbox_id: int, token: str, *, renderer: Renderer
) -> bool:
    """Confirm with the token of the link, and notify the chat; return whether it is confirmed.

    A chat without access gets False, even if the address was confirmed before.
    """
    async with storage.writing() as tx:
        found = await mailboxes.lock_mailbox(tx, mailbox_id)
        if found is None:
            return False
        mailbox, chat = found
        if chat.state in CLOSED:
            return False
        if mailbox.state is MailboxState.ACTIVE:
            return True
        waits = mailbox.state is MailboxState.UNCONFIRMED
        in_time = waits and not codes.has_expired(mailbox.asked_at, tx.now)
        if not in_time or not codes.is_correct(token, mailbox.chat_id, mailbox.token_hash):
            return False
        await _confirm(tx, chat, mailbox)
        await enqueue(tx, await mailbox_notices(tx, mailbox, chat, renderer=renderer))
        return True


async def remove_address(storage: Storage, chat_id: int) -> MailboxSeen:
    """Delete the mailbox; digests come by Telegram."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        await remove_mailbox(tx, chat_id)
        chat.digest_by = DigestMedium.TELEGRAM
        return mailbox_seen(chat, None)


def mailbox_seen(chat: Chat, mailbox: Mailbox | None) -> MailboxSeen:
    if mailbox is None:
        return MailboxSeen(chat.digest_by)
    return MailboxSeen(
        chat.digest_by,
        mailbox.state,
        mailbox.address,
        mailbox.alerts,
        mailbox.problem,
        mailbox.problem_text or "",
    )


def _is_settled(mailbox: Mailbox, now: datetime) -> bool:
    if mailbox.state is MailboxState.UNCONFIRMED:
        return timedelta() <= now - mailbox.asked_at < _PRESSED_TWICE
    return mailbox.state is MailboxState.ACTIVE


async def _mail_request(tx: Transaction, mailer: Mailer, mailbox: Mailbox, language: str) -> None:
    """Mail a code and a link, which no other message contains."""
    request = codes.new_request()
    mailbox.code_hash = codes.hash_secret(request.code, mailbox.chat_id)
    mailbox.token_hash = codes.hash_secret(request.token, mailbox.chat_id)
    subject = f"{mailbox.id}:{mailbox.token_hash[:12]}"  # distinguishes requests
    recipient = Recipient(mailbox.id, mailbox.address, mailbox.chat_id, language)
    mailer = mailer.to(recipient)
    values = {
        "code_shown": f"{request.code[:3]} {request.code[3:]}",
        "link": mailer.links.confirm(mailbox.id, request.token),
        "sender_name": mailer.sender.name,
    }
    mail = mailer.mail(
        "email/confirm",
        recipient,
        Occasion(f"confirm:{subject}", tx.now),
        subject=mailer.text("email/confirm.subject.txt", values),
        values=values,
    )
    named = {"notice": "confirm", "subject": subject}
    address = {"medium": Medium.EMAIL, "mailbox_id": mailbox.id}
    row = new_delivery(tx, DeliveryKind.NOTICE, mailbox.chat_id, mail, **named, **address)
    await enqueue(tx, [row])


async def _count_request(tx: Transaction, chat: Chat, asked_by: int | None, address: str) -> None:
    """Count one more request; raise TooManyRequests if that would exceed a limit."""
    await mailboxes.lock_requests(tx)
    begin = tx.now - codes.VALID_FOR
    await mailboxes.forget_requests(tx, begin)
    secret = await hashing_secret(tx)
    new = mailboxes.MailboxRequest(
        account_hash=keyed_hash(secret, "account", str(chat.telegram_id)),
        user_hash=keyed_hash(secret, "account", str(asked_by)) if asked_by else None,
        address_hash=keyed_hash(secret, "mailbox", counted_as(address)),
        asked_at=tx.now,
    )
    if reached := codes.limit_reached(*await mailboxes.requests_since(tx, begin, new)):
        today = local(tx.now, chat.zone).date()
        raise TooManyRequests(reached.limit, reached.until, chat.zone, today)
    await mailboxes.record_request(tx, new)


async def active_mailbox(tx: Transaction, chat_id: int) -> Mailbox:
    """Return the chat's mailbox; raise NoMailbox if no mail can be sent there."""
    mailbox = await mailboxes.mailbox_of_chat(tx, chat_id)
    if mailbox is None or mailbox.state is not MailboxState.ACTIVE:
        raise NoMailbox
    return mailbox


async def _confirm(tx: Transaction, chat: Chat, mailbox: Mailbox) -> None:
    await confirm_mailbox(tx, mailbox)
    if not chat.digest_by.mails:
        # Digests still come by Telegram until a user chooses mail alone.
        chat.digest_by = DigestMedium.BOTH
