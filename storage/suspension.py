"""Suspending and restoring chats and mailboxes, including bans and access.

A chat or mailbox that can get nothing for now is suspended, never deleted. `storage.outbox`
suspends and resumes its deliveries. A mail is sent only while its mailbox takes mail *and* its chat
is not paused or closed, whichever of the two was restored last.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Executable,
    Exists,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    false,
    not_,
    or_,
    true,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.access import Admin, Admission
from storage.alerts import Alert, not_alerted
from storage.bundles import Bundle, open_bundles
from storage.channel_sources import note_membership
from storage.chats import (
    ERASED_USER,
    Chat,
    columns_naming_a_chat,
    lock_chat,
    of_account,
    quota_of,
)
from storage.db.engine import Transaction
from storage.db.sql import among, insert_new
from storage.editions import digests_wanted
from storage.enums import (
    CLOSED,
    SENT_NOTHING,
    ChatKind,
    ChatState,
    DeliveryKind,
    DeliveryState,
    MailboxProblem,
    MailboxState,
    Medium,
)
from storage.mailboxes import Mailbox, mailbox_of_chat
from storage.outbox import (
    Delivery,
    delete_deliveries,
    drop_confirmations,
    forget_messages,
    lock_queues,
    move_suspended_alerts,
    resume_chat_deliveries,
    resume_mails,
    suspend_chat_deliveries,
    suspend_mails,
    unblock_next,
)
from storage.pins import forget_pins
from storage.subscriptions import (
    Subscription,
    count_subscriptions_of_account,
    end_subscription,
)


class Ban(SQLModel, table=True):
    telegram_id: int = Field(primary_key=True, sa_type=BigInteger)  # a user's or a group's
    since: datetime
    is_notified: bool = False


# An alert that waited longer expires; the next digest lists its story instead.
ALERT_LIFETIME = timedelta(hours=6)

# The longest time that an alert waits for the end of quiet hours in a chat that can be reached.
_WAITS_AT_MOST = timedelta(days=1)
_AWAY_COUNTS = timedelta(days=15)  # no digest reaches back further

# "Tonight the bot is away for an hour" means nothing to a user who comes back next month.
BROADCAST_LIFETIME = timedelta(days=3)


# Chats


async def suspend_chat(tx: Transaction, chat_id: int, state: ChatState) -> None:
    """Put the chat into *state* and suspend its waiting deliveries, until `restore_chat`.

    A pause and a lack of access stop every medium; any other state stops Telegram only. A paused
    chat stays paused, even if Telegram reports it closed meanwhile. A lack of access replaces any
    state but `ERASED`.
    """
    kept = (state, ChatState.ERASED) if state in CLOSED else (state, *SENT_NOTHING)
    chat = await tx.first(_locked(chat_id))
    if chat and chat.state not in kept:
        chat.state, chat.state_since = state, tx.now
        await tx.flush()
    await suspend_chat_deliveries(tx, chat_id, state.media_held)
    if chat and chat.kind is ChatKind.CHANNEL and state in {ChatState.KICKED, ChatState.GONE}:
        await note_membership(tx, chat.telegram_id, is_member=False)


async def restore_chat(tx: Transaction, chat_id: int) -> int:
    """Make the chat active and resume its deliveries; return how many messages expired meanwhile.

    Leaves an active chat alone, because its suspended mails wait for the mailbox. A chat without
    access stays closed until `apply_access` reopens it.
    """
    return await _restore(tx, chat_id, is_closed=False)


async def _restore(tx: Transaction, chat_id: int, *, is_closed: bool) -> int:
    chat = await tx.first(_locked(chat_id))
    if chat is None or chat.state in {ChatState.ACTIVE, ChatState.ERASED}:
        return 0
    before = chat.state
    if (before in CLOSED) != is_closed:
        return 0
    if before not in SENT_NOTHING:
        _note_absence(chat, tx.now)
        await tx.flush()
        # A chat with alerts only gets one digest of those that it missed. The stage of digests
        # replaces this time by the next one of the chat's schedule.
        if chat.next_digest_at is None and await digests_wanted(tx, [chat_id]):
            chat.next_digest_at = tx.now
    chat.state, chat.state_since, chat.resume_at = ChatState.ACTIVE, tx.now, None
    await tx.flush()
    return await resume_chat_deliveries(tx, chat_id, before.media_held, _is_stale(tx.now))


def _locked(chat_id: int) -> SelectOfScalar[Chat]:
    chat = select(Chat).where(col(Chat.id) == chat_id).with_for_update()
    return chat.execution_options(populate_existing=True)


def _note_absence(chat: Chat, now: datetime) -> None:
    """Record the period in which the chat was unreachable, so that its next digest covers it.

    The period begins before the suspension, because alerts may already have been waiting then. A
    second absence before the same digest extends the first.
    """
    begun = chat.state_since - _WAITS_AT_MOST
    extends_former = chat.away_until is not None and chat.away_until > now - _AWAY_COUNTS
    if chat.away_from is None or not extends_former:
        chat.away_from = begun
    chat.away_until = now


async def move_waiting_alerts(
    tx: Transaction, source: Chat, target_id: int, topic_id: int, moved_to: int
) -> None:
    """Move the alerts that wait for a deleted thread to the chat that its subscription moved to.

    *source* is the thread, *target_id* the row id of the other chat; both are locked. *topic_id* is
    the topic in the thread, *moved_to* the topic in the other chat. Moves nothing from an open
    thread, and no alert to a story that the other chat was already alerted to.
    """
    if source.state is not ChatState.TOPIC_CLOSED:
        return
    alert = aliased(Alert, name="waiting")  # an alias, because `not_alerted` queries `Alert` itself
    is_new = not_alerted(target_id, alert.story_id)
    suspended = await tx.rows(
        select(alert)
        .join(Delivery, col(Delivery.alert_id) == alert.id)
        .where(
            col(Delivery.chat_id) == source.id,
            col(Delivery.medium) == Medium.TELEGRAM,
            col(Delivery.state) == DeliveryState.SUSPENDED,
            is_new,
        )
    )
    postponed = await tx.rows(
        select(alert, Bundle)
        .join(Bundle, col(Bundle.id) == alert.bundle_id)
        .where(col(Bundle.chat_id) == source.id, col(Bundle.released_at).is_(None), is_new)
    )
    resumed = [waiting for waiting in suspended if topic_id in waiting.topic_ids]
    bundled = [(waiting, bundle) for waiting, bundle in postponed if topic_id in waiting.topic_ids]
    for waiting, bundle in bundled:
        release = (max(bundle.release_at, tx.now), bundle.is_quiet)
        waiting.bundle_id = (await open_bundles(tx, {target_id: release}))[target_id]
    for waiting in (*resumed, *(waiting for waiting, _ in bundled)):
        waiting.chat_id, waiting.topic_ids = target_id, [moved_to]
    await tx.flush()
    if resumed:
        alert_ids = {waiting.id for waiting in resumed}
        await move_suspended_alerts(tx, alert_ids, target_id, _is_stale(tx.now))


def _is_stale(now: datetime) -> ColumnElement[bool]:
    """Build the condition that a waiting `Delivery` is too old to be worth sending."""
    kind, created = col(Delivery.kind), col(Delivery.created_at)
    alerts = (DeliveryKind.ALERT, DeliveryKind.BUNDLE)
    return or_(
        and_(kind.in_(alerts), created < now - ALERT_LIFETIME),
        and_(kind == DeliveryKind.BROADCAST, created < now - BROADCAST_LIFETIME),
    )


async def resume_chats(tx: Transaction, *, limit: int) -> int:
    """Restore at most *limit* chats whose pause is over; return how many."""
    chat_ids = await tx.rows(
        select(Chat.id)
        .where(col(Chat.resume_at) <= tx.now, col(Chat.state) == ChatState.PAUSED)
        .order_by(col(Chat.resume_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    for chat_id in chat_ids:
        await restore_chat(tx, chat_id)
    return len(chat_ids)


# Mailboxes


async def open_mailbox(tx: Transaction, chat_id: int, address: str) -> Mailbox:
    """Return the chat's mailbox at *address*, unconfirmed; create it if it is new.

    Removes the chat's mailbox at another address with its mails; the new one keeps its `alerts`
    choice.
    """
    former = await mailbox_of_chat(tx, chat_id)
    if former and former.address == address:
        await drop_confirmations(tx, former)
        return await _ask_anew(tx, former)
    await remove_mailbox(tx, chat_id)
    mailbox = Mailbox(
        chat_id=chat_id,
        address=address,
        alerts=former.alerts if former else False,
        state_since=tx.now,
        created_at=tx.now,
        asked_at=tx.now,
    )
    return await _ask_anew(tx, await tx.add(mailbox))


async def remove_mailbox(tx: Transaction, chat_id: int) -> None:
    """Delete the mailbox of the chat, if it has one, and the mails to it."""
    locked = select(Mailbox.id).where(Mailbox.chat_id == chat_id).with_for_update()
    mailbox_id = await tx.first(locked)
    if mailbox_id is not None:
        await delete_deliveries(tx, col(Delivery.mailbox_id) == mailbox_id)
        await tx.change(delete(Mailbox).where(col(Mailbox.id) == mailbox_id))


async def suspend_mailbox(
    tx: Transaction, mailbox: Mailbox, problem: MailboxProblem, text: str
) -> bool:
    """Suspend the mailbox until it is confirmed; return False if it gets no mails anyway.

    An unconfirmed mailbox becomes unreachable. Codes and links sent to it before become invalid.
    """
    match mailbox.state:
        case MailboxState.ACTIVE:
            state = MailboxState.SUSPENDED
        case MailboxState.UNCONFIRMED:
            state = MailboxState.UNREACHABLE
        case _:
            return False
    mailbox.problem, mailbox.problem_text = problem, text
    mailbox.code_hash = mailbox.token_hash = None
    await drop_confirmations(tx, mailbox)
    await _set_state(tx, mailbox, state)
    await suspend_mails(tx, mailbox.id)
    return True


async def unsubscribe_mailbox(tx: Transaction, mailbox: Mailbox) -> bool:
    """Unsubscribe the mailbox at its reader's request; return False if it was not active."""
    if mailbox.state is not MailboxState.ACTIVE:
        return False
    await _set_state(tx, mailbox, MailboxState.UNSUBSCRIBED)
    await suspend_mails(tx, mailbox.id)
    return True


async def confirm_mailbox(tx: Transaction, mailbox: Mailbox) -> None:
    """Activate the mailbox and resume its suspended mails; those that are too old expire."""
    mailbox.code_hash = mailbox.token_hash = mailbox.problem = mailbox.problem_text = None
    mailbox.soft_bounces, mailbox.soft_since = 0, None
    await drop_confirmations(tx, mailbox)
    await _set_state(tx, mailbox, MailboxState.ACTIVE)
    await resume_mails(tx, mailbox.id, _is_stale(tx.now))


async def _set_state(tx: Transaction, mailbox: Mailbox, state: MailboxState) -> None:
    mailbox.state, mailbox.state_since = state, tx.now
    await tx.flush()


async def _ask_anew(tx: Transaction, mailbox: Mailbox) -> Mailbox:
    mailbox.asked_at, mailbox.tries = tx.now, 0
    await _set_state(tx, mailbox, MailboxState.UNCONFIRMED)
    return mailbox


# Access: a chat that is closed because of a ban or missing access keeps all its rows


@dataclass(frozen=True, slots=True)
class AccessRule:
    """The users that the settings name; the database names more admins and users.

    *is_open*: everybody may use the bot. *admins* cannot be banned.
    """

    is_open: bool
    allowed: frozenset[int]
    admins: frozenset[int]


async def apply_access(
    tx: Transaction, rule: AccessRule, *, telegram_id: int | None = None, limit: int = 100
) -> int:
    """Close and reopen the chats that `access_changes` returns; return how many."""
    changes = await access_changes(tx, rule, telegram_id=telegram_id, limit=limit)
    for chat_id, state in changes:
        await _set_access(tx, await lock_chat(tx, chat_id), state)
    return len(changes)


async def access_changes(
    tx: Transaction, rule: AccessRule, *, telegram_id: int | None = None, limit: int = 100
) -> list[tuple[int, ChatState | None]]:
    """Return the chats whose state contradicts *rule*, each with the state that it should have.

    That state is one of `CLOSED`, or None if the chat should be reopened. A private chat depends on
    its user. A group or channel depends on the user who invited the bot, and can also be banned by
    its own id; it has access if that user is unknown or was erased. *telegram_id*: only the chat
    with this id, and the chats that this user invited the bot to.
    """
    wanted = _wanted_state(rule)
    differs = case((wanted.is_(None), col(Chat.state).in_(CLOSED)), else_=col(Chat.state) != wanted)
    changes = (
        select(Chat.id, wanted)
        .where(differs, col(Chat.state) != ChatState.ERASED)
        .order_by(col(Chat.id))
        .limit(limit)
    )
    if telegram_id is not None:
        is_its_own, is_invited = (
            col(Chat.telegram_id) == telegram_id,
            col(Chat.invited_by) == telegram_id,
        )
        changes = changes.where(or_(is_its_own, is_invited))
    rows = await tx.rows(changes)
    return [(chat_id, ChatState(state) if state else None) for chat_id, state in rows]


def _wanted_state(rule: AccessRule) -> ColumnElement[str | None]:
    """Build the state of `CLOSED` that a `Chat` should have; NULL if it should be open."""
    is_private = col(Chat.kind) == ChatKind.PRIVATE
    user = case((is_private, col(Chat.telegram_id)), else_=col(Chat.invited_by))
    is_admin = among(user, rule.admins)
    has_access = or_(
        true() if rule.is_open else false(),
        user.is_(None),
        user == ERASED_USER,
        is_admin,
        among(user, rule.allowed),
        exists().where(col(Admin.user_id) == user),
        exists().where(col(Admission.user_id) == user),
    )
    is_banned = exists().where(col(Ban.telegram_id) == col(Chat.telegram_id))
    is_user_banned = exists().where(col(Ban.telegram_id) == user)
    state = case(
        (and_(is_banned, not_(and_(is_private, is_admin))), ChatState.BANNED.value),
        (or_(not_(has_access), and_(is_user_banned, not_(is_admin))), ChatState.NO_ACCESS.value),
        else_=None,
    )
    return cast(state, String)


async def _set_access(tx: Transaction, chat: Chat, state: ChatState | None) -> None:
    """Set the locked *chat* to a *state* of `CLOSED`; None: reopen it, paused if it was paused."""
    if state is not None:
        if chat.state not in CLOSED:
            chat.was_paused = chat.state is ChatState.PAUSED
        await suspend_chat(tx, chat.id, state)
    elif chat.state not in CLOSED:
        return
    elif chat.was_paused:
        chat.state, chat.state_since, chat.was_paused = ChatState.PAUSED, tx.now, False
        await tx.flush()
    else:
        await _restore(tx, chat.id, is_closed=True)


# Bans: the bot tells a banned user once


async def is_banned(tx: Transaction, telegram_ids: Collection[int]) -> bool:
    return await tx.first(_banned(), telegram_ids=telegram_ids) is not None


@cache
def _banned() -> Executable:
    return select(Ban.telegram_id).where(among(col(Ban.telegram_id), bindparam("telegram_ids")))


async def take_ban_notice(tx: Transaction, telegram_ids: Collection[int]) -> bool:
    """Return whether a ban of these ids was not announced yet, and mark it as announced."""
    unnotified = (among(col(Ban.telegram_id), telegram_ids), ~col(Ban.is_notified))
    return bool(await tx.change(update(Ban).where(*unnotified).values(is_notified=True)))


async def ban(tx: Transaction, telegram_id: int) -> bool:
    """Ban a user or group; return False if already banned. `apply_access` closes its chats."""
    row = {"telegram_id": telegram_id, "since": tx.now, "is_notified": False}
    return bool(await insert_new(tx, Ban, [row], returning=Ban.telegram_id))


async def unban(tx: Transaction, telegram_id: int) -> bool:
    """Lift the ban; return False if there was none. `apply_access` reopens its chats."""
    return bool(await tx.change(delete(Ban).where(col(Ban.telegram_id) == telegram_id)))


async def bans(tx: Transaction, limit: int) -> Sequence[Ban]:
    newest = select(Ban).order_by(col(Ban.since).desc(), col(Ban.telegram_id))
    return await tx.rows(newest.limit(limit))


# Groups that became supergroups: the Telegram id changes, but the row keeps its own id.


async def migrate_chat(
    tx: Transaction, old: int, new: int, *, most_topics: int | None = None
) -> None:
    """Replace Telegram's id *old* by *new*.

    A supergroup numbers its messages anew, so the ids of earlier messages are forgotten.

    If an update created a row for the supergroup first, what refers to that row moves to the older
    row, unless the older row has an equal entry. The newer row is deleted. Subscriptions beyond
    *most_topics*, or beyond the quota that an admin gave the chat, end.
    """
    moving = await lock_migration(tx, old, new)
    await _move_ban(tx, old, new)
    await lock_queues(tx)
    if not moving:
        return
    first_id = moving[0].id
    subscriptions = await count_subscriptions_of_account(tx, first_id)
    for chat in moving:
        await forget_messages(tx, chat.id)
        await forget_pins(tx, chat.id)
        await _absorb_twin(tx, chat, new)
        chat.telegram_id, chat.kind = new, ChatKind.SUPERGROUP
        await tx.flush()
    if most_topics is not None:
        quota = (await quota_of(tx, first_id)).topics
        most = most_topics if quota is None else quota
        await _end_subscriptions_beyond(tx, first_id, max(subscriptions, most))


async def lock_migration(tx: Transaction, old: int, new: int) -> Sequence[Chat]:
    """Lock the rows of both Telegram ids, one for each thread; return those of *old*."""
    chats = await tx.rows(
        select(Chat)
        .where(col(Chat.telegram_id).in_((old, new)))
        .order_by(col(Chat.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [chat for chat in chats if chat.telegram_id == old]


async def _move_ban(tx: Transaction, old: int, new: int) -> None:
    if await unban(tx, old):
        row = {"telegram_id": new, "since": tx.now, "is_notified": True}
        await insert_new(tx, Ban, [row])


async def _absorb_twin(tx: Transaction, chat: Chat, telegram_id: int) -> None:
    """Merge the row of the same thread under the new *telegram_id* into *chat*, and delete it."""
    same_thread = and_(col(Chat.telegram_id) == telegram_id, col(Chat.thread_id) == chat.thread_id)
    twin_id = await tx.first(select(Chat.id).where(same_thread))
    if twin_id is None:
        return
    for column in columns_naming_a_chat():
        await _move_rows(tx, column, twin_id, chat.id)
    await delete_deliveries(tx, col(Delivery.chat_id) == twin_id)  # those that *chat* also has
    await tx.change(delete(Chat).where(col(Chat.id) == twin_id))
    await unblock_next(tx, [chat.id])


async def _end_subscriptions_beyond(tx: Transaction, chat_id: int, most: int) -> None:
    """End the newest subscriptions of the chat and its threads, so that *most* are left."""
    newest = await tx.rows(
        select(Subscription)
        .where(of_account(col(Subscription.chat_id), chat_id))
        .order_by(col(Subscription.id))
        .offset(most)
        .execution_options(populate_existing=True)
    )
    for subscription in newest:
        await end_subscription(tx, subscription)


async def _move_rows(tx: Transaction, column: Column[int], source: int, target: int) -> None:
    clashes = [_is_at_target(column, names, target) for names in _unique_beside(column)]
    await tx.change(
        update(column.table)
        .where(column == source, *(not_(clash) for clash in clashes))
        .values({column.name: target})
    )


def _unique_beside(column: Column[int]) -> list[list[str]]:
    """Return, for each unique constraint with *column*, the names of its other columns."""
    table = SQLModel.metadata.tables[str(column.table)]
    rules = [
        table.primary_key.columns,
        *(rule.columns for rule in table.constraints if isinstance(rule, UniqueConstraint)),
        *(index.columns for index in table.indexes if index.unique),
    ]
    return [
        [other.name for other in columns if other is not column]
        for columns in rules
        if column.name in columns
    ]


def _is_at_target(column: Column[int], names: list[str], target: int) -> Exists:
    """Build the condition that *target* has a row with the same values in the columns *names*."""
    at_target = column.table.alias("at_target")
    return exists().where(
        at_target.c[column.name] == target,
        *(at_target.c[name] == column.table.c[name] for name in names),
    )
