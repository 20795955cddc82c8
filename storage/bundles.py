"""Bundles: alerts of one chat that wait for a moment, and are sent together then.

- The row is the chat and the moment of its release, unique together, so two processes cannot make
  two bundles for one moment. Deliveries are keyed by the bundle, because quiet hours may change the
  moment while alerts wait.
- A story is decided once, when it arrives: its alert names the bundle. The stages that alert
  chats and that release bundles lock the chats' rows first, so nothing joins a closed bundle.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Index, UniqueConstraint, bindparam, delete, exists, func, update
from sqlmodel import Field, col, select

from storage.alerts import Alert, is_reached_at_once
from storage.articles import Article
from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.leases import claim
from storage.db.sql import NUMBERED, ROW_ID, Leased, among, insert_new, partial_index
from storage.mutes import is_not_muted
from storage.subscriptions import Subscription
from storage.topics import Topic

_WAITING = "released_at IS NULL"


class Bundle(Leased, table=True):
    __table_args__ = (
        UniqueConstraint("chat_id", "release_at"),
        Index("ix_bundle_waiting", "release_at", **partial_index(_WAITING)),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    release_at: datetime
    is_quiet: bool  # for the chat's quiet hours
    released_at: datetime | None = None


@dataclass(slots=True)
class RecentAlerts:
    """When a chat was sent alerts, a bundle once, and when what waits is sent."""

    moments: list[datetime] = field(default_factory=list)
    waiting: datetime | None = None


_SENT_AT_ONCE: Final = select(Alert.chat_id, Alert.made_at).where(
    among(col(Alert.chat_id), bindparam("chats")),
    col(Alert.made_at) > bindparam("since"),
    col(Alert.bundle_id).is_(None),
)

_BUNDLED: Final = (
    select(Bundle.chat_id, Bundle.release_at)
    .where(
        among(col(Bundle.chat_id), bindparam("chats")), col(Bundle.release_at) > bindparam("since")
    )
    .order_by(col(Bundle.release_at))
)


async def sent_recently(
    tx: Transaction, chat_ids: Collection[int], since: datetime
) -> defaultdict[int, RecentAlerts]:
    """Return what each chat was sent after *since*, by its row."""
    sent: defaultdict[int, RecentAlerts] = defaultdict(RecentAlerts)
    connection = await tx.session.connection()
    asked = {"chats": chat_ids, "since": since}
    for chat_id, made_at in await connection.execute(_SENT_AT_ONCE, asked):
        sent[chat_id].moments.append(made_at)
    for chat_id, release_at in await connection.execute(_BUNDLED, asked):
        if release_at <= tx.now:
            sent[chat_id].moments.append(release_at)
        elif sent[chat_id].waiting is None:
            sent[chat_id].waiting = release_at
    return sent


async def open_bundles(
    tx: Transaction, postponed: Mapping[int, tuple[datetime, bool]]
) -> dict[int, int]:
    """Return the bundle in which each chat's alerts wait, by chat; none where it is closed.

    *postponed*: the moment of release and whether that is the end of quiet hours, by chat.
    """
    if not postponed:
        return {}
    rows = [
        {"chat_id": chat_id, "release_at": release_at, "is_quiet": is_quiet}
        for chat_id, (release_at, is_quiet) in postponed.items()
    ]
    await insert_new(tx, Bundle, rows)
    waiting = select(Bundle).where(
        among(col(Bundle.chat_id), postponed), col(Bundle.released_at).is_(None)
    )
    return {
        bundle.chat_id: bundle.id
        for bundle in await tx.session.exec(waiting)
        if bundle.release_at == postponed[bundle.chat_id][0]
    }


async def claim_bundles(
    tx: Transaction, *, limit: int, owner: str, lease: timedelta, by_mail: bool = False
) -> list[Bundle]:
    """Lease the bundles that are due; those of chats that nothing reaches wait for them."""
    reached = exists().where(
        col(Chat.id) == col(Bundle.chat_id), is_reached_at_once(by_mail=by_mail)
    )
    due = (col(Bundle.release_at) <= tx.now) & col(Bundle.released_at).is_(None) & reached
    order = (col(Bundle.release_at), col(Bundle.id))
    return await claim(tx, Bundle, due, order=order, limit=limit, owner=owner, lease=lease)


async def bundled(
    tx: Transaction, bundle_id: int, limit: int
) -> tuple[list[tuple[Alert, Article]], int]:
    """Return the first alerts of a bundle, in the order in which they were decided.

    What the chat has muted since is left out. The number is how many there are beyond *limit*.
    """
    not_muted = is_not_muted(
        tx.now, col(Alert.chat_id), col(Alert.article_id), col(Alert.story_id), at_once=True
    )
    rows = await tx.session.exec(
        select(Alert, Article)
        .join(Article, col(Article.id) == Alert.article_id)
        .where(col(Alert.bundle_id) == bundle_id, not_muted)
        .order_by(col(Alert.id))
        .limit(limit)
    )
    count = select(func.count(col(Alert.id))).where(col(Alert.bundle_id) == bundle_id)
    return list(rows), max((await tx.session.exec(count)).one() - limit, 0)


async def subscribed_names(tx: Transaction, chat_id: int) -> dict[int, str]:
    """Return the topics that the chat subscribes to, by row, in its order."""
    rows = await tx.session.exec(
        select(Topic.id, Topic.name)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(col(Subscription.chat_id) == chat_id)
        .order_by(col(Subscription.id))
    )
    return {topic_id: name for topic_id, name in rows if topic_id}


async def release_together(
    tx: Transaction, chat_id: int, release_at: datetime, *, is_quiet: bool
) -> None:
    """Let all that waits for the chat be sent at another time, in one bundle."""
    waiting = select(Bundle).where(
        col(Bundle.chat_id) == chat_id, col(Bundle.released_at).is_(None)
    )
    bundles = list(await tx.session.exec(waiting.order_by(col(Bundle.id))))
    if not bundles:
        return
    kept = next((bundle for bundle in bundles if bundle.release_at == release_at), bundles[0])
    others = [bundle.id for bundle in bundles if bundle is not kept]
    moved = update(Alert).where(among(col(Alert.bundle_id), others)).values(bundle_id=kept.id)
    await tx.session.exec(moved)
    await tx.session.exec(delete(Bundle).where(among(col(Bundle.id), others)))
    kept.release_at, kept.is_quiet = release_at, is_quiet
    kept.free()
    tx.session.add(kept)
    await tx.session.flush()
