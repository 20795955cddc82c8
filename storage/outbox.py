"""The outbox: deliveries, one rendered message each, from the decision to the result of the call.

`storage.states` defines the transitions between states. This module applies them, and no other
module writes a state. A delivery names the decision that it carries out (an alert, a bundle, an
edition, a broadcast, a notice, or the message that it edits). Unique indexes on those names keep a
decision from being delivered twice.

Telegram deliveries are sent in order:
- An address is a chat row and a medium. Its first blocking delivery is sent, and the others wait. A
  claim that meets a waiting delivery makes it `queued`, so that no later claim reads it again.
- A function that takes the first delivery out of a queue calls `unblock_next`, unless it takes out
  all of them.
- On PostgreSQL, both take one lock (`lock_queues`). Without it, a claim could queue a delivery
  behind one that is just leaving, and nothing would ever unblock it. `begin_sending` needs no lock,
  because it changes only rows that its owner has claimed; nor do the results of mails, which are
  never queued. `storage` lists the locks that must be taken before this one.
- Only `delete_deliveries` deletes rows, except when a chat is deleted with its whole queue.

Each chat gets its e-mails one at a time. A confirmation waits for no other mail.
"""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    ColumnElement,
    Executable,
    Index,
    Integer,
    TextClause,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    not_,
    or_,
    text,
    true,
    union_all,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, col, select
from sqlmodel.sql.sqltypes import UTCDateTime

from storage.access import hashing_secret
from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.leases import lock_claims
from storage.db.sql import (
    NUMBERED,
    ROW_ID,
    Leased,
    among,
    enum_column,
    insert_new,
    partial_index,
)
from storage.enums import (
    SENT_NOTHING,
    ChatKind,
    ChatState,
    DeliveryKind,
    DeliveryState,
    Layout,
    MailboxState,
    Medium,
    Notification,
)
from storage.mailboxes import Mailbox
from storage.pace import LONGEST_LEAD, Pace, pace_key_of
from storage.states import Effect, Event, Transition, transition_of, transitions_of

# Literal SQL, because the planner uses a partial index only if it can read the condition. Most
# deliveries are sent, so each partial index holds only a few rows.
PENDING_SQL: Final = "state = 'pending'"
IN_FLIGHT_SQL: Final = "state IN ('claimed', 'sending', 'unknown')"
BLOCKING_SQL: Final = "state IN ('pending', 'queued', 'claimed', 'sending', 'unknown')"
STUCK_SQL: Final = "state IN ('held', 'failed')"

_IN_FLIGHT: Final = (DeliveryState.CLAIMED, DeliveryState.SENDING, DeliveryState.UNKNOWN)

# Bounds of one claim, which keep its transaction short: how many queues a round tidies, how many
# deliveries it queues in each, and how many rounds there are once something is claimed, or at most.
# After a long pause of the whole bot, the backlog takes several claims. Each round of a claim is
# slower than the last, because it steps over the rows that the earlier rounds queued.
QUEUES_AT_ONCE, QUEUED_AT_ONCE, ROUNDS, MOST_ROUNDS = 5, 500, 2, 10
PRIORITIES: Final = sorted({kind.priority for kind in DeliveryKind})

_NONE: Final = timedelta()

# Parameters of statements that run often and are built once.
_NOW: Final[BindParameter[datetime]] = bindparam("now", type_=UTCDateTime)
_LIMIT: Final = bindparam("limit", type_=Integer)


def _decision(name: str, *columns: str) -> Index:
    """Return the unique index on the columns that name one kind of decision."""
    where = partial_index(f"{columns[0]} IS NOT NULL")
    return Index(f"uq_delivery_{name}", *columns, unique=True, **where)


class Delivery(Leased, table=True):
    __table_args__ = (
        Index(
            "ix_delivery_next",
            *("medium", "priority", "due_at", "id", "chat_id"),
            **partial_index(PENDING_SQL),
        ),
        Index("ix_delivery_queue", "chat_id", "medium", "id", **partial_index(BLOCKING_SQL)),
        Index("ix_delivery_in_flight", "state", "lease_until", **partial_index(IN_FLIGHT_SQL)),
        Index("ix_delivery_stuck", "id", **partial_index(STUCK_SQL)),
        Index("ix_delivery_suspended", "chat_id", **partial_index("state = 'suspended'")),
        Index(
            "ix_delivery_of_broadcast_unsent",
            "broadcast_id",
            **partial_index("broadcast_id IS NOT NULL AND state <> 'sent'"),
        ),
        Index("ix_delivery_reply_to_id", "reply_to_id", **partial_index("reply_to_id IS NOT NULL")),
        _decision("alert", "alert_id", "medium", "part"),
        _decision("bundle", "bundle_id", "medium", "part"),
        _decision("edition", "edition_id", "medium", "part"),
        _decision("broadcast", "broadcast_id", "chat_id"),
        _decision("notice", "notice", "subject", "chat_id"),
        _decision("edit", "target_id", "version"),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    kind: DeliveryKind = Field(sa_type=enum_column(DeliveryKind))
    medium: Medium = Field(default=Medium.TELEGRAM, sa_type=enum_column(Medium))
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    mailbox_id: int | None = Field(  # of an e-mail
        default=None, foreign_key="mailbox.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )

    # The decision that it carries out. The kind says which column is set. The column becomes NULL
    # when the decision is deleted.
    alert_id: int | None = Field(
        default=None, foreign_key="alert.id", ondelete="SET NULL", sa_type=ROW_ID
    )
    bundle_id: int | None = Field(
        default=None, foreign_key="bundle.id", ondelete="SET NULL", sa_type=ROW_ID
    )
    edition_id: int | None = Field(
        default=None, foreign_key="edition.id", ondelete="SET NULL", sa_type=ROW_ID
    )
    broadcast_id: int | None = Field(
        default=None, foreign_key="broadcast.id", ondelete="SET NULL", sa_type=ROW_ID
    )
    notice: str | None = Field(default=None, max_length=16)  # the kind of notice
    subject: str = Field(default="", max_length=100)  # of a notice: makes it unique
    target_id: int | None = Field(  # of an edit: the delivery that it changes
        default=None, foreign_key="delivery.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    version: int = 0  # of an edit: the newest wins
    part: int = 1  # of a message that took several

    reply_to_id: int | None = Field(  # the delivery whose message it replies to, if it was sent
        default=None, foreign_key="delivery.id", ondelete="SET NULL", sa_type=ROW_ID
    )
    priority: int
    state: DeliveryState = Field(default=DeliveryState.PENDING, sa_type=enum_column(DeliveryState))
    body: dict[str, Any] = Field(sa_type=JSON)  # frozen when the row is made
    fallback: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    silent: bool = False
    attempts: int = 0
    resent: bool = False  # an unknown outcome is resent once
    due_at: datetime
    created_at: datetime
    sent_at: datetime | None = None
    message_id: int | None = Field(default=None, sa_type=BigInteger)
    last_error: str | None = None  # for the operator

    @property
    def decision(self) -> str:
        """Name the decision, such as `edition 12, part 2`."""
        numbers = {
            DeliveryKind.ALERT: self.alert_id,
            DeliveryKind.BUNDLE: self.bundle_id,
            DeliveryKind.EDITION: self.edition_id,
            DeliveryKind.BROADCAST: self.broadcast_id,
            DeliveryKind.EDIT: f"{self.version} of delivery {self.target_id}",
            DeliveryKind.NOTICE: self.notice,
        }
        part = f", part {self.part}" if self.part > 1 else ""
        return f"{self.kind} {numbers[self.kind] or 'deleted'}{part}"


_ahead = aliased(Delivery, name="ahead")
_newer = aliased(Delivery, name="newer")
_target = aliased(Delivery, name="target")


# Making deliveries


class Body(Protocol):
    """The content that a delivery freezes: a message for Telegram, or a mail."""

    def to_json(self) -> dict[str, Any]: ...

    def fallback(self) -> dict[str, Any] | None:
        """Return the body to store in case that this one is refused for its form, if any."""


class StoredBody:
    """A body that is converted before the transaction, to make the transaction shorter."""

    def __init__(self, body: Body) -> None:
        self._json, self._fallback = body.to_json(), body.fallback()

    def to_json(self) -> dict[str, Any]:
        return self._json

    def fallback(self) -> dict[str, Any] | None:
        return self._fallback


def new_delivery(
    tx: Transaction, kind: DeliveryKind, chat_id: int, body: Body, **columns: Any
) -> dict[str, Any]:
    """Return the row of a delivery that is due now; *columns* name its decision."""
    return {
        "kind": kind,
        "chat_id": chat_id,
        "priority": kind.priority,
        "body": body.to_json(),
        "fallback": body.fallback(),
        "due_at": tx.now,
        "created_at": tx.now,
        **columns,
    }


async def enqueue(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add deliveries, except for decisions that already have one.

    All *rows* name the same columns.
    """
    if await insert_new(tx, Delivery, rows, returning=Delivery.id):
        tx.notifications.add(Notification.DELIVERIES)


async def has_pending_notice(tx: Transaction, chat_id: int, notice: str) -> bool:
    """Return whether a notice of that kind is waiting or being sent to the chat."""
    is_waiting = exists().where(
        col(_ahead.chat_id) == chat_id,
        col(_ahead.notice) == notice,
        text(f"ahead.{BLOCKING_SQL}"),
    )
    return await tx.one(select(is_waiting))


# Applying the transition table


async def _apply(
    tx: Transaction, event: Event, *which: ColumnElement[bool] | TextClause, **values: Any
) -> int:
    """Apply *event* to the deliveries that meet the conditions *which*; return how many changed."""
    changed = 0
    for transition, states in transitions_of(event):
        columns = _columns(tx.now, transition) | values
        changed += await tx.change(
            update(Delivery).where(col(Delivery.state).in_(states), *which).values(**columns)
        )
    return changed


def _columns(now: datetime | None, transition: Transition) -> dict[str, Any]:
    """Return the new values of the columns that the transition changes.

    *now*: the `due_at` of a delivery that becomes due at once; None if the caller sets `due_at`.
    """
    columns: dict[str, Any] = {"state": transition.state}
    if transition.state not in {DeliveryState.CLAIMED, DeliveryState.SENDING}:
        columns |= {"owner": None, "lease_until": None}
    for effect in transition.effects:
        columns |= _EFFECTS.get(effect, {})
    if Effect.DUE_NOW in transition.effects:
        columns["due_at"] = now
    return columns


# The caller that records the result handles all other effects.
_EFFECTS: Final[dict[Effect, dict[str, Any]]] = {
    Effect.COUNTED: {"attempts": col(Delivery.attempts) + 1},
    Effect.UNCOUNTED: {"attempts": col(Delivery.attempts) - 1},
    Effect.RESET: {"attempts": 0, "resent": False},
    Effect.SILENT: {"silent": True},
    Effect.RESENT: {"resent": True},
}


# Claiming for Telegram


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A claimed Telegram delivery, its address, and the message that it edits or replies to."""

    delivery: Delivery
    telegram_id: int
    thread_id: int
    chat_kind: ChatKind
    pace_key: str
    target_message_id: int | None = None
    reply_message_id: int | None = None

    @property
    def id(self) -> int:
        return self.delivery.id

    @property
    def is_edit(self) -> bool:
        return self.delivery.kind is DeliveryKind.EDIT

    @property
    def recipient(self) -> dict[str, int]:
        """The recipient's fields in log events."""
        return {"chat": self.telegram_id}


class _Candidate(NamedTuple):
    """A due delivery that its chat's pace allows. *head*: the first delivery of its queue."""

    id: int
    chat_id: int
    head: int
    telegram_id: int
    thread_id: int
    chat_kind: ChatKind
    chat_state: ChatState
    pace_key: str

    @property
    def may_go(self) -> bool:
        return self.head == self.id and not self.is_suspended

    @property
    def is_suspended(self) -> bool:
        return Medium.TELEGRAM in self.chat_state.media_held


async def claim_deliveries(
    tx: Transaction, owner: str, *, limit: int, lease: timedelta, groups_ahead: timedelta = _NONE
) -> list[ClaimedDelivery]:
    """Claim at most *limit* due deliveries to Telegram for *owner*, the most urgent kinds first.

    Claims at most one delivery per Telegram chat, even if it has several threads. Skips suspended
    chats, chats whose pace allows no message yet (for groups: not within *groups_ahead*), and
    deliveries that wait behind another one at their address. Drops edits that came too late.

    Each round claims the deliveries that may be sent, and suspends or queues the others so that the
    next round does not meet them. A long backlog takes more rounds than fit in a transaction. The
    claim then returns fewer than it could, and a notification triggers the next claim.
    """
    await lock_queues(tx)
    claimed: list[ClaimedDelivery] = []
    rounds = 0
    while len(claimed) < limit and rounds < (ROUNDS if claimed else MOST_ROUNDS):
        rounds += 1
        wanted = limit - len(claimed)
        candidates = await _candidates(tx, wanted, groups_ahead)
        blocked = [candidate for candidate in candidates if not candidate.may_go]
        chosen = _one_per_telegram_chat(
            (candidate for candidate in candidates if candidate.may_go),
            taken={delivery.telegram_id for delivery in claimed},
        )
        await _suspend_blocked(tx, blocked)
        await _queue_blocked(tx, blocked)
        claimed += await _claim(tx, chosen, owner, lease)
        if len(candidates) < wanted or not (chosen or blocked):
            break
    if rounds == MOST_ROUNDS:
        tx.notifications.add(Notification.DELIVERIES)
    in_time = await _drop_late_edits(tx, claimed)
    return await _add_reply_targets(tx, in_time)


async def _candidates(tx: Transaction, limit: int, groups_ahead: timedelta) -> list[_Candidate]:
    """Return at most *limit* pending deliveries that are due, the most urgent kinds first."""
    rows = await tx.rows(
        _due(),
        secret=await hashing_secret(tx),
        now=tx.now,
        groups_latest=tx.now + groups_ahead,
        farthest=tx.now + LONGEST_LEAD,
        limit=limit,
    )
    return [_Candidate(*row) for row in rows]


@cache
def _due() -> Any:
    """Build the statement of `_candidates`, which takes longer than running it."""
    key = pace_key_of(Chat.telegram_id)
    # One subquery for each priority, because a single one would scan all rows that are due later.
    by_priority = [_due_with_priority(priority, key).subquery() for priority in PRIORITIES]
    due = union_all(*(select(subquery) for subquery in by_priority)).cte("due")
    return (
        select(  # type: ignore[call-overload]
            due.c.id,
            due.c.chat_id,
            _head_of_queue(due.c.chat_id),
            Chat.telegram_id,
            Chat.thread_id,
            Chat.kind,
            Chat.state,
            key,
        )
        .join(Chat, col(Chat.id) == due.c.chat_id)
        .order_by(due.c.priority, due.c.due_at, due.c.id)
        .limit(_LIMIT)
    )


def _due_with_priority(priority: int, pace_key: ColumnElement[str]) -> Any:
    # Skips chats whose pace allows no message yet. These are few: only chats that got a message in
    # the last seconds. Their deliveries stay pending, so that the parts of a digest keep together.
    is_private = col(Chat.kind) == ChatKind.PRIVATE
    latest = case((is_private, _NOW), else_=bindparam("groups_latest", type_=UTCDateTime))
    is_too_fast = exists().where(
        pace_key == col(Pace.key),
        col(Chat.id) == col(Delivery.chat_id),
        or_(
            and_(col(Pace.tat) > latest, col(Pace.tat) <= bindparam("farthest")),
            col(Pace.paused_until) > _NOW,
        ),
    )
    return (
        select(Delivery.id, Delivery.chat_id, Delivery.priority, Delivery.due_at)
        .where(
            text(PENDING_SQL),
            col(Delivery.medium) == Medium.TELEGRAM,
            col(Delivery.priority) == priority,
            col(Delivery.due_at) <= _NOW,
            ~is_too_fast,
        )
        .order_by(col(Delivery.due_at), col(Delivery.id))
        .limit(_LIMIT)
    )


def _head_of_queue(chat_id: Any) -> Any:
    """Build the subquery for the id of the chat's first blocking delivery on Telegram."""
    queue = (col(_ahead.chat_id) == chat_id, col(_ahead.medium) == Medium.TELEGRAM)
    first = select(func.min(_ahead.id)).where(*queue, text(f"ahead.{BLOCKING_SQL}"))
    return first.scalar_subquery()


def _one_per_telegram_chat(
    candidates: Iterable[_Candidate], *, taken: Container[int]
) -> list[_Candidate]:
    first: dict[int, _Candidate] = {}
    for candidate in candidates:
        if candidate.telegram_id not in taken:
            first.setdefault(candidate.telegram_id, candidate)
    return list(first.values())


async def _suspend_blocked(tx: Transaction, blocked: Iterable[_Candidate]) -> None:
    """Suspend all waiting deliveries to the suspended chats, so that no claim meets them again."""
    chat_ids = {candidate.chat_id for candidate in blocked if candidate.is_suspended}
    if chat_ids:
        by_telegram = col(Delivery.medium) == Medium.TELEGRAM
        await _apply(tx, Event.SUSPEND, among(col(Delivery.chat_id), chat_ids), by_telegram)


async def _queue_blocked(tx: Transaction, blocked: Iterable[_Candidate]) -> None:
    """Mark deliveries that wait behind others as queued, so that no claim meets them again.

    Handles a few chats at a time; see `QUEUES_AT_ONCE`.
    """
    first_met: dict[int, int] = {}
    for candidate in blocked:
        if not candidate.is_suspended:
            first = first_met.get(candidate.chat_id, candidate.id)
            first_met[candidate.chat_id] = min(candidate.id, first)
    for chat_id in sorted(first_met)[:QUEUES_AT_ONCE]:
        behind = (
            select(Delivery.id)
            .where(
                col(Delivery.chat_id) == chat_id,
                col(Delivery.medium) == Medium.TELEGRAM,
                # Start at the first pending one that was met, not at the head of the queue, because
                # thousands of rows between the two may already be queued.
                col(Delivery.id) >= first_met[chat_id],
                text(PENDING_SQL),
            )
            .order_by(col(Delivery.id))
            .limit(QUEUED_AT_ONCE)
        )
        await _apply(tx, Event.QUEUE, col(Delivery.id).in_(behind))


async def _claim(
    tx: Transaction, chosen: Sequence[_Candidate], owner: str, lease: timedelta
) -> list[ClaimedDelivery]:
    if not chosen:
        return []
    which = among(col(Delivery.id), [candidate.id for candidate in chosen])
    rows = {row.id: row for row in await _claim_rows(tx, which, owner, lease)}
    return [
        ClaimedDelivery(
            rows[candidate.id],
            candidate.telegram_id,
            candidate.thread_id,
            candidate.chat_kind,
            candidate.pace_key,
        )
        for candidate in chosen
        if candidate.id in rows  # its chat may have been deleted meanwhile
    ]


async def _claim_rows(
    tx: Transaction, which: ColumnElement[bool], owner: str, lease: timedelta
) -> list[Delivery]:
    """Claim the deliveries that meet *which*, all of them pending; return their rows."""
    columns = _columns(tx.now, transition_of(DeliveryState.PENDING, Event.CLAIM))
    statement = (
        update(Delivery)
        .where(which)
        .values(**columns, owner=owner, lease_until=tx.now + lease)
        .returning(Delivery)
    )
    return [delivery for (delivery,) in await tx.rows(statement)]


async def _drop_late_edits(
    tx: Transaction, claimed: Sequence[ClaimedDelivery]
) -> list[ClaimedDelivery]:
    """Drop edits that have no message to change or that a newer edit replaces; return the rest.

    Sets the message that each remaining edit changes. That message stood before the edit in the
    queue, so by now it has been sent or never will be.
    """
    edits = {delivery.id for delivery in claimed if delivery.is_edit}
    if not edits:
        return list(claimed)
    messages = await _messages_to_edit(tx, edits)
    late = [delivery for delivery in claimed if delivery.id in edits - messages.keys()]
    if late:
        late_ids = [delivery.id for delivery in late]
        await _apply(tx, Event.OVERTAKEN, among(col(Delivery.id), late_ids))
        await unblock_next(tx, [late_edit.delivery.chat_id for late_edit in late])
    return [
        replace(delivery, target_message_id=messages.get(delivery.id))
        for delivery in claimed
        if not delivery.is_edit or delivery.id in messages
    ]


async def _messages_to_edit(tx: Transaction, edits: Iterable[int]) -> dict[int, int]:
    """Return the Telegram message id for each edit to send, by the edit's id.

    Leaves out edits whose message was not sent, and edits that a newer one replaces.
    """
    is_overtaken = exists().where(
        col(_newer.target_id) == col(Delivery.target_id),
        col(_newer.version) > col(Delivery.version),
        col(_newer.state).not_in((DeliveryState.FAILED, DeliveryState.DROPPED)),
    )
    statement = (
        select(col(Delivery.id), col(_target.message_id))
        .join(_target, col(_target.id) == col(Delivery.target_id))
        .where(
            among(col(Delivery.id), edits),
            col(_target.state) == DeliveryState.SENT,
            col(_target.message_id).is_not(None),
            ~is_overtaken,
        )
    )
    return {edit: message for edit, message in await tx.rows(statement) if message}


async def forget_messages(tx: Transaction, chat_id: int) -> None:
    """Forget the ids of the chat's sent messages; edits and replies leave these messages alone."""
    sent = (col(Delivery.chat_id) == chat_id, col(Delivery.message_id).is_not(None))
    await tx.change(update(Delivery).where(*sent).values(message_id=None))


async def _add_reply_targets(
    tx: Transaction, claimed: Sequence[ClaimedDelivery]
) -> list[ClaimedDelivery]:
    """Set the message that each reply refers to; a reply without one is sent as a plain message."""
    replies = {delivery.id for delivery in claimed if delivery.delivery.reply_to_id is not None}
    if not replies:
        return list(claimed)
    statement = (
        select(col(Delivery.id), col(_target.message_id))
        .join(_target, col(_target.id) == col(Delivery.reply_to_id))
        .where(among(col(Delivery.id), replies), col(_target.state) == DeliveryState.SENT)
    )
    messages = dict(await tx.rows(statement))
    return [replace(delivery, reply_message_id=messages.get(delivery.id)) for delivery in claimed]


async def lock_queues(tx: Transaction) -> None:
    """Keep others from claiming, suspending, deleting and unblocking until the transaction ends."""
    await lock_claims(tx, Delivery)


async def unblock_next(tx: Transaction, chat_ids: Iterable[int]) -> None:
    """Make the first delivery of each chat's queue pending, after those ahead of it have left."""
    chosen = sorted(set(chat_ids))
    if not chosen:
        return
    await lock_queues(tx)
    heads = select(_head_of_queue(Chat.id)).where(among(col(Chat.id), chosen))
    await _apply(tx, Event.ADVANCE, col(Delivery.id).in_(heads))


# Deleting


async def delete_deliveries(tx: Transaction, *which: ColumnElement[bool]) -> int:
    """Delete the deliveries that meet *which*, in any state; return how many.

    Deletes the edits of their messages too, which stand in the same chats' queues. Unblocks the
    deliveries behind them.
    """
    await lock_queues(tx)
    chosen = select(Delivery.id, Delivery.chat_id).where(*which).order_by(col(Delivery.id))
    rows = await tx.rows(chosen.with_for_update())
    if rows:
        ids = [delivery_id for delivery_id, _ in rows]
        await tx.change(delete(Delivery).where(among(col(Delivery.id), ids)))
        await unblock_next(tx, {chat_id for _, chat_id in rows})
    return len(rows)


# Claiming for mailboxes


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A claimed delivery by e-mail, with its mailbox."""

    delivery: Delivery
    mailbox_id: int
    address: str
    is_edit: bool = False  # a mail is never changed

    @property
    def id(self) -> int:
        return self.delivery.id

    @property
    def recipient(self) -> dict[str, int]:
        """The recipient's fields in log events, which contain no addresses."""
        return {"mailbox": self.mailbox_id}


Claimed = TypeVar("Claimed", bound=ClaimedDelivery | ClaimedMail)


async def claim_mails(
    tx: Transaction, owner: str, *, limit: int, lease: timedelta
) -> list[ClaimedMail]:
    """Claim at most *limit* due mails for *owner*, the most urgent kinds first."""
    await lock_queues(tx)
    await _apply(
        tx,
        Event.SUSPEND,
        col(Delivery.medium) == Medium.EMAIL,
        col(Delivery.due_at) <= tx.now,
        col(Delivery.mailbox_id).is_not(None),
        text(f"delivery.{PENDING_SQL}"),
        ~_may_be_mailed(),
    )
    heads = col(Delivery.id).in_(_heads_of_mail(tx, limit))
    rows = await _claim_rows(tx, heads, owner, lease)
    rows.sort(key=lambda row: (row.priority, row.due_at, row.id))
    named = among(col(Mailbox.id), {row.mailbox_id for row in rows})
    addresses = dict(await tx.rows(select(Mailbox.id, Mailbox.address).where(named)))
    return [
        ClaimedMail(row, row.mailbox_id, addresses[row.mailbox_id])
        for row in rows
        if row.mailbox_id
    ]


def _may_be_mailed() -> ColumnElement[bool]:
    """Build the condition that both the mailbox and the chat of a `Delivery` take the mail.

    An active mailbox gets all mails, an unconfirmed one only its confirmation. A chat that Telegram
    has closed to the bot still gets mails; a paused chat gets none.
    """
    return exists().where(
        col(Mailbox.id) == col(Delivery.mailbox_id),
        col(Chat.id) == col(Delivery.chat_id),
        col(Chat.state).not_in(SENT_NOTHING),
        or_(
            col(Mailbox.state) == MailboxState.ACTIVE,
            and_(
                col(Mailbox.state) == MailboxState.UNCONFIRMED,
                col(Delivery.kind) == DeliveryKind.NOTICE,
            ),
        ),
    )


def _heads_of_mail(tx: Transaction, limit: int) -> Any:
    is_behind_another = exists().where(
        col(_ahead.chat_id) == col(Delivery.chat_id),
        col(_ahead.medium) == col(Delivery.medium),
        col(_ahead.id) < col(Delivery.id),
        or_(col(_ahead.kind) == DeliveryKind.NOTICE, col(Delivery.kind) != DeliveryKind.NOTICE),
        text(f"ahead.{BLOCKING_SQL}"),
    )
    due = (
        select(Delivery.id)
        .where(
            text(f"delivery.{PENDING_SQL}"),
            col(Delivery.medium) == Medium.EMAIL,
            col(Delivery.due_at) <= tx.now,
            ~is_behind_another,
        )
        .order_by(col(Delivery.priority), col(Delivery.due_at), col(Delivery.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    return select(due.c.id)


async def drop_confirmations(tx: Transaction, mailbox: Mailbox) -> None:
    """Delete the mailbox's earlier confirmation mails, unless one is being sent.

    The code in a waiting mail is no longer valid, and a sent mail is no longer needed.
    """
    await delete_deliveries(
        tx,
        col(Delivery.mailbox_id) == mailbox.id,
        col(Delivery.kind) == DeliveryKind.NOTICE,
        col(Delivery.state).not_in(_IN_FLIGHT),
    )


async def overdue_confirmations(tx: Transaction, before: datetime) -> Sequence[int]:
    """Return the mailboxes whose confirmation was requested by *before* and is still unsent."""
    return await tx.rows(
        select(Mailbox.id)
        .join(Delivery, col(Delivery.mailbox_id) == col(Mailbox.id))
        .where(
            text(f"delivery.{PENDING_SQL}"),
            col(Delivery.medium) == Medium.EMAIL,
            col(Delivery.priority) == DeliveryKind.NOTICE.priority,
            col(Delivery.due_at) <= tx.now,
            col(Mailbox.state) == MailboxState.UNCONFIRMED,
            col(Mailbox.asked_at) <= before,
        )
    )


# The call and its result


async def begin_sending(
    tx: Transaction, ids: Iterable[int], owner: str, lease: timedelta
) -> set[int]:
    """Record the intent to call for *ids*; return those that *owner* still has claimed."""
    rows = await tx.rows(_beginning(), ids=list(ids), sender=owner, until=tx.now + lease)
    return {delivery_id for (delivery_id,) in rows}


@cache
def _beginning() -> Executable:
    columns = _columns(None, transition_of(DeliveryState.CLAIMED, Event.BEGIN))
    owned = (
        select(Delivery.id)
        .where(
            among(col(Delivery.id), bindparam("ids")),
            col(Delivery.owner) == bindparam("sender"),
            col(Delivery.state) == DeliveryState.CLAIMED,
        )
        .order_by(col(Delivery.id))  # the order in which `delete_deliveries` locks
        .with_for_update()
        .cte("owned")
        .prefix_with("MATERIALIZED")
    )
    return (
        update(Delivery)
        .where(col(Delivery.id).in_(select(owned.c.id)))
        .values(**columns, lease_until=bindparam("until"))
        .returning(col(Delivery.id))
    )


async def release_claims(tx: Transaction, ids: Iterable[int], owner: str) -> None:
    """Make the deliveries pending again that *owner* claimed but made no call for.

    Their intent to call may be committed nevertheless, if the response to that commit was lost or
    late. Such an intent does not count as an attempt.
    """
    await lock_queues(tx)
    await _apply(tx, Event.RELEASE, among(col(Delivery.id), ids), col(Delivery.owner) == owner)


class CallResult(NamedTuple):
    """The event that a call led to, and the other columns that it changes, by name."""

    event: Event
    values: Mapping[str, Any] = {}

    @property
    def transition(self) -> Transition:
        return transition_of(DeliveryState.SENDING, self.event)


async def record_results(
    tx: Transaction, owner: str, results: Mapping[int, CallResult], *, medium: Medium
) -> set[int]:
    """Store the *results* of calls, by delivery id; return the ids that *owner* still leases.

    Stores nothing for the other deliveries. Mails have no `queued` state, so their results do not
    take the lock of the queues.
    """
    has_queues = medium is Medium.TELEGRAM
    if has_queues:
        await lock_queues(tx)
    rows = await tx.rows(
        select(Delivery.id, Delivery.chat_id)
        .where(
            among(col(Delivery.id), results),
            col(Delivery.owner) == owner,
            col(Delivery.state) == DeliveryState.SENDING,
        )
        .with_for_update()
    )
    owned = {delivery_id: results[delivery_id] for delivery_id, _ in rows}
    await _store_results(tx, owned)
    if has_queues:
        states = {delivery_id: result.transition.state for delivery_id, result in owned.items()}
        unblocked = [
            chat_id for delivery_id, chat_id in rows if not states[delivery_id].is_blocking
        ]
        await unblock_next(tx, unblocked)
    return set(owned)


async def _store_results(tx: Transaction, results: Mapping[int, CallResult]) -> None:
    """Update the rows; results with the same event and columns share one statement."""
    alike: defaultdict[tuple[Event, tuple[str, ...]], list[dict[str, Any]]] = defaultdict(list)
    for delivery_id, result in sorted(results.items()):
        values = dict(result.values)
        if Effect.DUE_NOW in result.transition.effects:
            values["due_at"] = tx.now
        parameters = {f"new_{name}": value for name, value in values.items()}
        alike[result.event, tuple(sorted(values))].append({"delivery": delivery_id} | parameters)
    for (event, names), rows in alike.items():
        await tx.change(_storing(event, names), rows)


@cache
def _storing(event: Event, names: tuple[str, ...]) -> Executable:
    columns = _columns(None, transition_of(DeliveryState.SENDING, event))
    columns |= {name: bindparam(f"new_{name}") for name in names}
    return update(Delivery).where(col(Delivery.id) == bindparam("delivery")).values(**columns)


async def replace_with_fallback(
    tx: Transaction, refused: Delivery, further: Sequence[Mapping[str, Any]]
) -> None:
    """Enqueue the further parts of the fallback of *refused*.

    If *refused* was a rich message, the chat's layout becomes `REFUSED`. *further*: the body and
    fallback of each part after the first. They are silent, because a message in parts rings once.
    """
    if "rich" in refused.body:
        await tx.change(
            update(Chat)
            .where(col(Chat.id) == refused.chat_id, col(Chat.layout) == Layout.RICH)
            .values(layout=Layout.REFUSED)
        )
    same = ("kind", "medium", "chat_id", "alert_id", "bundle_id", "edition_id", "broadcast_id")
    shared = {name: getattr(refused, name) for name in (*same, "notice", "subject", "priority")}
    shared |= {"silent": True, "due_at": tx.now, "created_at": tx.now}
    for part, bodies in enumerate(further, refused.part + 1):
        # One by one, so that the ids follow the order of the parts.
        await enqueue(tx, [{**shared, "part": part, **bodies}])


# Deliveries that a dead process left behind


async def has_abandoned(
    tx: Transaction, medium: Medium = Medium.TELEGRAM, *, in_flight: Collection[int] = ()
) -> bool:
    """Return whether a claim or call outlived its lease, or an unknown outcome is due to be resent.

    *in_flight*: deliveries whose calls this process is still making, even if their lease expired.
    """
    return bool(await tx.one(_abandoned(medium), now=tx.now, in_flight=list(in_flight)))


@cache
def _abandoned(medium: Medium) -> Executable:
    is_in_flight = among(col(Delivery.id), bindparam("in_flight"))
    is_left = and_(_lease_expired(_NOW), not_(is_in_flight))
    return select(exists().where(*_in_flight(medium), or_(is_left, _unknown_due(_NOW))))


async def release_unsent(tx: Transaction, medium: Medium = Medium.TELEGRAM) -> None:
    """Make deliveries pending again whose claim expired before a call was made."""
    await lock_queues(tx)
    await _apply(tx, Event.LEASE_EXPIRED, *_in_flight(medium), _lease_expired(tx.now))


async def claim_abandoned(
    tx: Transaction,
    owner: str,
    lease: timedelta,
    medium: Medium = Medium.TELEGRAM,
    *,
    in_flight: Collection[int] = (),
) -> Sequence[Delivery]:
    """Lease the deliveries whose sender began a call but let its lease expire without a result.

    Their messages may have arrived.

    *in_flight*: see `has_abandoned`.
    """
    await lock_queues(tx)
    deliveries = await tx.rows(
        select(Delivery)
        .where(
            *_in_flight(medium),
            col(Delivery.state) == DeliveryState.SENDING,
            _lease_expired(tx.now),
            not_(among(col(Delivery.id), in_flight)),
        )
        .with_for_update(skip_locked=True)
    )
    which = among(col(Delivery.id), [delivery.id for delivery in deliveries])
    await _apply(tx, Event.ABANDONED, which, owner=owner, lease_until=tx.now + lease)
    return deliveries


async def resend_unknown(tx: Transaction, medium: Medium = Medium.TELEGRAM) -> None:
    """Make deliveries with an unknown outcome due again; silent, because they may have arrived."""
    await lock_queues(tx)
    await _apply(tx, Event.RESEND, *_in_flight(medium), _unknown_due(tx.now))


def _in_flight(medium: Medium) -> tuple[TextClause, ColumnElement[bool]]:
    return text(f"delivery.{IN_FLIGHT_SQL}"), col(Delivery.medium) == medium


def _lease_expired(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return and_(
        col(Delivery.state).in_((DeliveryState.CLAIMED, DeliveryState.SENDING)),
        or_(col(Delivery.lease_until).is_(None), col(Delivery.lease_until) <= now),
    )


def _unknown_due(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return and_(col(Delivery.state) == DeliveryState.UNKNOWN, col(Delivery.due_at) <= now)


# Suspending and resuming; see `storage.suspension` for chats and mailboxes themselves


async def suspend_chat_deliveries(tx: Transaction, chat_id: int, media: Collection[Medium]) -> None:
    """Suspend the deliveries by these *media* that wait for the chat."""
    await lock_queues(tx)
    by_media = col(Delivery.medium).in_(list(media))
    await _apply(tx, Event.SUSPEND, col(Delivery.chat_id) == chat_id, by_media)


async def resume_chat_deliveries(
    tx: Transaction, chat_id: int, media: Collection[Medium], stale: ColumnElement[bool]
) -> int:
    """Make the chat's suspended deliveries by these *media* due; return how many were *stale*.

    Stale ones expire instead. A mail is resumed only if its mailbox takes mail, too.
    """
    await lock_queues(tx)
    suspended = (col(Delivery.chat_id) == chat_id, col(Delivery.medium).in_(list(media)))
    expired = await _apply(tx, Event.EXPIRE, *suspended, stale)
    by_telegram = col(Delivery.medium) == Medium.TELEGRAM
    await _apply(tx, Event.RESUME, *suspended, or_(by_telegram, _may_be_mailed()))
    await unblock_next(tx, [chat_id])
    tx.notifications.add(Notification.DELIVERIES)
    return expired


async def move_suspended_alerts(
    tx: Transaction, alert_ids: Collection[int], chat_id: int, stale: ColumnElement[bool]
) -> None:
    """Send the suspended messages of these alerts to another chat, unless they are *stale*."""
    await lock_queues(tx)
    of_alerts = among(col(Delivery.alert_id), alert_ids)
    suspended = (of_alerts, col(Delivery.state) == DeliveryState.SUSPENDED)
    # A reply refers to a message in the former chat, so it becomes a plain message.
    moving = update(Delivery).where(*suspended).values(chat_id=chat_id, reply_to_id=None)
    await tx.change(moving)
    await _apply(tx, Event.EXPIRE, *suspended, stale)
    await _apply(tx, Event.RESUME, of_alerts)
    await unblock_next(tx, [chat_id])
    tx.notifications.add(Notification.DELIVERIES)


async def suspend_mails(tx: Transaction, mailbox_id: int) -> None:
    """Suspend the mails that wait for the mailbox, until it is confirmed."""
    await lock_queues(tx)
    await _apply(tx, Event.SUSPEND, col(Delivery.mailbox_id) == mailbox_id)


async def resume_mails(tx: Transaction, mailbox_id: int, stale: ColumnElement[bool]) -> None:
    """Make the mailbox's suspended mails due if its chat takes mail; *stale* ones expire."""
    await lock_queues(tx)
    to_mailbox = col(Delivery.mailbox_id) == mailbox_id
    await _apply(tx, Event.EXPIRE, to_mailbox, stale)
    await _apply(tx, Event.RESUME, to_mailbox, _may_be_mailed())
    tx.notifications.add(Notification.DELIVERIES)


async def expire_broadcast_deliveries(tx: Transaction, broadcast_id: int) -> int:
    """Expire the broadcast's deliveries that are not being sent yet; return how many."""
    await lock_queues(tx)
    unsent = (col(Delivery.broadcast_id) == broadcast_id, text("delivery.state <> 'sent'"))
    waiting = (DeliveryState.PENDING, DeliveryState.QUEUED, DeliveryState.SUSPENDED)
    chat_ids = await tx.rows(
        select(Delivery.chat_id).where(*unsent, col(Delivery.state).in_(waiting))
    )
    expired = await _apply(tx, Event.EXPIRE, *unsent)
    await unblock_next(tx, chat_ids)
    return expired


# Deliveries that wait for the operator


async def deliveries_in(
    tx: Transaction, states: Collection[DeliveryState], limit: int, *, offset: int = 0
) -> Sequence[tuple[Delivery, Chat]]:
    """Return *limit* deliveries in *states*, the newest first, with their chats."""
    return await tx.rows(
        select(Delivery, Chat)
        .join(Chat, col(Chat.id) == col(Delivery.chat_id))
        .where(_in(states))
        .order_by(col(Delivery.id).desc())
        .offset(offset)
        .limit(limit)
    )


async def count_deliveries_in(tx: Transaction, states: Collection[DeliveryState]) -> int:
    return await tx.one(select(func.count()).select_from(Delivery).where(_in(states)))


def _in(states: Collection[DeliveryState]) -> ColumnElement[bool]:
    # One comparison for each state, so that the planner can choose a partial index.
    return or_(false(), *(col(Delivery.state) == state for state in states))


async def release_deliveries(tx: Transaction, ids: Sequence[int] | None = None) -> int:
    """Make held and failed deliveries due; return how many. *ids*: only these; None: all.

    A held one is sent silently, because it may have arrived.
    """
    await lock_queues(tx)
    chosen = true() if ids is None else among(col(Delivery.id), ids)
    tx.notifications.add(Notification.DELIVERIES)
    return await _apply(tx, Event.RELEASE_STUCK, chosen)


async def drop_deliveries(tx: Transaction, ids: Sequence[int]) -> int:
    """Give up held and failed deliveries, which block no others; return how many."""
    await lock_queues(tx)
    return await _apply(tx, Event.DROP, among(col(Delivery.id), ids))


async def restore_delivery(tx: Transaction, delivery_id: int, state: DeliveryState) -> int:
    """Put a dropped delivery back into *state*, held or failed; return how many changed, 0 or 1.

    Leaves edits dropped, because the outbox drops edits that come too late.
    """
    await lock_queues(tx)
    event = Event.RESTORE_FAILED if state is DeliveryState.FAILED else Event.RESTORE_HELD
    chosen = (col(Delivery.id) == delivery_id, col(Delivery.kind) != DeliveryKind.EDIT)
    return await _apply(tx, event, *chosen)


_MOST_COMPARED: Final = 50


async def is_own_message(
    tx: Transaction, telegram_id: int, message_id: int, text_sent: str = ""
) -> bool:
    """Return whether the bot sent this message to the Telegram chat.

    The id of a message is stored after the call. Until then, and after a call with an unknown
    outcome, a message counts as sent if it has the text of such a delivery, *text_sent*.
    """
    rows_of_chat = among(
        col(Delivery.chat_id),
        await tx.rows(select(Chat.id).where(col(Chat.telegram_id) == telegram_id)),
    )
    sent = select(Delivery.id).where(rows_of_chat, col(Delivery.message_id) == message_id)
    if await tx.first(sent.limit(1)) is not None:
        return True
    if not text_sent:
        return False
    unconfirmed = select(Delivery.body, Delivery.fallback).where(
        rows_of_chat,
        col(Delivery.message_id).is_(None),
        col(Delivery.attempts) > 0,
        col(Delivery.medium) == Medium.TELEGRAM,
    )
    rows = await tx.rows(unconfirmed.order_by(col(Delivery.id).desc()).limit(_MOST_COMPARED))
    bodies = (body for row in rows for body in row if body)
    return any(body.get("text", "").strip() == text_sent.strip() for body in bodies)
