"""Alerts by mail, to the mailboxes of chats that asked for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.publishing.publish.outbox import Body, delivery
from bot.rendering.post import Post, Recipient
from storage.engine import Unit
from storage.mailboxes import mailboxes_for_alerts
from storage.words import DeliveryKind, Medium


@dataclass(frozen=True, slots=True)
class ByMail:
    """*post* is None where no mail is sent."""

    post: Post | None = None

    @property
    def is_a_way(self) -> bool:
        return self.post is not None

    async def recipients(self, unit: Unit, chat_ids: Iterable[int]) -> dict[int, Recipient]:
        """Return, by chat, those of the chats that get alerts by mail."""
        if self.post is None:
            return {}
        return {
            mailbox.chat_id: Recipient(mailbox.id or 0, mailbox.address, mailbox.chat_id)
            for mailbox in await mailboxes_for_alerts(unit, chat_ids)
        }


def mail_row(
    unit: Unit, kind: DeliveryKind, key: str, recipient: Recipient, mail: Body
) -> dict[str, Any]:
    row = delivery(unit, kind, key, recipient.chat_id, mail)
    return row | {"medium": Medium.EMAIL, "mailbox_id": recipient.mailbox_id}
