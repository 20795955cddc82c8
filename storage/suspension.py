"""Chats and mailboxes that get nothing for now: suspended, never deleted, and restored.

What becomes of their deliveries is `storage.outbox`'s business. A mail goes only while its mailbox
takes mail *and* its chat wants any, whichever of the two came back last.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Exists,
    String,
    UniqueConstraint,
    and_,
    case,
    cast,
    delete,
    exists,
    false,
    func,
    not_,
    or_,
    true,
    update,
)
from sqlmodel import Field, SQLModel, col, select

from storage.access import Admin, Admission
from storage.alerts import Alert
from storage.bundles import Bundle, open_bundles
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
from storage.mailboxes import Mailbox, mailbox_of, remove_mailbox
from storage.outbox import (
    Delivery,
    delete_deliveries,
    drop_confirmations,
    lock_queues,
    move_suspended_alerts,
    resume_chat_deliveries,
    resume_mails,
    suspend_chat_deliveries,
    suspend_mails,
    unblock_next,
)
from storage.subscriptions import (
    Subscription,
    count_subscriptions_of_account,
    end_subscription,
)


class Ban(SQLModel, table=True):
    telegram_id: int = Field(primary_key=True, sa_type=BigInteger)  # a user's or a group's
    since: datetime
    is_notified: bool = False


# An older alert is no news any more; its story goes into the next digest instead.
ALERT_LIFETIME = timedelta(hours=6)

# Alerts wait for the end of quiet hours at most, unless their chat is closed to the bot.
_WAITS_AT_MOST = timedelta(days=1)
_AWAY_COUNTS = timedelta(days=15)  # no digest reaches back further

# "Tonight the bot is away for an hour" means nothing to who comes back next month.
BROADCAST_LIFETIME = timedelta(days=3)


# Chats


async def suspend_chat(tx: Transaction, chat_id: int, state: ChatState) -> None:
    """Send nothing to our row *chat_id* until `restore_chat`; what is pending is suspended.

    A pause holds every medium, and so does a lack of access; any other state what goes by Telegram.
    A paused chat stays so, whatever becomes of it meanwhile: coming back does not end a pause.
    Access goes before all.
    """
    before_all = (state, ChatState.ERASED)
    kept = before_all if state in CLOSED else (state, *SENT_NOTHING)
    await tx.session.exec(
        update(Chat)
        .where(col(Chat.id) == chat_id, col(Chat.state).not_in(kept))
        .values(state=state, state_since=tx.now)
        .execution_options(synchronize_session="fetch")
    )
    await suspend_chat_deliveries(tx, chat_id, state.media_held)


async def restore_chat(tx: Transaction, chat_id: int) -> int:
    """Send to our row *chat_id* again; return how many messages have expired meanwhile.

    Nothing happens to a chat that is active: what waits there waits for another reason. A
    chat without access stays closed until `apply_access` reopens it.
    """
    return await _restore(tx, chat_id, is_closed=False)


async def _restore(tx: Transaction, chat_id: int, *, is_closed: bool) -> int:
    locked = select(Chat.state, Chat.state_since).where(col(Chat.id) == chat_id).with_for_update()
    row = (await tx.session.exec(locked)).first()
    if row is None or row[0] is ChatState.ACTIVE:
        return 0
    before, since = ChatState(row[0]), row[1]
    if before is ChatState.ERASED or (before in CLOSED) != is_closed:
        return 0
    await tx.session.exec(
        update(Chat)
        .where(col(Chat.id) == chat_id)
        .values(
            state=ChatState.ACTIVE,
            state_since=tx.now,
            resume_at=None,
            **_away(before, since, tx.now),
        )
        .execution_options(synchronize_session="fetch")
    )
    return await resume_chat_deliveries(tx, chat_id, before.media_held, _is_stale(tx.now))


async def move_waiting_alerts(
    tx: Transaction, source: Chat, target_id: int, topic_id: int, moved_to: int
) -> None:
    """Send the alerts that wait for a deleted thread where the subscription moved.

    *source* is the thread, *target_id* our row of the other one, both locked; *moved_to* is the
    topic there. Nothing moves of a thread that is open, nor a story that the other was alerted to.
    """
    if source.state is not ChatState.TOPIC_CLOSED:
        return
    suspended = await tx.session.exec(
        select(Alert)
        .join(Delivery, col(Delivery.alert_id) == Alert.id)
        .where(
            col(Delivery.chat_id) == source.id,
            col(Delivery.medium) == Medium.TELEGRAM,
            col(Delivery.state) == DeliveryState.SUSPENDED,
        )
    )
    postponed = await tx.session.exec(
        select(Alert, Bundle)
        .join(Bundle, col(Bundle.id) == Alert.bundle_id)
        .where(col(Bundle.chat_id) == source.id, col(Bundle.released_at).is_(None))
    )
    waiting = [*((alert, None) for alert in suspended), *postponed]
    theirs = select(Alert.story_id).where(col(Alert.chat_id) == target_id)
    known = set(await tx.session.exec(theirs))
    sent = []
    for alert, bundle in waiting:
        if topic_id not in alert.topic_ids or alert.story_id in known:
            continue
        alert.chat_id, alert.topic_ids = target_id, [moved_to]
        if bundle is None:
            sent.append(alert.id)
        else:
            release = (max(bundle.release_at, tx.now), bundle.is_quiet)
            alert.bundle_id = (await open_bundles(tx, {target_id: release}))[target_id]
        tx.session.add(alert)
    await tx.session.flush()
    if sent:
        await move_suspended_alerts(tx, sent, target_id, _is_stale(tx.now))


def _away(before: ChatState, since: datetime, now: datetime) -> dict[str, Any]:
    """Return the columns that say when the chat got nothing, though it wanted it.

    What waited when that began counts too. Of two such times before one digest, both do.
    """
    if before in SENT_NOTHING:
        return {}
    begun = since - _WAITS_AT_MOST
    former = case(
        (col(Chat.away_until) > now - _AWAY_COUNTS, func.coalesce(Chat.away_from, begun)),
        else_=begun,
    )
    return {"away_from": former, "away_until": now}


def _is_stale(now: datetime) -> ColumnElement[bool]:
    """Return the condition for a waiting delivery that is too old to be worth sending."""
    kind, created = col(Delivery.kind), col(Delivery.created_at)
    alerts = (DeliveryKind.ALERT, DeliveryKind.BUNDLE)
    return or_(
        and_(kind.in_(alerts), created < now - ALERT_LIFETIME),
        and_(kind == DeliveryKind.BROADCAST, created < now - BROADCAST_LIFETIME),
    )


async def resume_chats(tx: Transaction, *, limit: int) -> int:
    """Bring back up to *limit* chats whose pause is over; return how many."""
    over = (
        select(Chat.id)
        .where(col(Chat.resume_at) <= tx.now, col(Chat.state) == ChatState.PAUSED)
        .order_by(col(Chat.resume_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    chat_ids = list(await tx.session.exec(over))
    for chat_id in chat_ids:
        await restore_chat(tx, chat_id)
    return len(chat_ids)


# Mailboxes


async def open_mailbox(tx: Transaction, chat_id: int, address: str) -> Mailbox:
    """Return the chat's mailbox at *address*, to be confirmed.

    A mailbox at another address goes, and with it the mails that wait for it; what its owner chose
    stays.
    """
    former = await mailbox_of(tx, chat_id)
    if former and former.address == address:
        await drop_confirmations(tx, former)
        return await _asked_anew(tx, former)
    await remove_mailbox(tx, chat_id)
    mailbox = Mailbox(
        chat_id=chat_id,
        address=address,
        alerts=former.alerts if former else False,
        state_since=tx.now,
        created_at=tx.now,
        asked_at=tx.now,
    )
    return await _asked_anew(tx, mailbox)


async def suspend_mailbox(
    tx: Transaction, mailbox: Mailbox, problem: MailboxProblem, text: str
) -> bool:
    """Send nothing there until it is confirmed; False if nothing is sent there anyway.

    One that waits for its first confirmation becomes unreachable: no code is awaited any more.
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
    """Send nothing there, since its reader wishes so; False if nothing was sent there before."""
    if mailbox.state is not MailboxState.ACTIVE:
        return False
    await _set_state(tx, mailbox, MailboxState.UNSUBSCRIBED)
    await suspend_mails(tx, mailbox.id)
    return True


async def confirm_mailbox(tx: Transaction, mailbox: Mailbox) -> None:
    """Send there from now on, what has waited too; alerts that are no news any more expire."""
    mailbox.code_hash = mailbox.token_hash = mailbox.problem = mailbox.problem_text = None
    mailbox.soft_bounces, mailbox.soft_since = 0, None
    await drop_confirmations(tx, mailbox)
    await _set_state(tx, mailbox, MailboxState.ACTIVE)
    await resume_mails(tx, mailbox.id, _is_stale(tx.now))


async def _set_state(tx: Transaction, mailbox: Mailbox, state: MailboxState) -> None:
    mailbox.state, mailbox.state_since = state, tx.now
    tx.session.add(mailbox)
    await tx.session.flush()


async def _asked_anew(tx: Transaction, mailbox: Mailbox) -> Mailbox:
    mailbox.asked_at, mailbox.tries = tx.now, 0
    await _set_state(tx, mailbox, MailboxState.UNCONFIRMED)
    return mailbox


# Access: chats whose user is banned or may no longer use the bot keep all that is theirs


@dataclass(frozen=True, slots=True)
class AccessRule:
    """The users of the settings; the database names more admins and users.

    *is_open*: everybody may use the bot. *admins* cannot be banned.
    """

    is_open: bool
    allowed: frozenset[int]
    admins: frozenset[int]


async def apply_access(
    tx: Transaction, rule: AccessRule, *, telegram_id: int | None = None, limit: int = 100
) -> int:
    """Close and reopen chats as `access_changes` says; return how many."""
    changes = await access_changes(tx, rule, telegram_id=telegram_id, limit=limit)
    for chat_id, state in changes:
        await _set_access(tx, await lock_chat(tx, chat_id), state)
    return len(changes)


async def access_changes(
    tx: Transaction, rule: AccessRule, *, telegram_id: int | None = None, limit: int = 100
) -> list[tuple[int, ChatState | None]]:
    """Return chats whose state does not follow from *rule*, each with the one that does.

    That is one of `CLOSED`, or None if the chat is to be reopened. A private chat depends on its
    user. A group or channel depends on the user who added the bot, and is banned by its own id;
    where that user is unknown or had their data deleted, it has access. *telegram_id*: only its
    chat, and those that it added the bot to.
    """
    wanted = _wanted_state(rule)
    differs = case((wanted.is_(None), col(Chat.state).in_(CLOSED)), else_=col(Chat.state) != wanted)
    found = (
        select(Chat.id, wanted)
        .where(differs, col(Chat.state) != ChatState.ERASED)
        .order_by(col(Chat.id))
        .limit(limit)
    )
    if telegram_id is not None:
        theirs = (col(Chat.telegram_id) == telegram_id, col(Chat.invited_by) == telegram_id)
        found = found.where(or_(*theirs))
    rows = await tx.session.exec(found)
    return [(chat_id, ChatState(state) if state else None) for chat_id, state in rows]


def _wanted_state(rule: AccessRule) -> ColumnElement[str | None]:
    """Return the state that access gives a `Chat` of the query; NULL: it is open."""
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
    """Give the locked *chat* a state of `CLOSED`; None: what it had before, a pause included."""
    if state is not None:
        if chat.state not in CLOSED:
            chat.was_paused = chat.state is ChatState.PAUSED
            await tx.session.flush()
        await suspend_chat(tx, chat.id, state)
    elif chat.state not in CLOSED:
        return
    elif chat.was_paused:
        chat.state, chat.state_since, chat.was_paused = ChatState.PAUSED, tx.now, False
        await tx.session.flush()
    else:
        await _restore(tx, chat.id, is_closed=True)


# Bans: their users are answered once


async def is_banned(tx: Transaction, telegram_ids: Collection[int]) -> bool:
    wanted = select(Ban.telegram_id).where(among(col(Ban.telegram_id), telegram_ids))
    return (await tx.session.exec(wanted.limit(1))).first() is not None


async def take_ban_notice(tx: Transaction, telegram_ids: Collection[int]) -> bool:
    """Say whether they are still to be notified; from now on they are not."""
    unnotified = (among(col(Ban.telegram_id), telegram_ids), ~col(Ban.is_notified))
    notified = update(Ban).where(*unnotified).values(is_notified=True)
    silently = notified.execution_options(synchronize_session=False)
    return bool((await tx.session.exec(silently)).rowcount)


async def ban(tx: Transaction, telegram_id: int) -> bool:
    """Ban Telegram's id; False if that is so already. `apply_access` closes its chats."""
    row = {"telegram_id": telegram_id, "since": tx.now, "is_notified": False}
    return bool(await insert_new(tx, Ban, [row], returning=Ban.telegram_id))


async def unban(tx: Transaction, telegram_id: int) -> bool:
    """Lift the ban; False if there was none. `apply_access` reopens its chats."""
    gone = await tx.session.exec(delete(Ban).where(col(Ban.telegram_id) == telegram_id))
    return bool(gone.rowcount)


async def move_ban(tx: Transaction, old: int, new: int) -> None:
    """A group that became a supergroup stays banned."""
    if await is_banned(tx, [old]):
        row = {"telegram_id": new, "since": tx.now, "is_notified": True}
        await insert_new(tx, Ban, [row])
        await tx.session.exec(delete(Ban).where(col(Ban.telegram_id) == old))


async def bans(tx: Transaction, limit: int) -> Sequence[Ban]:
    newest = select(Ban).order_by(col(Ban.since).desc(), col(Ban.telegram_id))
    return (await tx.session.exec(newest.limit(limit))).all()


# Groups that became supergroups: Telegram's id changes, our row and its keys stay.


async def migrate_chat(
    tx: Transaction, old: int, new: int, *, most_topics: int | None = None
) -> None:
    """Write Telegram's id *new* wherever *old* stood.

    Where the supergroup has a row already, because its update came first, what belongs to it moves
    to the older row, unless that has the same; the newer row goes. Of its subscriptions only as
    many move as the chat may have: *most_topics*, unless an admin allowed it more or less.
    """
    moving = await lock_migration(tx, old, new)
    await move_ban(tx, old, new)
    await lock_queues(tx)
    had = await count_subscriptions_of_account(tx, moving[0].id) if moving else 0
    for chat in moving:
        await _absorb(tx, chat, new)
        chat.telegram_id = new
        chat.kind = ChatKind.SUPERGROUP
        await tx.session.flush()
    if moving and most_topics is not None:
        quota = (await quota_of(tx, moving[0].id)).topics
        most = most_topics if quota is None else quota
        await _end_subscriptions_beyond(tx, moving[0].id, max(had, most))


async def lock_migration(tx: Transaction, old: int, new: int) -> Sequence[Chat]:
    """Lock the rows of both of Telegram's ids, a row for each thread; return those of *old*."""
    theirs = select(Chat).where(col(Chat.telegram_id).in_((old, new))).order_by(col(Chat.id))
    fresh = theirs.with_for_update().execution_options(populate_existing=True)
    return [chat for chat in await tx.session.exec(fresh) if chat.telegram_id == old]


async def _absorb(tx: Transaction, chat: Chat, telegram_id: int) -> None:
    same_place = and_(col(Chat.telegram_id) == telegram_id, col(Chat.thread_id) == chat.thread_id)
    twin = (await tx.session.exec(select(Chat.id).where(same_place))).first()
    if twin is None:
        return
    for column in columns_naming_a_chat():
        await _move(tx, column, twin, chat.id)
    await delete_deliveries(tx, col(Delivery.chat_id) == twin)  # the chat has the same already
    await tx.session.exec(delete(Chat).where(col(Chat.id) == twin))
    await unblock_next(tx, [chat.id])


async def _end_subscriptions_beyond(tx: Transaction, chat_id: int, most: int) -> None:
    """End the newest subscriptions of the chat with all its threads, so that *most* are left."""
    rows = await tx.session.exec(
        select(Subscription)
        .where(of_account(col(Subscription.chat_id), chat_id))
        .order_by(col(Subscription.id))
        .offset(most)
        .execution_options(populate_existing=True)
    )
    for subscription in rows.all():
        await end_subscription(tx, subscription)


async def _move(tx: Transaction, column: Column[int], source: int, target: int) -> None:
    clashes = [_same_at_target(column, names, target) for names in _unique_beside(column)]
    await tx.session.exec(
        update(column.table)
        .where(column == source, *(not_(clash) for clash in clashes))
        .values({column.name: target})
        .execution_options(synchronize_session=False)
    )


def _unique_beside(column: Column[int]) -> list[list[str]]:
    """Return, for each unique rule that *column* is part of, the names of the other columns."""
    table = SQLModel.metadata.tables[str(column.table)]
    constraints = [each for each in table.constraints if isinstance(each, UniqueConstraint)]
    indexes = [each for each in table.indexes if each.unique]
    rules = [table.primary_key.columns]
    rules += [each.columns for each in constraints]
    rules += [each.columns for each in indexes]
    return [
        [other.name for other in columns if other is not column]
        for columns in rules
        if column.name in columns
    ]


def _same_at_target(column: Column[int], names: list[str], target: int) -> Exists:
    theirs = column.table.alias("theirs")
    return exists().where(
        theirs.c[column.name] == target,
        *(theirs.c[name] == column.table.c[name] for name in names),
    )
