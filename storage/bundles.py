"""Bundles: alerts of one chat that wait until a release time and are then sent together.

- A bundle is unique by its chat and release time, so that two processes cannot make two bundles for
  one time. Deliveries are keyed by the bundle's id, because a change of quiet hours may move the
  release time while alerts wait.
- Whether an alert waits is decided once, when the alert is made: it names the bundle. The stages
  that alert chats and that release bundles lock the chats first, so no alert joins a bundle that
  was already released.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Index, Integer, UniqueConstraint, bindparam, delete, exists, not_, update
from sqlalchemy.orm import aliased
from sqlmodel import Field, col, select

from storage.alerts import Alert, is_reached_at_once
from storage.articles import Article
from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.leases import claim
from storage.db.sql import NUMBERED, ROW_ID, Leased, among, insert_new, partial_index
from storage.mutes import is_not_muted
from storage.stories import Story

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
    is_quiet: bool  # waits for the end of the chat's quiet hours
    released_at: datetime | None = None


@dataclass(slots=True)
class RecentAlerts:
    """When a chat was sent alerts (a bundle counts once), and when its next bundle is due.

    *by_topic* has the alerts that were sent alone, by topic.
    """

    moments: list[datetime] = field(default_factory=list)
    by_topic: defaultdict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    waiting: datetime | None = None


async def sent_recently(
    tx: Transaction, chat_ids: Collection[int], since: datetime
) -> defaultdict[int, RecentAlerts]:
    """Return the alerts and bundles that each chat was sent after *since*, by chat."""
    sent: defaultdict[int, RecentAlerts] = defaultdict(RecentAlerts)
    for chat_id, made_at, topic_ids in await tx.rows(_SENT_AT_ONCE, chats=chat_ids, since=since):
        sent[chat_id].moments.append(made_at)
        for topic_id in topic_ids:
            sent[chat_id].by_topic[topic_id].append(made_at)
    for chat_id, release_at in await tx.rows(_BUNDLED, chats=chat_ids, since=since):
        if release_at <= tx.now:
            sent[chat_id].moments.append(release_at)
        elif sent[chat_id].waiting is None:
            sent[chat_id].waiting = release_at
    return sent


_SENT_AT_ONCE: Final = select(Alert.chat_id, Alert.made_at, Alert.topic_ids).where(
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


async def open_bundles(
    tx: Transaction, postponed: Mapping[int, tuple[datetime, bool]]
) -> dict[int, int]:
    """Return the bundle for each chat's postponed alerts, by chat; create missing ones.

    *postponed*: by chat, the release time, and whether that is the end of quiet hours. Leaves out a
    chat whose bundle for that time was already released.
    """
    if not postponed:
        return {}
    rows = [
        {"chat_id": chat_id, "release_at": release_at, "is_quiet": is_quiet}
        for chat_id, (release_at, is_quiet) in postponed.items()
    ]
    await insert_new(tx, Bundle, rows)
    waiting = await tx.rows(
        select(Bundle.chat_id, Bundle.id, Bundle.release_at).where(
            among(col(Bundle.chat_id), postponed), col(Bundle.released_at).is_(None)
        )
    )
    return {
        chat_id: bundle_id
        for chat_id, bundle_id, release_at in waiting
        if release_at == postponed[chat_id][0]
    }


async def claim_bundles(
    tx: Transaction, *, limit: int, owner: str, lease: timedelta, by_mail: bool = False
) -> list[Bundle]:
    """Lease the due bundles of chats that alerts reach; others wait until the chat is restored."""
    reached = exists().where(
        col(Chat.id) == col(Bundle.chat_id), is_reached_at_once(by_mail=by_mail)
    )
    due = (col(Bundle.release_at) <= tx.now) & col(Bundle.released_at).is_(None) & reached
    order = (col(Bundle.release_at), col(Bundle.id))
    return await claim(tx, Bundle, due, order=order, limit=limit, owner=owner, lease=lease)


class BundledAlert(NamedTuple):
    """An alert of a bundle. *growth*: how many further articles its story has."""

    id: int
    story_id: int
    article_id: int
    chapter: int
    topic_ids: list[int]
    growth: int
    news_at: datetime


async def alerts_in_bundle(tx: Transaction, bundle_id: int) -> list[BundledAlert]:
    """Return the alerts of a bundle, by id, without those that the chat has muted since."""
    not_muted = is_not_muted(
        tx.now, col(Alert.chat_id), col(Alert.article_id), col(Alert.story_id), at_once=True
    )
    # `is_muted` queries `Story` itself.
    story = aliased(Story)
    rows = await tx.rows(
        select(  # type: ignore[call-overload]
            Alert.id, Alert.story_id, Alert.article_id, Alert.chapter, Alert.topic_ids,
            story.grown, Article.news_at,
        )
        .join(Article, col(Article.id) == Alert.article_id)
        .join(story, story.id == Alert.story_id)
        .where(col(Alert.bundle_id) == bundle_id, not_muted)
        .order_by(col(Alert.id))
    )  # fmt: skip
    return [BundledAlert(*row) for row in rows]


async def drop_others(tx: Transaction, bundle_id: int, listed: Collection[int]) -> None:
    """Note that the bundle is sent without its alerts that are not *listed*, by id."""
    others = (col(Alert.bundle_id) == bundle_id, not_(among(col(Alert.id), listed)))
    await tx.change(update(Alert).where(*others).values(dropped=True))


class WaitingAlert(NamedTuple):
    """An alert that waits for a rate limit."""

    id: int
    chat_id: int
    story_id: int
    article_id: int


async def waiting_alerts(
    tx: Transaction, story_ids: Collection[int], *, growth: int, after: int, limit: int
) -> Sequence[WaitingAlert]:
    """Return the alerts that wait for a rate limit, to those of the stories that grew enough.

    Returns *limit* alerts with ids above *after*, by id. *growth*: the least number of articles
    that have joined the story. Leaves out alerts that wait for the end of quiet hours.
    """
    rows = await tx.rows(
        _WAITING_ALERTS, stories=story_ids, growth=growth, after=after, most=limit, now=tx.now
    )
    return [WaitingAlert(*row) for row in rows]


_WAITING_ALERTS: Final = (
    select(Alert.id, Alert.chat_id, Alert.story_id, Alert.article_id)
    .join(Story, col(Story.id) == Alert.story_id)
    .join(Bundle, col(Bundle.id) == Alert.bundle_id)
    .where(
        among(col(Alert.story_id), bindparam("stories")),
        col(Story.grown) >= bindparam("growth"),
        col(Alert.id) > bindparam("after"),
        col(Bundle.released_at).is_(None),
        col(Bundle.release_at) > bindparam("now"),
        ~col(Bundle.is_quiet),
    )
    .order_by(col(Alert.id))
    .limit(bindparam("most", type_=Integer))
)


async def release_alone(tx: Transaction, alerts: Mapping[int, int]) -> None:
    """Move waiting alerts into bundles that are due now. *alerts*: the alert's id, by the chat."""
    bundles = await open_bundles(tx, dict.fromkeys(alerts, (tx.now, False)))
    moving = update(Alert).where(col(Alert.id) == bindparam("alert"))
    moves = [{"alert": alerts[chat_id], "bundle": bundle} for chat_id, bundle in bundles.items()]
    if moves:
        await tx.change(moving.values(bundle_id=bindparam("bundle")), moves)


async def release_together(
    tx: Transaction, chat_id: int, release_at: datetime, *, is_quiet: bool
) -> None:
    """Move all waiting alerts of the chat into one bundle with another release time."""
    waiting = select(Bundle).where(
        col(Bundle.chat_id) == chat_id, col(Bundle.released_at).is_(None)
    )
    bundles = await tx.rows(waiting.order_by(col(Bundle.id)))
    if not bundles:
        return
    kept = next((bundle for bundle in bundles if bundle.release_at == release_at), bundles[0])
    others = [bundle.id for bundle in bundles if bundle is not kept]
    of_others = update(Alert).where(among(col(Alert.bundle_id), others))
    await tx.change(of_others.values(bundle_id=kept.id))
    await tx.change(delete(Bundle).where(among(col(Bundle.id), others)))
    kept.release_at, kept.is_quiet = release_at, is_quiet
    kept.free()
    await tx.flush()
