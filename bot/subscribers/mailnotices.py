"""What is written about a mailbox: to its address a question, to its chat what befell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.rendering.post import Occasion, Recipient
from storage.enums import DeliveryKind, Medium
from storage.outbox import new_delivery

if TYPE_CHECKING:
    from bot.rendering.post import Post
    from bot.rendering.renderer import Renderer
    from bot.subscribers.confirming import Request
    from storage.db.engine import Transaction
    from storage.mailboxes import Mailbox


def confirmation(
    tx: Transaction, post: Post, mailbox: Mailbox, request: Request, language: str
) -> dict[str, Any]:
    """The mail that asks whoever reads it; its two ways to answer stand in nothing else."""
    mailbox_id = mailbox.id
    asked = (mailbox.token_hash or "")[:12]  # tells one request from another
    subject = f"{mailbox_id}:{asked}"
    recipient = Recipient(mailbox_id, mailbox.address, mailbox.chat_id, language)
    post = post.to(recipient)
    values = {
        "code_shown": f"{request.code[:3]} {request.code[3:]}",
        "link": post.links.confirm(mailbox_id, request.token),
        "sender_name": post.sender.name,
    }
    mail = post.mail(
        "email/confirm",
        recipient,
        Occasion(f"confirm:{subject}", tx.now),
        subject=post.text("email/confirm.subject.txt", values),
        values=values,
    )
    named = {"notice": "confirm", "subject": subject}
    address = {"medium": Medium.EMAIL, "mailbox_id": mailbox_id}
    return new_delivery(tx, DeliveryKind.NOTICE, mailbox.chat_id, mail, **named, **address)


def mailbox_notice(tx: Transaction, renderer: Renderer, mailbox: Mailbox) -> dict[str, Any]:
    """Tell the chat that no mails go to *mailbox* any more, and why."""
    message = renderer.message("notice/mailbox.html", mailbox=mailbox)
    named = {"notice": "mailbox", "subject": f"{mailbox.id}:{tx.now:%Y%m%dT%H%M%S%f}"}
    return new_delivery(tx, DeliveryKind.NOTICE, mailbox.chat_id, message, **named)


def policy_notice(
    tx: Transaction, renderer: Renderer, chat_id: int, domain: str, reason: str
) -> dict[str, Any]:
    """Tell who looks after the bot that *domain* mistrusts its mails; of a week the first counts.

    A mistake in our set-up makes every domain refuse.
    """
    message = renderer.message("notice/mistrusted.html", domain=domain, reason=reason)
    named = {"notice": "mistrusted", "subject": f"{tx.now:%G-W%V}"}
    return new_delivery(tx, DeliveryKind.NOTICE, chat_id, message, **named)
