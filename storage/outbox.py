"""Deliveries: one rendered message each, on its way; the outbox is their table."""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Index,
    TextClause,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    not_,
    or_,
    text,
    true,
    union_all,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.leases import lock_claims
from storage.db.sql import NUMBERED, ROW_ID, Leased, enum_column, insert_new
from storage.enums import (
    BLOCKING_STATES,
    SENT_NOTHING,
    ChatKind,
    ChatState,
    DeliveryKind,
    DeliveryState,
    Layout,
    MailboxState,
    Medium,
    Notification,
    notice_key,
)
from storage.mailboxes import Mailbox
from storage.pace import Pace, pace_key_of

# Literal, since a partial index serves only a condition that the planner can read. Most deliveries
# are sent ones; each index holds the few that its question is about.
PENDING_SQL = "state = 'pending'"

NEXT_SQL = f"{PENDING_SQL} AND NOT waits"

IN_FLIGHT_SQL = "state IN ('claimed', 'sending', 'unknown')"

BLOCKING_SQL = "state IN ('pending', 'claimed', 'sending', 'unknown')"

STUCK_SQL = "state IN ('held', 'failed')"

OF_BROADCAST_SQL = "broadcast_id IS NOT NULL"

REPLY_SQL = "reply_to_id IS NOT NULL"


def _of(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Delivery(Leased, table=True):
    __table_args__ = (
        Index("ix_delivery_next", "medium", "priority", "due_at", "id", "chat_id", **_of(NEXT_SQL)),
        Index("ix_delivery_line", "chat_id", "medium", "id", **_of(BLOCKING_SQL)),
        Index("ix_delivery_in_hand", "state", "lease_until", **_of(IN_FLIGHT_SQL)),
        Index("ix_delivery_in_trouble", "id", **_of(STUCK_SQL)),
        Index("ix_delivery_broadcast_id", "broadcast_id", **_of(OF_BROADCAST_SQL)),
        Index("ix_delivery_reply_to_id", "reply_to_id", **_of(REPLY_SQL)),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    key: str = Field(max_length=200, unique=True)
    kind: DeliveryKind = Field(sa_type=enum_column(DeliveryKind))
    medium: Medium = Field(default=Medium.TELEGRAM, sa_type=enum_column(Medium))
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    mailbox_id: int | None = Field(  # of an e-mail
        default=None, foreign_key="mailbox.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    priority: int
    state: DeliveryState = Field(default=DeliveryState.PENDING, sa_type=enum_column(DeliveryState))
    body: dict[str, Any] = Field(sa_type=JSON)  # frozen when the row is made
    fallback: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    target_id: int | None = Field(  # of an edit: the delivery that it changes
        default=None, foreign_key="delivery.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    reply_to_id: int | None = Field(  # the delivery whose message it answers, if that is there
        default=None, foreign_key="delivery.id", ondelete="SET NULL", sa_type=ROW_ID
    )
    version: int = 0  # of an edit: the newest wins
    silent: bool = False
    broadcast_id: int | None = Field(default=None, sa_type=ROW_ID)
    waits: bool = False  # behind another of its address: no claim need look at it
    attempts: int = 0
    resent: bool = False  # an unknown is resent once
    due_at: datetime
    created_at: datetime
    sent_at: datetime | None = None
    message_id: int | None = Field(default=None, sa_type=BigInteger)
    trouble: str | None = None  # the last refusal, for the operator


# Deliveries of a suspended chat are due only when it comes back, so that no claim steps over them.
SUSPENDED_UNTIL = datetime(9000, 1, 1, tzinfo=UTC)


# Which deliveries may go next: of each address (chat row and medium) the first on its way.
#
# Those behind it are marked as waiting, so that no claim looks at them again:
# - a new delivery does not wait; the first claim that meets it behind another marks it
# - whatever takes a delivery out of the way lets the next one of its address go
# On PostgreSQL both take one lock, without which a delivery could be marked as waiting for one that
# is just leaving, for ever. It comes after the locks of the token's pace and of a chat, and before
# those of pending deliveries.


# More stands behind others unknown only after a long pause of all; then it takes several units,
# each round of one slower than the last: what it has marked is stepped over until it commits.
QUEUES_AT_ONCE, MARKED_AT_ONCE, ROUNDS, MOST_ROUNDS = 5, 500, 2, 10

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
    unit: Transaction, medium: Medium, limit: int, groups_ahead: timedelta
) -> list[Candidate]:
    """Return up to *limit* that are due and not marked as waiting, the most urgent kinds first."""
    # One question for each priority: in one for all, each would step over what is due later.
    each = [_due(unit, medium, priority, limit, groups_ahead).subquery() for priority in PRIORITIES]
    due = union_all(*(select(one) for one in each)).cte("due")
    statement = (
        select(  # type: ignore[call-overload]
            due.c.id,
            due.c.chat_id,
            _head_of_queue(due.c.chat_id, medium),
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


def _due(
    unit: Transaction, medium: Medium, priority: int, limit: int, groups_ahead: timedelta
) -> Any:
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
            text(NEXT_SQL),
            col(Delivery.medium) == medium,
            col(Delivery.priority) == priority,
            col(Delivery.due_at) <= unit.now,
            ~is_too_fast,
        )
        .order_by(col(Delivery.due_at), col(Delivery.id))
        .limit(limit)
    )


def _head_of_queue(chat_id: Any, medium: Medium) -> Any:
    line = (col(_ahead.chat_id) == chat_id, col(_ahead.medium) == medium)
    first = select(func.min(_ahead.id)).where(*line, text(f"ahead.{BLOCKING_SQL}"))
    return first.scalar_subquery()


async def postpone(unit: Transaction, medium: Medium, kept: Sequence[Candidate]) -> None:
    """Let no claim meet the *kept* again before what keeps them has changed.

    What stands behind others is marked for a few lines only: a unit is short.
    """
    behind: dict[int, int] = {}  # the first that was met of each line
    for each in (each for each in kept if each.first != each.id):
        behind[each.chat_id] = min(each.id, behind.get(each.chat_id, each.id))
    suspended = [each.id for each in kept if each.first == each.id]
    connection = await unit.session.connection()
    if behind:
        lines = [{"chat": chat, "met": behind[chat]} for chat in sorted(behind)[:QUEUES_AT_ONCE]]
        await connection.execute(_marking(medium), lines)
    if suspended:
        waiting = update(_table).where(_table.c.id.in_(suspended))
        await connection.execute(waiting.values(due_at=SUSPENDED_UNTIL))


def _marking(medium: Medium) -> Any:
    """Mark the one that was *met* in a *chat*'s line, and those behind it."""
    line = (_table.c.chat_id == bindparam("chat"), _table.c.medium == medium)
    # Not from the first of the line on: thousands between the two are marked, and would be read.
    behind = select(_table.c.id).where(*line, _table.c.id >= bindparam("met"), text(NEXT_SQL))
    some = behind.order_by(_table.c.id).limit(MARKED_AT_ONCE)
    return update(_table).where(_table.c.id.in_(some)).values(waits=True)


async def has_pending_notice(unit: Transaction, chat_id: int, kind: str) -> bool:
    """Whether a notice of that *kind* (see `notice_key`) has still to go to the chat."""
    named = col(_ahead.key).startswith(notice_key(chat_id, kind, ""))
    found = exists().where(col(_ahead.chat_id) == chat_id, named, text(f"ahead.{BLOCKING_SQL}"))
    return (await unit.session.exec(select(found))).one()


async def lock_queues(unit: Transaction) -> None:
    """Let nobody else claim, or let the next ones go, before this unit ends."""
    await lock_claims(unit, Delivery)


async def unblock_next(unit: Transaction, chat_ids: Iterable[int], medium: Medium) -> None:
    """After deliveries of the chats got out of the way: let those behind them go."""
    chosen = sorted(set(chat_ids))
    if not chosen:
        return
    await lock_queues(unit)
    first = select(_head_of_queue(Chat.id, medium)).where(col(Chat.id).in_(chosen))
    connection = await unit.session.connection()
    await connection.execute(
        update(_table).where(_table.c.id.in_(first), _table.c.waits).values(waits=False)
    )


# Edits and replies in the outbox: which message each one changes or answers, if it is there.


_newer = aliased(Delivery, name="newer")

_target = aliased(Delivery, name="target")


async def messages_to_edit(unit: Transaction, edits: Iterable[int]) -> dict[int, int]:
    """Return the message of each of *edits*; none where a newer edit overtook it, or none is."""
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


async def messages_to_answer(unit: Transaction, replies: Iterable[int]) -> dict[int, int]:
    """Return the message that each of *replies* answers; none where it never was sent."""
    statement = (
        select(col(Delivery.id), col(_target.message_id))
        .join(_target, col(_target.id) == col(Delivery.reply_to_id))
        .where(col(Delivery.id).in_(replies), col(_target.state) == DeliveryState.SENT)
    )
    found = await unit.session.exec(statement)
    return {reply: message for reply, message in found if reply is not None and message is not None}


# Deliveries in hand: claimed, begun, answered.
#
# Of one address only the first delivery that is on its way can be claimed (see `deliveries_next`),
# so that they arrive in the order of their creation, one at a time.


_NONE = timedelta()

_BEING_SENT = (DeliveryState.CLAIMED, DeliveryState.SENDING, DeliveryState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery in hand, where it goes, and the message that it changes or replies to."""

    delivery: Delivery
    telegram_id: int
    thread_id: int
    chat_kind: ChatKind
    target_message_id: int | None = None
    reply_message_id: int | None = None

    @property
    def id(self) -> int:
        assert self.delivery.id is not None  # noqa: S101 - it was read from the database
        return self.delivery.id

    @property
    def is_edit(self) -> bool:
        return self.delivery.kind is DeliveryKind.EDIT


async def claim_deliveries(
    unit: Transaction,
    owner: str,
    *,
    limit: int,
    lease: timedelta,
    medium: Medium = Medium.TELEGRAM,
    groups_ahead: timedelta = _NONE,
) -> list[ClaimedDelivery]:
    """Claim up to *limit* due deliveries for *owner*, the most urgent kinds first.

    Left out are suspended chats, chats whose pace says later (of a group more than *groups_ahead*),
    and whatever stands behind another delivery of its address. Of one Telegram chat with several
    threads one delivery is claimed. Edits that came too late are dropped on the way. They are fewer
    than could go where much stands behind others that is not marked yet; where that leaves none, a
    hint says there may be more.
    """
    await lock_queues(unit)
    claimed: list[ClaimedDelivery] = []
    rounds = 0
    while (wanted := limit - len(claimed)) > 0 and rounds < (ROUNDS if claimed else MOST_ROUNDS):
        rounds += 1
        found = await candidates(unit, medium, wanted, groups_ahead)
        kept = [each for each in found if not each.may_go(medium)]
        free = [each for each in found if each.may_go(medium)]
        going = _one_for_each_chat(free, {each.telegram_id for each in claimed})
        await postpone(unit, medium, kept)
        claimed += await _claim(unit, going, owner, unit.now + lease)
        if len(found) < wanted or not (going or kept):
            break
    if rounds == MOST_ROUNDS:
        unit.hints.add(Notification.DELIVERIES)
    return await _with_replies(unit, await _without_late_edits(unit, claimed))


def _one_for_each_chat(free: Iterable[Candidate], taken: Container[int]) -> list[Candidate]:
    first: dict[int, Candidate] = {}
    for each in free:
        if each.telegram_id not in taken:
            first.setdefault(each.telegram_id, each)
    return list(first.values())


async def _claim(
    unit: Transaction, going: Sequence[Candidate], owner: str, lease_until: datetime
) -> list[ClaimedDelivery]:
    if not going:
        return []
    statement = (
        update(Delivery)
        .where(col(Delivery.id).in_([each.id for each in going]))
        .values(state=DeliveryState.CLAIMED, owner=owner, lease_until=lease_until)
        .returning(Delivery)
    )
    options = {"synchronize_session": False, "populate_existing": True}
    rows = (await unit.session.exec(statement, execution_options=options)).scalars()
    by_id = {row.id: row for row in rows}
    return [
        ClaimedDelivery(by_id[each.id], each.telegram_id, each.thread_id, each.chat_kind)
        for each in going
    ]


async def _without_late_edits(
    unit: Transaction, claimed: Sequence[ClaimedDelivery]
) -> list[ClaimedDelivery]:
    """Give edits the message they change; drop those that a newer one overtook or that have none.

    The target's turn came before the edit's, so it is sent by now or never will be.
    """
    edits = {each.id for each in claimed if each.is_edit}
    if not edits:
        return list(claimed)
    targets = await messages_to_edit(unit, edits)
    late = [each for each in claimed if each.id in edits - targets.keys()]
    await change_state(unit, [each.id for each in late], state=DeliveryState.DROPPED)
    for each in late:
        await unblock_next(unit, [each.delivery.chat_id], each.delivery.medium)
    return [
        replace(each, target_message_id=targets.get(each.id))
        for each in claimed
        if not each.is_edit or each.id in targets
    ]


async def _with_replies(
    unit: Transaction, claimed: Sequence[ClaimedDelivery]
) -> list[ClaimedDelivery]:
    """Give replies the message that they answer; one whose message is not there goes alone."""
    replies = {each.id for each in claimed if each.delivery.reply_to_id is not None}
    answered = await messages_to_answer(unit, replies) if replies else {}
    return [replace(each, reply_message_id=answered.get(each.id)) for each in claimed]


async def release_claims(unit: Transaction, ids: Iterable[int], owner: str) -> None:
    """Let go of what *owner* has made no call for: it is due again.

    The intent may be written down all the same: the answer of its commit was lost, or its slot
    missed. It counts as no attempt.
    """
    is_begun = col(Delivery.state) == DeliveryState.SENDING
    attempts = case((is_begun, col(Delivery.attempts) - 1), else_=col(Delivery.attempts))
    await unit.session.exec(
        update(Delivery)
        .where(
            col(Delivery.id).in_(ids),
            col(Delivery.owner) == owner,
            col(Delivery.state).in_((DeliveryState.CLAIMED, DeliveryState.SENDING)),
        )
        .values(state=DeliveryState.PENDING, owner=None, lease_until=None, attempts=attempts)
        .execution_options(synchronize_session=False)
    )


async def begin_sending(
    unit: Transaction, ids: Iterable[int], owner: str, lease: timedelta
) -> set[int]:
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


async def finish_sending(unit: Transaction, delivery_id: int, owner: str, **changes: Any) -> bool:
    """Write down what one call of *owner* came to; False if it is no longer *owner*'s."""
    return bool(await finish_calls(unit, owner, {delivery_id: changes}))


async def finish_calls(
    unit: Transaction, owner: str, changes: Mapping[int, Mapping[str, Any]]
) -> set[int]:
    """Write down what the calls of *owner* came to; return those that were still *owner*'s."""
    mine = (col(Delivery.owner) == owner, col(Delivery.state) == DeliveryState.SENDING)
    statement = (
        select(col(Delivery.id), col(Delivery.chat_id), col(Delivery.medium))
        .where(col(Delivery.id).in_(changes), *mine)
        .with_for_update()
    )
    rows = [(row, chat, Medium(by)) for row, chat, by in await unit.session.exec(statement)]
    await _write(unit, {row: changes[row] for row, _, _ in rows})
    for medium in {by for _, _, by in rows}:
        gone = [chat for row, chat, by in rows if by is medium and _leaves_queue(changes[row])]
        await unblock_next(unit, gone, medium)
    return {row for row, _, _ in rows}


def _leaves_queue(changes: Mapping[str, Any]) -> bool:
    return changes["state"] not in BLOCKING_STATES


async def _write(unit: Transaction, changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Change each row; those whose same columns change with one statement."""
    alike: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row, values in sorted(changes.items()):
        alike[tuple(sorted(values))].append({"row": row} | {f"new_{k}": values[k] for k in values})
    connection = await unit.session.connection()
    for names, rows in alike.items():
        values = {name: bindparam(f"new_{name}") for name in names}
        done = update(_table).where(_table.c.id == bindparam("row"))
        await connection.execute(done.values(owner=None, lease_until=None, **values), rows)


async def change_state(unit: Transaction, ids: Iterable[int], **changes: Any) -> None:
    wanted = list(ids)
    if wanted:
        values = {"owner": None, "lease_until": None, **changes}
        await unit.session.exec(
            update(Delivery)
            .where(col(Delivery.id).in_(wanted))
            .values(**values)
            .execution_options(synchronize_session=False)
        )


async def drop_confirmations(unit: Transaction, mailbox: Mailbox) -> None:
    """Keep no older code: neither on its way, where it would be wrong, nor once it is sent."""
    await unit.session.exec(
        delete(Delivery).where(
            col(Delivery.mailbox_id) == mailbox.id,
            col(Delivery.kind) == DeliveryKind.NOTICE,
            col(Delivery.state).not_in(_BEING_SENT),
        )
    )


# Deliveries left behind: by a process that died, or by an answer that never came.
#
# Each medium has a sender of its own, which asks for what it left behind itself.


async def has_abandoned(unit: Transaction, medium: Medium = Medium.TELEGRAM) -> bool:
    """Whether a claim or a call has outlived its lease, or an unknown waits to be resent."""
    left = or_(_lease_expired(unit), _unknown_due(unit))
    found = exists().where(*_in_flight(medium), left)
    return (await unit.session.exec(select(found))).one()


async def release_unsent(unit: Transaction, medium: Medium = Medium.TELEGRAM) -> None:
    """Make claims due again whose lease is over: no call was made."""
    statement = (
        update(Delivery)
        .where(
            *_in_flight(medium), col(Delivery.state) == DeliveryState.CLAIMED, _lease_expired(unit)
        )
        .values(state=DeliveryState.PENDING, owner=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    await unit.session.exec(statement)


async def claim_abandoned(
    unit: Transaction, owner: str, lease: timedelta, medium: Medium = Medium.TELEGRAM
) -> list[Delivery]:
    """Take over the calls whose owner has not come back with an answer; they may have arrived."""
    statement = (
        select(Delivery)
        .where(
            *_in_flight(medium), col(Delivery.state) == DeliveryState.SENDING, _lease_expired(unit)
        )
        .with_for_update(skip_locked=True)
    )
    rows = list(await unit.session.exec(statement))
    await change_state(
        unit,
        [row.id for row in rows if row.id],
        state=DeliveryState.SENDING,
        owner=owner,
        lease_until=unit.now + lease,
    )
    return rows


async def resend_unknown(unit: Transaction, medium: Medium = Medium.TELEGRAM) -> None:
    """Make what may have arrived due once more, without a sound."""
    statement = (
        update(Delivery)
        .where(*_in_flight(medium), _unknown_due(unit))
        .values(state=DeliveryState.PENDING, resent=True, silent=True)
        .execution_options(synchronize_session=False)
    )
    await unit.session.exec(statement)


def _in_flight(medium: Medium) -> tuple[TextClause, ColumnElement[bool]]:
    return text(IN_FLIGHT_SQL), col(Delivery.medium) == medium


def _lease_expired(unit: Transaction) -> ColumnElement[bool]:
    return and_(
        col(Delivery.state).in_((DeliveryState.CLAIMED, DeliveryState.SENDING)),
        or_(col(Delivery.lease_until).is_(None), col(Delivery.lease_until) <= unit.now),
    )


def _unknown_due(unit: Transaction) -> ColumnElement[bool]:
    return and_(col(Delivery.state) == DeliveryState.UNKNOWN, col(Delivery.due_at) <= unit.now)


# Deliveries that wait for the operator, and letting them go again.


STUCK = (DeliveryState.HELD, DeliveryState.FAILED)


async def deliveries_in(
    unit: Transaction, states: Collection[DeliveryState], limit: int, *, offset: int = 0
) -> list[tuple[Delivery, Chat]]:
    """Return *limit* deliveries in *states*, the newest first, with their chats."""
    statement = (
        select(Delivery, Chat)
        .join(Chat, col(Chat.id) == col(Delivery.chat_id))
        .where(or_(*(col(Delivery.state) == state for state in states)))
        .order_by(col(Delivery.id).desc())
        .offset(offset)
        .limit(limit)
    )
    return list((await unit.session.exec(statement)).all())


async def count_deliveries_in(unit: Transaction, states: Collection[DeliveryState]) -> int:
    wanted = or_(*(col(Delivery.state) == state for state in states))
    counted = select(func.count()).select_from(Delivery).where(wanted)
    return (await unit.session.exec(counted)).one()


async def release_deliveries(unit: Transaction, ids: Sequence[int] | None = None) -> int:
    """Make held and failed deliveries due, all or those of *ids*; return how many.

    A held one may have arrived, so it goes without a sound.
    """
    chosen = true() if ids is None else col(Delivery.id).in_(ids)
    was_held = col(Delivery.state) == DeliveryState.HELD
    statement = (
        update(Delivery)
        .where(col(Delivery.state).in_(STUCK), chosen)
        .values(
            state=DeliveryState.PENDING,
            due_at=unit.now,
            attempts=0,
            resent=False,
            silent=case((was_held, True), else_=col(Delivery.silent)),
        )
        .execution_options(synchronize_session=False)
    )
    unit.hints.add(Notification.DELIVERIES)
    return (await unit.session.exec(statement)).rowcount


async def drop_deliveries(unit: Transaction, ids: Sequence[int]) -> int:
    """Give up held and failed deliveries; return how many. Nothing waits behind such ones."""
    chosen = (col(Delivery.id).in_(ids), col(Delivery.state).in_(STUCK))
    return await _become(unit, chosen, DeliveryState.DROPPED)


async def restore_delivery(unit: Transaction, delivery_id: int, state: DeliveryState) -> int:
    """Let a dropped one wait again in *state*; an edit that came too late stays dropped."""
    chosen = (
        col(Delivery.id) == delivery_id,
        col(Delivery.state) == DeliveryState.DROPPED,
        col(Delivery.kind) != DeliveryKind.EDIT,
    )
    return await _become(unit, chosen, state)


async def _become(
    unit: Transaction, chosen: tuple[ColumnElement[bool], ...], state: DeliveryState
) -> int:
    changed = update(Delivery).where(*chosen).values(state=state)
    silently = changed.execution_options(synchronize_session=False)
    return (await unit.session.exec(silently)).rowcount


# Deliveries whose fallback takes the place of a body that was refused.


async def replace_with_fallback(
    unit: Transaction, refused: Delivery, further: Sequence[Mapping[str, Any]]
) -> None:
    """Put out what follows the fallback of *refused*; remember where rich messages are refused.

    *further*: body and fallback of each. Their keys go on counting where that of *refused* ends.
    """
    if "rich" in refused.body:
        await _refuse_rich(unit, refused.chat_id)
    stem, _, part = refused.key.rpartition(":")
    for number, bodies in enumerate(further, int(part) + 1 if part.isdecimal() else 2):
        row = {
            "key": f"{stem}:{number}",
            "kind": refused.kind,
            "medium": refused.medium,
            "chat_id": refused.chat_id,
            "priority": refused.priority,
            "silent": refused.silent,
            "due_at": unit.now,
            "created_at": unit.now,
            **bodies,
        }
        # One by one, so that the parts stand in the outbox in their order.
        await insert_new(unit, Delivery, [row], returning=Delivery.id)


async def _refuse_rich(unit: Transaction, chat_id: int) -> None:
    await unit.session.exec(
        update(Chat)
        .where(col(Chat.id) == chat_id, col(Chat.layout) == Layout.RICH)
        .values(layout=Layout.REFUSED)
        .execution_options(synchronize_session=False)
    )


# E-mails in hand: claimed for their mailboxes, one at a time for each.
#
# An active mailbox gets all, an unconfirmed one its confirmation alone. A confirmation waits for no
# other mail. What Telegram says of a chat holds up no mail; a chat that paused gets none.


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


async def claim_mails(
    unit: Transaction, owner: str, *, limit: int, lease: timedelta
) -> list[ClaimedMail]:
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


def _heads(unit: Transaction, limit: int) -> SelectOfScalar[Any]:
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
            text(f"delivery.{PENDING_SQL} AND NOT delivery.waits"),
            col(Delivery.medium) == Medium.EMAIL,
            col(Delivery.due_at) <= unit.now,
            col(Chat.state).not_in(SENT_NOTHING),
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
        text(f"ahead.{BLOCKING_SQL}"),
    )
