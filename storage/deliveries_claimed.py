"""Deliveries in hand: claimed, begun, answered.

Of one address (chat row and medium) only the first delivery that is on its way can be claimed, so
that they arrive in the order of their creation, one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, and_, cast, exists, literal_column, not_, or_, text, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from storage.chats import Chat
from storage.deliveries import IN_THE_WAY, PENDING, Delivery
from storage.pace import Pace
from storage.words import ChatKind, ChatState, DeliveryKind, DeliveryState, Medium

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from sqlmodel.sql.expression import SelectOfScalar

    from storage.engine import Unit

PRIORITIES = sorted({kind.priority for kind in DeliveryKind})

_ahead = aliased(Delivery, name="ahead")
_newer = aliased(Delivery, name="newer")
_target = aliased(Delivery, name="target")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery in hand, where it goes and, for an edit, the message that it changes."""

    delivery: Delivery
    telegram_id: int
    thread_id: int
    chat_kind: ChatKind
    target_message_id: int | None = None

    @property
    def id(self) -> int:
        assert self.delivery.id is not None  # noqa: S101 - it was read from the database
        return self.delivery.id

    @property
    def is_edit(self) -> bool:
        return self.delivery.kind is DeliveryKind.EDIT


async def claim_deliveries(
    unit: Unit,
    owner: str,
    *,
    limit: int,
    lease: timedelta,
    medium: Medium = Medium.TELEGRAM,
) -> list[Claimed]:
    """Claim up to *limit* due deliveries for *owner*, the most urgent kinds first.

    Left out are suspended chats, chats whose pace says later, and whatever stands behind another
    delivery of its address. Of one Telegram chat with several threads one delivery is claimed.
    Edits that came too late are dropped on the way.
    """
    rows: list[Delivery] = []
    for priority in PRIORITIES:
        if len(rows) < limit:
            heads = _heads(unit.now, priority, medium, limit - len(rows))
            rows += await _claim(unit, heads, owner, unit.now + lease)
    claimed = await _one_for_each_chat(unit, await _addressed(unit, rows))
    return await _without_late_edits(unit, claimed)


def _heads(now: datetime, priority: int, medium: Medium, limit: int) -> SelectOfScalar[Any]:
    first_in_line = not_(
        exists().where(
            col(_ahead.chat_id) == col(Delivery.chat_id),
            col(_ahead.medium) == col(Delivery.medium),
            col(_ahead.id) < col(Delivery.id),
            text(f"ahead.{IN_THE_WAY}"),
        )
    )
    pace_key = literal_column("'chat:'").concat(cast(Chat.telegram_id, String))
    return (
        select(col(Delivery.id))
        .join(Chat, col(Chat.id) == col(Delivery.chat_id))
        .outerjoin(Pace, col(Pace.key) == pace_key)
        .where(
            text(f"delivery.{PENDING}"),
            col(Delivery.priority) == priority,
            col(Delivery.due_at) <= now,
            col(Delivery.medium) == medium,
            col(Chat.state) == ChatState.ACTIVE,
            or_(col(Pace.tat).is_(None), col(Pace.tat) <= now),
            first_in_line,
        )
        .order_by(col(Delivery.due_at), col(Delivery.id))
        .limit(limit)
        .with_for_update(of=Delivery, skip_locked=True)
    )


async def _claim(
    unit: Unit, heads: SelectOfScalar[Any], owner: str, lease_until: datetime
) -> list[Delivery]:
    due = heads.cte("due").prefix_with("MATERIALIZED")
    statement = (
        update(Delivery)
        .where(col(Delivery.id).in_(select(due.c.id)))
        .values(state=DeliveryState.CLAIMED, owner=owner, lease_until=lease_until)
        .returning(Delivery)
    )
    options = {"synchronize_session": False, "populate_existing": True}
    rows = list((await unit.session.exec(statement, execution_options=options)).scalars())
    return sorted(rows, key=lambda row: (row.due_at, row.id))


async def _addressed(unit: Unit, rows: Sequence[Delivery]) -> list[Claimed]:
    wanted = col(Chat.id).in_({row.chat_id for row in rows})
    chats = {chat.id: chat for chat in await unit.session.exec(select(Chat).where(wanted))}
    return [
        Claimed(row, chat.telegram_id, chat.thread_id, chat.kind)
        for row, chat in ((row, chats[row.chat_id]) for row in rows)
    ]


async def _one_for_each_chat(unit: Unit, claimed: Sequence[Claimed]) -> list[Claimed]:
    first: dict[int, Claimed] = {}
    for each in claimed:
        first.setdefault(each.telegram_id, each)
    kept = list(first.values())
    await give_back(unit, {each.id for each in claimed} - {each.id for each in kept})
    return kept


async def _without_late_edits(unit: Unit, claimed: Sequence[Claimed]) -> list[Claimed]:
    """Give edits the message they change; drop those that a newer one overtook or that have none.

    The target's turn came before the edit's, so it is sent by now or never will be.
    """
    edits = {each.id for each in claimed if each.is_edit}
    if not edits:
        return list(claimed)
    targets = await _messages_to_edit(unit, edits)
    await change_state(unit, edits - targets.keys(), state=DeliveryState.DROPPED)
    return [
        Claimed(c.delivery, c.telegram_id, c.thread_id, c.chat_kind, targets.get(c.id))
        for c in claimed
        if not c.is_edit or c.id in targets
    ]


async def _messages_to_edit(unit: Unit, edits: Iterable[int]) -> dict[int, int]:
    overtaken = exists().where(
        col(_newer.target_id) == col(Delivery.target_id),
        col(_newer.version) > col(Delivery.version),
        col(_newer.state).not_in((DeliveryState.FAILED, DeliveryState.DROPPED)),
    )
    statement = (
        select(col(Delivery.id), col(_target.message_id))
        .join(_target, col(_target.id) == col(Delivery.target_id))
        .where(
            col(Delivery.id).in_(edits),
            col(_target.state) == DeliveryState.SENT,
            col(_target.message_id).is_not(None),
            not_(overtaken),
        )
    )
    found = await unit.session.exec(statement)
    return {edit: message for edit, message in found if edit is not None and message is not None}


async def give_back(unit: Unit, ids: Iterable[int]) -> None:
    """Let go of claims for which no call was begun: they are due again."""
    await change_state(unit, ids, state=DeliveryState.PENDING)


async def begin_sending(unit: Unit, ids: Iterable[int], owner: str, lease: timedelta) -> set[int]:
    """Write down that the calls for *ids* begin; return those that are still *owner*'s to send."""
    statement = (
        update(Delivery)
        .where(
            col(Delivery.id).in_(ids),
            col(Delivery.owner) == owner,
            col(Delivery.state) == DeliveryState.CLAIMED,
        )
        .values(
            state=DeliveryState.SENDING,
            attempts=col(Delivery.attempts) + 1,
            lease_until=unit.now + lease,
        )
        .returning(col(Delivery.id))
        .execution_options(synchronize_session=False)
    )
    return set((await unit.session.exec(statement)).scalars())


async def finish_sending(unit: Unit, delivery_id: int, owner: str, **changes: Any) -> bool:
    """Write down what the call of *owner* came to; False if it is no longer *owner*'s."""
    mine = and_(col(Delivery.owner) == owner, col(Delivery.state) == DeliveryState.SENDING)
    statement = (
        update(Delivery)
        .where(col(Delivery.id) == delivery_id, mine)
        .values(owner=None, lease_until=None, **changes)
        .execution_options(synchronize_session=False)
    )
    return bool((await unit.session.exec(statement)).rowcount)


async def change_state(unit: Unit, ids: Iterable[int], **changes: Any) -> None:
    wanted = list(ids)
    if wanted:
        values = {"owner": None, "lease_until": None, **changes}
        await unit.session.exec(
            update(Delivery)
            .where(col(Delivery.id).in_(wanted))
            .values(**values)
            .execution_options(synchronize_session=False)
        )
