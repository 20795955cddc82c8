"""E-mails in hand: claimed for their mailboxes, one at a time for each.

An active mailbox gets all, an unconfirmed one its confirmation alone. A confirmation waits for no
other mail. What Telegram says of a chat holds up no mail; a chat that paused gets none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, not_, or_, text, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from storage.chats import Chat
from storage.deliveries import IN_THE_WAY, PENDING, Delivery
from storage.mailboxes import Mailbox
from storage.words import SHUT, DeliveryKind, DeliveryState, MailboxState, Medium

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlmodel.sql.expression import SelectOfScalar

    from storage.engine import Unit

_ahead = aliased(Delivery, name="ahead")


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A delivery in hand, and the mailbox that it goes to."""

    delivery: Delivery
    mailbox_id: int
    address: str

    @property
    def id(self) -> int:
        assert self.delivery.id is not None  # noqa: S101 - it was read from the database
        return self.delivery.id


async def claim_mails(unit: Unit, owner: str, *, limit: int, lease: timedelta) -> list[ClaimedMail]:
    """Claim up to *limit* due mails for *owner*, the most urgent kinds first."""
    due = _heads(unit, limit).cte("due").prefix_with("MATERIALIZED")
    statement = (
        update(Delivery)
        .where(col(Delivery.id).in_(select(due.c.id)))
        .values(state=DeliveryState.CLAIMED, owner=owner, lease_until=unit.now + lease)
        .returning(Delivery)
    )
    options = {"synchronize_session": False, "populate_existing": True}
    rows = list((await unit.session.exec(statement, execution_options=options)).scalars())
    wanted = col(Mailbox.id).in_({row.mailbox_id for row in rows})
    found = {one.id: one for one in await unit.session.exec(select(Mailbox).where(wanted))}
    rows.sort(key=lambda row: (row.priority, row.due_at, row.id))
    return [ClaimedMail(row, row.mailbox_id or 0, found[row.mailbox_id].address) for row in rows]


def _heads(unit: Unit, limit: int) -> SelectOfScalar[Any]:
    confirms = col(Delivery.kind) == DeliveryKind.NOTICE
    may_go = or_(
        col(Mailbox.state) == MailboxState.ACTIVE,
        and_(col(Mailbox.state) == MailboxState.UNCONFIRMED, confirms),
    )
    return (
        select(col(Delivery.id))
        .join(Chat, col(Chat.id) == col(Delivery.chat_id))
        .join(Mailbox, col(Mailbox.id) == col(Delivery.mailbox_id))
        .where(
            # Mails are not marked as waiting; saying so lets the index of those next serve.
            text(f"delivery.{PENDING} AND NOT delivery.waits"),
            col(Delivery.medium) == Medium.EMAIL,
            col(Delivery.due_at) <= unit.now,
            col(Chat.state).not_in(SHUT),
            may_go,
            not_(_is_behind_another()),
        )
        .order_by(col(Delivery.priority), col(Delivery.due_at), col(Delivery.id))
        .limit(limit)
        .with_for_update(of=Delivery, skip_locked=True)
    )


def _is_behind_another() -> Any:
    return exists().where(
        col(_ahead.chat_id) == col(Delivery.chat_id),
        col(_ahead.medium) == col(Delivery.medium),
        col(_ahead.id) < col(Delivery.id),
        or_(col(_ahead.kind) == DeliveryKind.NOTICE, col(Delivery.kind) != DeliveryKind.NOTICE),
        text(f"ahead.{IN_THE_WAY}"),
    )
