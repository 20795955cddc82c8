"""The outbox: deliveries, one rendered message each, from the decision to the result of the call.

`storage.states` says which state may follow which; this module applies it, and no other writes a
state. A delivery names the decision that it carries out (an alert, a bundle, an edition, a
broadcast, a notice, or the message that it edits) and is unique by that.

Order, on Telegram:
- of each address (chat row and medium) the first blocking delivery goes, and those behind it wait;
  a claim that meets one behind another makes it `queued`, so that no later claim looks at it again
- whatever takes a delivery out of the way lets the next one of its address go
- on PostgreSQL both take one lock (`lock_queues`), without which a delivery could be queued behind
  one that is just leaving, for ever. Only `begin_sending` goes without it, because it changes
  nothing but claims of its own; `storage` says which locks come before it
- `delete_deliveries` alone deletes; a delivery that went with its chat leaves no queue behind
E-mails go one at a time for each chat; a confirmation waits for no other mail.
"""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol, TypeVar

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
from sqlmodel import Field, SQLModel, col, select

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
from storage.states import Effect, Event, Transition, after, ways

# Literal, since a partial index serves only a condition that the planner can read. Most deliveries
# are sent ones; each index holds the few that its question is about.
PENDING_SQL: Final = "state = 'pending'"
IN_FLIGHT_SQL: Final = "state IN ('claimed', 'sending', 'unknown')"
BLOCKING_SQL: Final = "state IN ('pending', 'queued', 'claimed', 'sending', 'unknown')"
STUCK_SQL: Final = "state IN ('held', 'failed')"

_IN_FLIGHT: Final = (DeliveryState.CLAIMED, DeliveryState.SENDING, DeliveryState.UNKNOWN)

# More stands behind others than is known only after a long pause of all; then it takes several
# transactions, each round of one slower than the last: what it has queued is stepped over until it
# commits.
QUEUES_AT_ONCE, QUEUED_AT_ONCE, ROUNDS, MOST_ROUNDS = 5, 500, 2, 10
PRIORITIES: Final = sorted({kind.priority for kind in DeliveryKind})

_NONE: Final = timedelta()


def _decision(name: str, *columns: str) -> Index:
    """Return the index by which a delivery of one kind of decision is unique, and found."""
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

    # The decision that it carries out: one of these, by its kind. Once that is forgotten, none.
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
    notice: str | None = Field(default=None, max_length=16)  # what it is a notice of
    subject: str = Field(default="", max_length=100)  # of a notice: what makes it one
    target_id: int | None = Field(  # of an edit: the delivery that it changes
        default=None, foreign_key="delivery.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    version: int = 0  # of an edit: the newest wins
    part: int = 1  # of a message that took several

    reply_to_id: int | None = Field(  # the delivery whose message it answers, if that is there
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
        """Say what it carries out, such as `edition 12, part 2`."""
        decided = {
            DeliveryKind.ALERT: self.alert_id,
            DeliveryKind.BUNDLE: self.bundle_id,
            DeliveryKind.EDITION: self.edition_id,
            DeliveryKind.BROADCAST: self.broadcast_id,
            DeliveryKind.EDIT: f"{self.version} of delivery {self.target_id}",
            DeliveryKind.NOTICE: self.notice,
        }
        part = f", part {self.part}" if self.part > 1 else ""
        return f"{self.kind} {decided[self.kind] or 'forgotten'}{part}"


_table = SQLModel.metadata.tables["delivery"]
_ahead = aliased(Delivery, name="ahead")
_newer = aliased(Delivery, name="newer")
_target = aliased(Delivery, name="target")


# Making deliveries


class Body(Protocol):
    """What a delivery freezes: a message for Telegram, or a mail."""

    def to_json(self) -> dict[str, Any]: ...

    def fallback(self) -> dict[str, Any] | None:
        """Return the body that goes out where this one is refused for its form."""


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
    """Add the deliveries whose decision has none yet. All rows name the same columns."""
    if await insert_new(tx, Delivery, rows, returning=Delivery.id):
        tx.notifications.add(Notification.DELIVERIES)


async def has_pending_notice(tx: Transaction, chat_id: int, notice: str) -> bool:
    """Whether a notice of that kind has still to go to the chat."""
    same = (col(_ahead.chat_id) == chat_id, col(_ahead.notice) == notice)
    found = exists().where(*same, text(f"ahead.{BLOCKING_SQL}"))
    return (await tx.session.exec(select(found))).one()


# Applying the transition table


async def _apply(
    tx: Transaction, event: Event, *which: ColumnElement[bool] | TextClause, **values: Any
) -> int:
    """Let *event* happen to the deliveries that are *which*; return to how many it did."""
    connection = await tx.session.connection()
    changed = 0
    for transition, begins in ways(event):
        columns = _columns(tx.now, transition) | values
        done = update(_table).where(_table.c.state.in_(begins), *which).values(**columns)
        changed += (await connection.execute(done)).rowcount
    return changed


def _columns(now: datetime, transition: Transition) -> dict[str, Any]:
    """Return the columns that change, with what they change to."""
    changed: dict[str, Any] = {"state": transition.state}
    if transition.state not in {DeliveryState.CLAIMED, DeliveryState.SENDING}:
        changed |= {"owner": None, "lease_until": None}
    for effect in transition.effects:
        changed |= _EFFECTS.get(effect, {})
    if Effect.DUE_NOW in transition.effects:
        changed["due_at"] = now
    return changed


# All other effects are the business of the caller that records the result.
_EFFECTS: Final[dict[Effect, dict[str, Any]]] = {
    Effect.COUNTED: {"attempts": _table.c.attempts + 1},
    Effect.UNCOUNTED: {"attempts": _table.c.attempts - 1},
    Effect.RESET: {"attempts": 0, "resent": False},
    Effect.SILENT: {"silent": True},
    Effect.RESENT: {"resent": True},
}


# Claiming for Telegram


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A claimed delivery, where it goes, and the message that it changes or replies to."""

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
        """Name it for the log."""
        return {"chat": self.telegram_id}


class _Candidate(NamedTuple):
    """A delivery that is due and not too fast for its chat; *head* is the first of its queue."""

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
    """Claim up to *limit* due deliveries to Telegram for *owner*, the most urgent kinds first.

    Left out are suspended chats, chats whose pace says later (of a group more than *groups_ahead*),
    and whatever stands behind another delivery of its address. Of one Telegram chat with several
    threads one delivery is claimed. Edits that came too late are dropped on the way. They are fewer
    than could go where much stands behind others that is not queued yet; where that leaves none, a
    notification says there may be more.
    """
    await lock_queues(tx)
    claimed: list[ClaimedDelivery] = []
    rounds = 0
    while (wanted := limit - len(claimed)) > 0 and rounds < (ROUNDS if claimed else MOST_ROUNDS):
        rounds += 1
        found = await _candidates(tx, wanted, groups_ahead)
        kept = [each for each in found if not each.may_go]
        free = [each for each in found if each.may_go]
        going = _one_for_each_chat(free, {each.telegram_id for each in claimed})
        await _set_aside(tx, kept)
        claimed += await _claim(tx, going, owner, lease)
        if len(found) < wanted or not (going or kept):
            break
    if rounds == MOST_ROUNDS:
        tx.notifications.add(Notification.DELIVERIES)
    return await _with_replies(tx, await _without_late_edits(tx, claimed))


async def _candidates(tx: Transaction, limit: int, groups_ahead: timedelta) -> list[_Candidate]:
    """Return up to *limit* that are pending and due, the most urgent kinds first."""
    # One question for each priority: in one for all, each would step over what is due later.
    key = await pace_key_of(tx, Chat.telegram_id)
    each = [_due(tx, priority, limit, groups_ahead, key).subquery() for priority in PRIORITIES]
    due = union_all(*(select(one) for one in each)).cte("due")
    statement = (
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
        .limit(limit)
    )
    connection = await tx.session.connection()
    return [_Candidate(*row) for row in await connection.execute(statement)]


def _due(
    tx: Transaction,
    priority: int,
    limit: int,
    groups_ahead: timedelta,
    pace_key: ColumnElement[str],
) -> Any:
    # Those whose pace says later are stepped over: they are few, as many as went out in the last
    # seconds, and keep their place, so that the parts of a digest follow each other.
    is_private = col(Chat.kind) == ChatKind.PRIVATE
    latest = case((is_private, tx.now), else_=tx.now + groups_ahead)
    is_too_fast = exists().where(
        pace_key == col(Pace.key),
        col(Chat.id) == col(Delivery.chat_id),
        or_(
            and_(col(Pace.tat) > latest, col(Pace.tat) <= tx.now + LONGEST_LEAD),
            col(Pace.paused_until) > tx.now,
        ),
    )
    return (
        select(Delivery.id, Delivery.chat_id, Delivery.priority, Delivery.due_at)
        .where(
            text(PENDING_SQL),
            col(Delivery.medium) == Medium.TELEGRAM,
            col(Delivery.priority) == priority,
            col(Delivery.due_at) <= tx.now,
            ~is_too_fast,
        )
        .order_by(col(Delivery.due_at), col(Delivery.id))
        .limit(limit)
    )


def _head_of_queue(chat_id: Any) -> Any:
    queue = (col(_ahead.chat_id) == chat_id, col(_ahead.medium) == Medium.TELEGRAM)
    first = select(func.min(_ahead.id)).where(*queue, text(f"ahead.{BLOCKING_SQL}"))
    return first.scalar_subquery()


def _one_for_each_chat(free: Iterable[_Candidate], taken: Container[int]) -> list[_Candidate]:
    first: dict[int, _Candidate] = {}
    for each in free:
        if each.telegram_id not in taken:
            first.setdefault(each.telegram_id, each)
    return list(first.values())


async def _set_aside(tx: Transaction, kept: Sequence[_Candidate]) -> None:
    """Let no claim meet the *kept* again before what keeps them has changed.

    What stands behind others is queued for a few chats only: a transaction is short.
    """
    suspended = {each.chat_id for each in kept if each.is_suspended}
    behind: dict[int, int] = {}  # the first that was met of each queue
    for each in kept:
        if each.chat_id not in suspended:
            behind[each.chat_id] = min(each.id, behind.get(each.chat_id, each.id))
    for chat_id in sorted(behind)[:QUEUES_AT_ONCE]:
        # Not from the head of the queue on: thousands between the two are queued, and would be
        # read.
        met = (
            _table.c.chat_id == chat_id,
            _table.c.medium == Medium.TELEGRAM,
            _table.c.id >= behind[chat_id],
            text(PENDING_SQL),
        )
        some = select(_table.c.id).where(*met).order_by(_table.c.id).limit(QUEUED_AT_ONCE)
        await _apply(tx, Event.QUEUE, _table.c.id.in_(some))
    if suspended:
        await _apply(
            tx,
            Event.SUSPEND,
            among(_table.c.chat_id, suspended),
            _table.c.medium == Medium.TELEGRAM,
        )


async def _claim(
    tx: Transaction, going: Sequence[_Candidate], owner: str, lease: timedelta
) -> list[ClaimedDelivery]:
    if not going:
        return []
    which = among(col(Delivery.id), [each.id for each in going])
    by_id = {row.id: row for row in await _claimed(tx, which, owner, lease)}
    return [
        ClaimedDelivery(
            by_id[each.id], each.telegram_id, each.thread_id, each.chat_kind, each.pace_key
        )
        for each in going
        if each.id in by_id  # its chat may have been deleted meanwhile
    ]


async def _claimed(
    tx: Transaction, which: ColumnElement[bool], owner: str, lease: timedelta
) -> list[Delivery]:
    """Claim the pending deliveries that are *which*, and return them."""
    columns = _columns(tx.now, after(DeliveryState.PENDING, Event.CLAIM))
    statement = (
        update(Delivery)
        .where(which)
        .values(**columns, owner=owner, lease_until=tx.now + lease)
        .returning(Delivery)
    )
    options = {"synchronize_session": False, "populate_existing": True}
    return list((await tx.session.exec(statement, execution_options=options)).scalars())


async def _without_late_edits(
    tx: Transaction, claimed: Sequence[ClaimedDelivery]
) -> list[ClaimedDelivery]:
    """Give edits the message they change; drop those that a newer one overtook or that have none.

    The target's turn came before the edit's, so it is sent by now or never will be.
    """
    edits = {each.id for each in claimed if each.is_edit}
    if not edits:
        return list(claimed)
    targets = await _messages_to_edit(tx, edits)
    late = [each for each in claimed if each.id in edits - targets.keys()]
    if late:
        await _apply(tx, Event.OVERTAKEN, among(_table.c.id, [each.id for each in late]))
        await unblock_next(tx, [each.delivery.chat_id for each in late])
    return [
        replace(each, target_message_id=targets.get(each.id))
        for each in claimed
        if not each.is_edit or each.id in targets
    ]


async def _messages_to_edit(tx: Transaction, edits: Iterable[int]) -> dict[int, int]:
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
            among(col(Delivery.id), edits),
            col(_target.state) == DeliveryState.SENT,
            col(_target.message_id).is_not(None),
            not_(overtaken),
        )
    )
    return {edit: message for edit, message in await tx.session.exec(statement) if message}


async def _with_replies(
    tx: Transaction, claimed: Sequence[ClaimedDelivery]
) -> list[ClaimedDelivery]:
    """Give replies the message that they answer; one whose message is not there goes alone."""
    replies = {each.id for each in claimed if each.delivery.reply_to_id is not None}
    if not replies:
        return list(claimed)
    statement = (
        select(col(Delivery.id), col(_target.message_id))
        .join(_target, col(_target.id) == col(Delivery.reply_to_id))
        .where(among(col(Delivery.id), replies), col(_target.state) == DeliveryState.SENT)
    )
    answered = dict((await tx.session.exec(statement)).all())
    return [replace(each, reply_message_id=answered.get(each.id)) for each in claimed]


async def lock_queues(tx: Transaction) -> None:
    """Let nobody else claim, suspend, delete, or let the next ones go, before this one ends."""
    await lock_claims(tx, Delivery)


async def unblock_next(tx: Transaction, chat_ids: Iterable[int]) -> None:
    """After deliveries to the chats on Telegram got out of the way: let those behind them go."""
    chosen = sorted(set(chat_ids))
    if not chosen:
        return
    await lock_queues(tx)
    heads = select(_head_of_queue(Chat.id)).where(among(col(Chat.id), chosen))
    await _apply(tx, Event.ADVANCE, _table.c.id.in_(heads))


# Deleting


async def delete_deliveries(tx: Transaction, *which: ColumnElement[bool]) -> int:
    """Delete the deliveries that are *which*, whatever their state; return how many.

    Edits of their messages go with them. Deliveries behind either go on; an edit stands in the
    queue of the chat that got the message.
    """
    await lock_queues(tx)
    chosen = select(Delivery.id, Delivery.chat_id).where(*which).order_by(col(Delivery.id))
    rows = (await tx.session.exec(chosen.with_for_update())).all()
    if rows:
        gone = delete(Delivery).where(among(col(Delivery.id), [row for row, _ in rows]))
        await tx.session.exec(gone.execution_options(synchronize_session=False))
        await unblock_next(tx, {chat_id for _, chat_id in rows})
    return len(rows)


# Claiming for mailboxes


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A claimed delivery, and the mailbox that it goes to."""

    delivery: Delivery
    mailbox_id: int
    address: str
    is_edit: bool = False  # a mail is never changed

    @property
    def id(self) -> int:
        return self.delivery.id

    @property
    def recipient(self) -> dict[str, int]:
        """Name it for the log, which holds nobody's address."""
        return {"mailbox": self.mailbox_id}


Claimed = TypeVar("Claimed", bound=ClaimedDelivery | ClaimedMail)


async def claim_mails(
    tx: Transaction, owner: str, *, limit: int, lease: timedelta
) -> list[ClaimedMail]:
    """Claim up to *limit* due mails for *owner*, the most urgent kinds first."""
    await lock_queues(tx)
    due = (
        _table.c.medium == Medium.EMAIL,
        _table.c.due_at <= tx.now,
        _table.c.mailbox_id.is_not(None),
    )
    await _apply(tx, Event.SUSPEND, *due, text(f"delivery.{PENDING_SQL}"), ~_may_be_mailed())
    heads = col(Delivery.id).in_(_heads_of_mail(tx, limit))
    rows = await _claimed(tx, heads, owner, lease)
    wanted = among(col(Mailbox.id), {row.mailbox_id for row in rows})
    found = {one.id: one for one in await tx.session.exec(select(Mailbox).where(wanted))}
    rows.sort(key=lambda row: (row.priority, row.due_at, row.id))
    boxes = [(row, found[row.mailbox_id]) for row in rows if row.mailbox_id]
    return [ClaimedMail(row, mailbox.id, mailbox.address) for row, mailbox in boxes]


def _may_be_mailed() -> ColumnElement[bool]:
    """Say of a delivery whether its mailbox takes it and its chat wants it.

    An active mailbox gets all, an unconfirmed one its confirmation alone. What Telegram says of a
    chat holds up no mail; a chat that paused gets none.
    """
    return exists().where(
        col(Mailbox.id) == _table.c.mailbox_id,
        col(Chat.id) == _table.c.chat_id,
        col(Chat.state).not_in(SENT_NOTHING),
        or_(
            col(Mailbox.state) == MailboxState.ACTIVE,
            and_(
                col(Mailbox.state) == MailboxState.UNCONFIRMED,
                _table.c.kind == DeliveryKind.NOTICE,
            ),
        ),
    )


def _heads_of_mail(tx: Transaction, limit: int) -> Any:
    is_behind_another = exists().where(
        col(_ahead.chat_id) == _table.c.chat_id,
        col(_ahead.medium) == _table.c.medium,
        col(_ahead.id) < _table.c.id,
        or_(col(_ahead.kind) == DeliveryKind.NOTICE, _table.c.kind != DeliveryKind.NOTICE),
        text(f"ahead.{BLOCKING_SQL}"),
    )
    due = (
        select(_table.c.id)
        .where(
            text(f"delivery.{PENDING_SQL}"),
            _table.c.medium == Medium.EMAIL,
            _table.c.due_at <= tx.now,
            not_(is_behind_another),
        )
        .order_by(_table.c.priority, _table.c.due_at, _table.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    return select(due.c.id)


async def drop_confirmations(tx: Transaction, mailbox: Mailbox) -> None:
    """Keep no older code: neither on its way, where it would be wrong, nor once it is sent."""
    await delete_deliveries(
        tx,
        col(Delivery.mailbox_id) == mailbox.id,
        col(Delivery.kind) == DeliveryKind.NOTICE,
        col(Delivery.state).not_in(_IN_FLIGHT),
    )


async def overdue_confirmations(tx: Transaction, before: datetime) -> Sequence[int]:
    """Return the mailboxes asked until *before* whose confirmations are due and still wait."""
    waiting = (
        select(col(Mailbox.id))
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
    return (await tx.session.exec(waiting)).all()


# The call and its result


async def begin_sending(
    tx: Transaction, ids: Iterable[int], owner: str, lease: timedelta
) -> set[int]:
    """Write down that the calls for *ids* begin; return those that are still *owner*'s to send."""
    columns = _columns(tx.now, after(DeliveryState.CLAIMED, Event.BEGIN))
    mine = (
        select(_table.c.id)
        .where(
            among(_table.c.id, ids),
            _table.c.owner == owner,
            _table.c.state == DeliveryState.CLAIMED,
        )
        .order_by(_table.c.id)  # as those are locked that are deleted
        .with_for_update()
        .cte("mine")
        .prefix_with("MATERIALIZED")
    )
    statement = (
        update(_table)
        .where(_table.c.id.in_(select(mine.c.id)))
        .values(**columns, lease_until=tx.now + lease)
        .returning(_table.c.id)
    )
    return set((await (await tx.session.connection()).execute(statement)).scalars())


async def release_claims(tx: Transaction, ids: Iterable[int], owner: str) -> None:
    """Let go of what *owner* has made no call for: it is due again.

    The intent may be written down all the same: the response to its commit was lost, or its time
    missed. It counts as no attempt.
    """
    await lock_queues(tx)
    await _apply(tx, Event.RELEASE, among(_table.c.id, ids), _table.c.owner == owner)


class CallResult(NamedTuple):
    """What a call came to: the event, and what else it changes of the row."""

    event: Event
    values: Mapping[str, Any] = {}


async def record_results(
    tx: Transaction, owner: str, results: Mapping[int, CallResult], *, medium: Medium
) -> set[int]:
    """Store the results of *owner*'s calls by *medium*, by delivery; return those that were its.

    Mails keep no order, so they wait for nobody who holds the queues.
    """
    has_queues = medium is Medium.TELEGRAM
    if has_queues:
        await lock_queues(tx)
    mine = (_table.c.owner == owner, _table.c.state == DeliveryState.SENDING)
    connection = await tx.session.connection()
    rows = (
        await connection.execute(
            select(_table.c.id, _table.c.chat_id)
            .where(among(_table.c.id, results), *mine)
            .with_for_update()
        )
    ).all()
    ours = {row.id: results[row.id] for row in rows}
    await _write(tx, ours)
    if has_queues:
        states = {row.id: after(DeliveryState.SENDING, ours[row.id].event).state for row in rows}
        await unblock_next(tx, [row.chat_id for row in rows if not states[row.id].is_blocking])
    return set(ours)


async def _write(tx: Transaction, results: Mapping[int, CallResult]) -> None:
    """Change each row; those to which the same happens, with the same columns, by one statement."""
    alike: defaultdict[tuple[Event, tuple[str, ...]], list[dict[str, Any]]] = defaultdict(list)
    for row, (event, values) in sorted(results.items()):
        named = {f"new_{name}": value for name, value in values.items()}
        alike[event, tuple(sorted(values))].append({"row": row} | named)
    connection = await tx.session.connection()
    for (event, names), rows in alike.items():
        columns = _columns(tx.now, after(DeliveryState.SENDING, event))
        columns |= {name: bindparam(f"new_{name}") for name in names}
        done = update(_table).where(_table.c.id == bindparam("row")).values(**columns)
        await connection.execute(done, rows)


async def replace_with_fallback(
    tx: Transaction, refused: Delivery, further: Sequence[Mapping[str, Any]]
) -> None:
    """Enqueue what follows the fallback of *refused*; remember where rich messages are refused.

    *further*: body and fallback of each. They are the parts after that of *refused*, and silent:
    a message in parts rings once.
    """
    if "rich" in refused.body:
        await tx.session.exec(
            update(Chat)
            .where(col(Chat.id) == refused.chat_id, col(Chat.layout) == Layout.RICH)
            .values(layout=Layout.REFUSED)
            .execution_options(synchronize_session=False)
        )
    same = ("kind", "medium", "chat_id", "alert_id", "bundle_id", "edition_id", "broadcast_id")
    named = {name: getattr(refused, name) for name in (*same, "notice", "subject", "priority")}
    for part, bodies in enumerate(further, refused.part + 1):
        due = {"silent": True, "due_at": tx.now, "created_at": tx.now}
        # One by one, so that the parts stand in the outbox in their order.
        await enqueue(tx, [{**named, **due, "part": part, **bodies}])


# What a process that died left behind


async def has_abandoned(
    tx: Transaction, medium: Medium = Medium.TELEGRAM, *, in_flight: Collection[int] = ()
) -> bool:
    """Whether a claim or a call has outlived its lease, or an unknown outcome is to be resent.

    *in_flight*: calls of this process, which it knows to be going on, whatever a clock says.
    """
    is_left = and_(_lease_expired(tx), not_(among(_table.c.id, in_flight)))
    left = or_(is_left, _unknown_due(tx))
    return (await tx.session.exec(select(exists().where(*_in_flight(medium), left)))).one()


async def release_unsent(tx: Transaction, medium: Medium = Medium.TELEGRAM) -> None:
    """Make claims due again whose lease is over: no call was made."""
    await lock_queues(tx)
    await _apply(tx, Event.LEASE_EXPIRED, *_in_flight(medium), _lease_expired(tx))


async def claim_abandoned(
    tx: Transaction,
    owner: str,
    lease: timedelta,
    medium: Medium = Medium.TELEGRAM,
    *,
    in_flight: Collection[int] = (),
) -> list[Delivery]:
    """Take over the calls whose owner has not come back with a result; they may have arrived.

    *in_flight*: see `has_abandoned`.
    """
    await lock_queues(tx)
    sending = col(Delivery.state) == DeliveryState.SENDING
    statement = (
        select(Delivery)
        .where(*_in_flight(medium), sending, _lease_expired(tx))
        .where(not_(among(col(Delivery.id), in_flight)))
        .with_for_update(skip_locked=True)
    )
    rows = list(await tx.session.exec(statement))
    values = {"owner": owner, "lease_until": tx.now + lease}
    await _apply(tx, Event.ABANDONED, among(_table.c.id, [row.id for row in rows]), **values)
    return rows


async def resend_unknown(tx: Transaction, medium: Medium = Medium.TELEGRAM) -> None:
    """Make what may have arrived due once more, without a sound."""
    await lock_queues(tx)
    await _apply(tx, Event.RESEND, *_in_flight(medium), _unknown_due(tx))


def _in_flight(medium: Medium) -> tuple[TextClause, ColumnElement[bool]]:
    return text(f"delivery.{IN_FLIGHT_SQL}"), _table.c.medium == medium


def _lease_expired(tx: Transaction) -> ColumnElement[bool]:
    return and_(
        _table.c.state.in_((DeliveryState.CLAIMED, DeliveryState.SENDING)),
        or_(_table.c.lease_until.is_(None), _table.c.lease_until <= tx.now),
    )


def _unknown_due(tx: Transaction) -> ColumnElement[bool]:
    return and_(_table.c.state == DeliveryState.UNKNOWN, _table.c.due_at <= tx.now)


# Suspending and resuming; see `storage.suspension` for chats and mailboxes themselves


async def suspend_chat_deliveries(tx: Transaction, chat_id: int, media: Collection[Medium]) -> None:
    """Let what waits for the chat by these *media* wait until the chat comes back."""
    await lock_queues(tx)
    await _apply(tx, Event.SUSPEND, _table.c.chat_id == chat_id, _table.c.medium.in_(list(media)))


async def resume_chat_deliveries(
    tx: Transaction, chat_id: int, media: Collection[Medium], stale: ColumnElement[bool]
) -> int:
    """Let go what waited for the chat by these *media*; return how many were *stale*.

    A mail goes only if its mailbox takes mail, too.
    """
    await lock_queues(tx)
    theirs = (_table.c.chat_id == chat_id, _table.c.medium.in_(list(media)))
    expired = await _apply(tx, Event.EXPIRE, *theirs, stale)
    by_telegram = _table.c.medium == Medium.TELEGRAM
    await _apply(tx, Event.RESUME, *theirs, or_(by_telegram, _may_be_mailed()))
    await unblock_next(tx, [chat_id])
    tx.notifications.add(Notification.DELIVERIES)
    return expired


async def move_suspended_alerts(
    tx: Transaction, alert_ids: Collection[int], chat_id: int, stale: ColumnElement[bool]
) -> None:
    """Let the suspended messages of these alerts go to another chat, unless they are *stale*."""
    await lock_queues(tx)
    theirs = (_table.c.alert_id.in_(alert_ids), _table.c.state == DeliveryState.SUSPENDED)
    connection = await tx.session.connection()
    # The message that it replies to stands elsewhere.
    moved = update(_table).where(*theirs).values(chat_id=chat_id, reply_to_id=None)
    await connection.execute(moved)
    of_alerts = _table.c.alert_id.in_(alert_ids)
    await _apply(tx, Event.EXPIRE, of_alerts, _table.c.state == DeliveryState.SUSPENDED, stale)
    await _apply(tx, Event.RESUME, of_alerts)
    await unblock_next(tx, [chat_id])
    tx.notifications.add(Notification.DELIVERIES)


async def suspend_mails(tx: Transaction, mailbox_id: int) -> None:
    """Let what waits for the mailbox wait until it is confirmed."""
    await lock_queues(tx)
    await _apply(tx, Event.SUSPEND, _table.c.mailbox_id == mailbox_id)


async def resume_mails(tx: Transaction, mailbox_id: int, stale: ColumnElement[bool]) -> None:
    """Let go what waited for the mailbox and is not *stale*; unless its chat gets nothing."""
    await lock_queues(tx)
    theirs = _table.c.mailbox_id == mailbox_id
    await _apply(tx, Event.EXPIRE, theirs, stale)
    await _apply(tx, Event.RESUME, theirs, _may_be_mailed())
    tx.notifications.add(Notification.DELIVERIES)


async def expire_broadcast_deliveries(tx: Transaction, broadcast_id: int) -> int:
    """Let nothing of the broadcast go out that has not begun to; return how many."""
    await lock_queues(tx)
    unsent = (_table.c.broadcast_id == broadcast_id, text("delivery.state <> 'sent'"))
    waiting = (DeliveryState.PENDING, DeliveryState.QUEUED, DeliveryState.SUSPENDED)
    theirs = select(_table.c.chat_id).where(*unsent, _table.c.state.in_(waiting))
    chat_ids = (await (await tx.session.connection()).execute(theirs)).scalars().all()
    expired = await _apply(tx, Event.EXPIRE, *unsent)
    await unblock_next(tx, chat_ids)
    return expired


# What waits for the operator


async def deliveries_in(
    tx: Transaction, states: Collection[DeliveryState], limit: int, *, offset: int = 0
) -> list[tuple[Delivery, Chat]]:
    """Return *limit* deliveries in *states*, the newest first, with their chats."""
    statement = (
        select(Delivery, Chat)
        .join(Chat, col(Chat.id) == col(Delivery.chat_id))
        .where(_in(states))
        .order_by(col(Delivery.id).desc())
        .offset(offset)
        .limit(limit)
    )
    return list((await tx.session.exec(statement)).all())


async def count_deliveries_in(tx: Transaction, states: Collection[DeliveryState]) -> int:
    counted = select(func.count()).select_from(Delivery).where(_in(states))
    return (await tx.session.exec(counted)).one()


def _in(states: Collection[DeliveryState]) -> ColumnElement[bool]:
    # Written out, so that the planner sees which partial index serves.
    return or_(false(), *(col(Delivery.state) == state for state in states))


async def release_deliveries(tx: Transaction, ids: Sequence[int] | None = None) -> int:
    """Make held and failed deliveries due, all or those of *ids*; return how many.

    A held one may have arrived, so it goes without a sound.
    """
    await lock_queues(tx)
    chosen = true() if ids is None else among(_table.c.id, ids)
    tx.notifications.add(Notification.DELIVERIES)
    return await _apply(tx, Event.RELEASE_STUCK, chosen)


async def drop_deliveries(tx: Transaction, ids: Sequence[int]) -> int:
    """Give up held and failed deliveries; return how many. Nothing waits behind such ones."""
    await lock_queues(tx)
    return await _apply(tx, Event.DROP, among(_table.c.id, ids))


async def restore_delivery(tx: Transaction, delivery_id: int, state: DeliveryState) -> int:
    """Let a dropped one wait again in *state*; an edit that came too late stays dropped."""
    await lock_queues(tx)
    event = Event.RESTORE_FAILED if state is DeliveryState.FAILED else Event.RESTORE_HELD
    chosen = (_table.c.id == delivery_id, _table.c.kind != DeliveryKind.EDIT)
    return await _apply(tx, event, *chosen)
