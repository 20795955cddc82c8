"""Which deliveries may go next: of each address (chat row and medium) the first on its way.

Those behind it are marked as waiting, so that no claim looks at them again:
- a new delivery does not wait; the first claim that meets it behind another marks it
- whatever takes a delivery out of the way lets the next one of its address go
On PostgreSQL both take one lock, without which a delivery could be marked as waiting for one that
is just leaving, for ever. It comes after the locks of the token's pace and of a chat, and before
those of pending deliveries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    bindparam,
    case,
    exists,
    func,
    or_,
    text,
    union_all,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel, col, select

from storage.chats import Chat
from storage.deliveries import IN_THE_WAY, NEXT, WHEN_IT_COMES_BACK, Delivery
from storage.leases import claim_alone
from storage.pace import Pace, pace_key_of
from storage.words import ChatKind, ChatState, DeliveryKind, Medium, notice_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from storage.engine import Unit

# More stands behind others unknown only after a long pause of all; then it takes several units,
# each round of one slower than the last: what it has marked is stepped over until it commits.
LINES_AT_ONCE, MARKED_AT_ONCE, ROUNDS, MOST_ROUNDS = 5, 500, 2, 10

PRIORITIES = sorted({kind.priority for kind in DeliveryKind})

_ahead = aliased(Delivery, name="ahead")
_table = SQLModel.metadata.tables["delivery"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A delivery that is due and not too fast for its chat; *first* is the head of its line."""

    id: int
    chat_id: int
    first: int
    telegram_id: int
    thread_id: int
    chat_kind: ChatKind
    chat_state: ChatState

    def may_go(self, medium: Medium) -> bool:
        return self.first == self.id and not self.chat_state.holds(medium)


async def candidates(
    unit: Unit, medium: Medium, limit: int, groups_ahead: timedelta
) -> list[Candidate]:
    """Return up to *limit* that are due and not marked as waiting, the most urgent kinds first."""
    # One question for each priority: in one for all, each would step over what is due later.
    each = [_due(unit, medium, priority, limit, groups_ahead).subquery() for priority in PRIORITIES]
    due = union_all(*(select(one) for one in each)).cte("due")
    statement = (
        select(  # type: ignore[call-overload]
            due.c.id,
            due.c.chat_id,
            _first_in_line(due.c.chat_id, medium),
            Chat.telegram_id,
            Chat.thread_id,
            Chat.kind,
            Chat.state,
        )
        .join(Chat, col(Chat.id) == due.c.chat_id)
        .order_by(due.c.priority, due.c.due_at, due.c.id)
        .limit(limit)
    )
    connection = await unit.session.connection()
    return [Candidate(*row) for row in await connection.execute(statement)]


def _due(unit: Unit, medium: Medium, priority: int, limit: int, groups_ahead: timedelta) -> Any:
    # Those whose pace says later are stepped over: they are few, as many as went out in the last
    # seconds, and keep their place, so that the parts of a digest follow each other.
    is_private = col(Chat.kind) == ChatKind.PRIVATE
    latest = case((is_private, unit.now), else_=unit.now + groups_ahead)
    is_too_fast = exists().where(
        pace_key_of(Chat.telegram_id) == col(Pace.key),
        col(Chat.id) == col(Delivery.chat_id),
        or_(col(Pace.tat) > latest, col(Pace.paused_until) > unit.now),
    )
    return (
        select(Delivery.id, Delivery.chat_id, Delivery.priority, Delivery.due_at)
        .where(
            text(NEXT),
            col(Delivery.medium) == medium,
            col(Delivery.priority) == priority,
            col(Delivery.due_at) <= unit.now,
            ~is_too_fast,
        )
        .order_by(col(Delivery.due_at), col(Delivery.id))
        .limit(limit)
    )


def _first_in_line(chat_id: Any, medium: Medium) -> Any:
    line = (col(_ahead.chat_id) == chat_id, col(_ahead.medium) == medium)
    first = select(func.min(_ahead.id)).where(*line, text(f"ahead.{IN_THE_WAY}"))
    return first.scalar_subquery()


async def put_off(unit: Unit, medium: Medium, kept: Sequence[Candidate]) -> None:
    """Let no claim meet the *kept* again before what keeps them has changed.

    What stands behind others is marked for a few lines only: a unit is short.
    """
    behind: dict[int, int] = {}  # the first that was met of each line
    for each in (each for each in kept if each.first != each.id):
        behind[each.chat_id] = min(each.id, behind.get(each.chat_id, each.id))
    suspended = [each.id for each in kept if each.first == each.id]
    connection = await unit.session.connection()
    if behind:
        lines = [{"chat": chat, "met": behind[chat]} for chat in sorted(behind)[:LINES_AT_ONCE]]
        await connection.execute(_marking(medium), lines)
    if suspended:
        waiting = update(_table).where(_table.c.id.in_(suspended))
        await connection.execute(waiting.values(due_at=WHEN_IT_COMES_BACK))


def _marking(medium: Medium) -> Any:
    """Mark the one that was *met* in a *chat*'s line, and those behind it."""
    line = (_table.c.chat_id == bindparam("chat"), _table.c.medium == medium)
    # Not from the first of the line on: thousands between the two are marked, and would be read.
    behind = select(_table.c.id).where(*line, _table.c.id >= bindparam("met"), text(NEXT))
    some = behind.order_by(_table.c.id).limit(MARKED_AT_ONCE)
    return update(_table).where(_table.c.id.in_(some)).values(waits=True)


async def has_notice_on_its_way(unit: Unit, chat_id: int, kind: str) -> bool:
    """Whether a notice of that *kind* (see `notice_key`) has still to go to the chat."""
    named = col(_ahead.key).startswith(notice_key(chat_id, kind, ""))
    found = exists().where(col(_ahead.chat_id) == chat_id, named, text(f"ahead.{IN_THE_WAY}"))
    return (await unit.session.exec(select(found))).one()


async def lock_lines(unit: Unit) -> None:
    """Let nobody else claim, or let the next ones go, before this unit ends."""
    await claim_alone(unit, Delivery)


async def let_next_go(unit: Unit, chat_ids: Iterable[int], medium: Medium) -> None:
    """After deliveries of the chats got out of the way: let those behind them go."""
    chosen = sorted(set(chat_ids))
    if not chosen:
        return
    await lock_lines(unit)
    first = select(_first_in_line(Chat.id, medium)).where(col(Chat.id).in_(chosen))
    connection = await unit.session.connection()
    await connection.execute(
        update(_table).where(_table.c.id.in_(first), _table.c.waits).values(waits=False)
    )
