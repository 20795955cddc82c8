"""Alerts: the decision, made once, to send a chat a story at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    Index,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel, col, select

from storage.articles import Article, ArticleAddress, ScopedUrl, add_address, is_at
from storage.chats import Chat, effective_language
from storage.db.engine import Transaction
from storage.db.leases import claim, release, renew
from storage.db.sql import NUMBERED, ROW_ID, among, insert_new
from storage.entries import Entry
from storage.enums import (
    NOT_ARRIVED,
    SENT_NOTHING,
    ChatState,
    DeliveryKind,
    MailboxState,
    Medium,
    Mode,
    MuteKind,
    Stage,
)
from storage.mailboxes import Mailbox
from storage.mutes import is_muted, muted_at_once, subjects_muted_of_each
from storage.outbox import Delivery
from storage.publishers import Publisher, publishers_of_story
from storage.queries import Match, Query
from storage.sources import Follow
from storage.stories import Story, chain_of_story, delete_stories
from storage.subscriptions import Subscription
from storage.topics import Topic

_message = aliased(Delivery, name="message")


class Alert(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("chat_id", "story_id"),
        Index("ix_alert_recent", "chat_id", "made_at"),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    story_id: int = Field(foreign_key="story.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    chapter: int = 1  # which of the chain's alerts it is for this chat
    article_id: int = Field(
        foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    topic_ids: list[int] = Field(default_factory=list, sa_type=JSON)
    made_at: datetime
    bundle_id: int | None = Field(  # None: it was sent at once
        default=None, foreign_key="bundle.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    pressed_at: datetime | None = None  # None: its message shows its usual buttons


@dataclass(frozen=True, slots=True)
class AlertListener:
    """A chat that wants an article at once, for one of its topics; it may come several times."""

    chat_id: int
    zone: str
    topic_id: int
    topic: str
    query: str
    by_telegram: bool = True  # False: that way is shut for now
    language: str = ""  # the tag of what the chat is spoken to in


async def claim_matched(
    tx: Transaction, *, limit: int, owner: str, lease: timedelta
) -> list[Article]:
    """Lease the oldest articles that are matched and not yet published."""
    due = is_at(Stage.MATCHED)
    order = (col(Article.id),)
    rows = await claim(tx, Article, due, order=order, limit=limit, owner=owner, lease=lease)
    return sorted(rows, key=lambda article: article.id)


async def renew_article(tx: Transaction, article_id: int, owner: str, lease: timedelta) -> bool:
    """Renew the lease; False if another has taken the article over."""
    return bool(await renew(tx, Article, [article_id], owner, lease))


async def finish_articles(tx: Transaction, article_ids: Sequence[int], owner: str) -> None:
    await release(tx, Article, article_ids, owner, stage=Stage.PUBLISHED)


async def matched_by_any(tx: Transaction, article_ids: Sequence[int]) -> set[int]:
    """Return those of the articles that any query matched."""
    rows = select(Match.article_id).where(among(col(Match.article_id), article_ids)).distinct()
    return set(await tx.session.exec(rows))


async def make_alerts(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Return the alerts that are new, by chat; those decided before stay as they were."""
    ids = await insert_new(tx, Alert, rows, returning=Alert.id)
    made = select(Alert.chat_id, Alert.id).where(among(col(Alert.id), ids))
    return {chat_id: alert_id for chat_id, alert_id in await tx.session.exec(made) if alert_id}


def message_of_alert(medium: Medium = Medium.TELEGRAM) -> ColumnElement[bool]:
    """Say whether a `Delivery` in the query is the message of an `Alert` in it by *medium*.

    Of a bundle the first part speaks for all.
    """
    first = (col(_message.medium) == medium, col(_message.part) == 1)
    alone = select(_message.id).where(col(_message.alert_id) == Alert.id, *first)
    together = select(_message.id).where(col(_message.bundle_id) == Alert.bundle_id, *first)
    found = func.coalesce(alone.scalar_subquery(), together.scalar_subquery())
    return col(Delivery.id) == found


# Who wants an article at once.


class AlertListeners(NamedTuple):
    """*last* is the chat after which there may be more; None at the end."""

    found: list[AlertListener]
    last: int | None


def is_reached_at_once(*, by_mail: bool) -> ColumnElement[bool]:
    """Say of a `Chat` in the query whether alerts come to it, where *by_mail* is a way too.

    Mails go on where only Telegram's way is shut.
    """
    active = col(Chat.state) == ChatState.ACTIVE
    if not by_mail:
        return active
    mailed = exists().where(
        col(Mailbox.chat_id) == Chat.id,
        col(Mailbox.state) == MailboxState.ACTIVE,
        col(Mailbox.alerts),
    )
    return or_(active, and_(col(Chat.state).not_in(SENT_NOTHING), mailed))


async def listeners(
    tx: Transaction, article: Article, *, after: int, limit: int, by_mail: bool = False
) -> AlertListeners:
    """Return who is to be alerted to *article* and was not: up to *limit* chats, by row.

    Chats up to the row *after* are left out, as are those that neither follow a source of it nor
    get it from a public one, or have muted it, and those that subscribed when it was stored
    already.
    """
    publishers = (await publishers_of_story(tx, article.story_id, ())).publishers
    wanted = _wanting(article).where(
        col(Chat.id) > after,
        is_reached_at_once(by_mail=by_mail),
        ~_alerted(article),
        *_reached_by(article, publishers),
    )
    page = wanted.with_only_columns(col(Chat.id)).distinct().order_by(col(Chat.id)).limit(limit)
    rows = await tx.session.exec(
        wanted.where(col(Chat.id).in_(page)).order_by(col(Chat.id), col(Subscription.id))
    )
    found = [
        AlertListener(chat_id, zone, topic_id, topic, query, state is ChatState.ACTIVE, language)
        for chat_id, zone, topic_id, topic, query, state, language in rows
    ]
    chat_ids = {one.chat_id for one in found}
    sources = {one.source_id for one in publishers}
    muted = await muted_at_once(tx, article, sources, chat_ids)
    subjects = await subjects_muted_of_each(tx, chat_ids)
    heard = [
        one
        for one in found
        if one.chat_id not in muted
        and (MuteKind.TOPIC, one.topic_id) not in subjects.get(one.chat_id, ())
    ]
    return AlertListeners(heard, max(chat_ids) if len(chat_ids) == limit else None)


def _wanting(article: Article) -> Any:
    return (
        select(  # type: ignore[call-overload]
            Chat.id,
            Chat.zone,
            Topic.id,
            Topic.name,
            Query.canonical,
            Chat.state,
            effective_language(),
        )
        .join(Subscription, col(Subscription.chat_id) == Chat.id)
        .join(Topic, col(Topic.id) == Subscription.topic_id)
        .join(Query, col(Query.id) == Topic.query_id)
        .join(Match, col(Match.query_id) == Query.id)
        .where(
            col(Match.article_id) == article.id,
            col(Subscription.mode) != Mode.DIGEST,
            ~col(Subscription.paused),
            col(Subscription.created_at) < article.stored_at,
        )
    )


def _alerted(article: Article) -> ColumnElement[bool]:
    """Say of a `Chat` whether it was alerted to the story, or to the article by a feed of its own.

    Such an alert names another story: its article was private then (`make_public`).
    """
    reports = or_(col(Alert.story_id) == article.story_id, col(Alert.article_id) == article.id)
    return exists().where(col(Alert.chat_id) == Chat.id, reports)


def _reached_by(article: Article, publishers: Collection[Publisher]) -> list[ColumnElement[bool]]:
    """Say which `Chat` sees the article: any, where a public source carried it."""
    own = [one for one in publishers if one.article_id == article.id]
    if any(one.is_public for one in own):
        return []
    private = {one.source_id for one in own}
    return [exists().where(col(Follow.chat_id) == Chat.id, among(col(Follow.source_id), private))]


# Alerts that were sent: what each chat's message says by now, so that it can be brought up.


@dataclass(frozen=True, slots=True)
class SentAlert:
    """An alert whose message is sent or on its way; *body* is its newest, edits counted in."""

    id: int
    chat_id: int
    zone: str
    article_id: int
    chapter: int
    topic_ids: list[int]
    made_at: datetime
    delivery_id: int
    body: dict[str, Any]
    language: str


async def alerted_since(tx: Transaction, story_ids: Collection[int], since: datetime) -> set[int]:
    """Return those of the stories that anybody was alerted to after *since*."""
    rows = select(Alert.story_id).where(
        among(col(Alert.story_id), story_ids), col(Alert.made_at) > since
    )
    return set(await tx.session.exec(rows.distinct()))


async def sent_alerts(
    tx: Transaction, story_id: int, *, since: datetime, pressed: datetime, after: int, limit: int
) -> list[SentAlert]:
    """Return the alerts to the story that were made after *since*, with ids above *after*.

    Those of chats that have muted the story are left out, and those whose buttons were pressed
    after *pressed*.
    """
    rows = await tx.session.exec(
        select(  # type: ignore[call-overload]
            Alert.id, Alert.chat_id, Chat.zone, Alert.article_id, Alert.chapter, Alert.topic_ids,
            Alert.made_at, Delivery.id, Delivery.body, effective_language(),
        )
        .join(Chat, col(Chat.id) == Alert.chat_id)
        .join(Delivery, col(Delivery.alert_id) == Alert.id)
        .where(
            col(Delivery.medium) == Medium.TELEGRAM,
            col(Delivery.part) == 1,
            col(Alert.story_id) == story_id,
            col(Alert.made_at) > since,
            col(Alert.id) > after,
            or_(col(Alert.pressed_at).is_(None), col(Alert.pressed_at) <= pressed),
            col(Chat.state) == ChatState.ACTIVE,
            ~is_muted(tx, col(Alert.chat_id), story_id),
            col(Delivery.state).not_in(NOT_ARRIVED),
        )
        .order_by(col(Alert.id))
        .limit(limit)
    )  # fmt: skip
    alerts = [SentAlert(*row) for row in rows]
    edited = await _edited(tx, [alert.delivery_id for alert in alerts])
    return [replace(one, body=edited.get(one.delivery_id, one.body)) for one in alerts]


async def _edited(tx: Transaction, delivery_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the body of the newest edit of each, where there is one."""
    rows = await tx.session.exec(
        select(Delivery.target_id, Delivery.body)
        .where(among(col(Delivery.target_id), delivery_ids), Delivery.kind == DeliveryKind.EDIT)
        .order_by(col(Delivery.version))
    )
    return {target: dict(body) for target, body in rows if target is not None}


async def still_wanted(
    tx: Transaction, alerts: Collection[SentAlert]
) -> dict[int, list[AlertListener]]:
    """Return the topics that each alert named, by the alert's id, as far as they are there yet."""
    wanted = {topic_id for alert in alerts for topic_id in alert.topic_ids}
    rows = await tx.session.exec(
        select(Topic.id, Topic.name, Query.canonical)
        .join(Query, col(Query.id) == Topic.query_id)
        .where(among(col(Topic.id), wanted))
    )
    topics = {topic_id: (name, query) for topic_id, name, query in rows if topic_id}
    return {
        alert.id: [
            AlertListener(
                alert.chat_id, alert.zone, topic_id, *topics[topic_id], language=alert.language
            )
            for topic_id in alert.topic_ids
            if topic_id in topics
        ]
        for alert in alerts
    }


# Alerts whose buttons are pressed: what they said, of whose chat they are.


class PressedAlert(NamedTuple):
    """*chain* is the first story of the alert's."""

    chain: int
    article_id: int
    topic_ids: list[int]
    title: str
    text: str


async def alert_of_button(tx: Transaction, chat_id: int, story_id: int) -> PressedAlert | None:
    """Return the chat's alert to the story, if there is one."""
    rows = await tx.session.exec(
        select(
            chain_of_story(Story), Alert.article_id, Alert.topic_ids, Article.title, Article.text
        )  # type: ignore[call-overload]
        .join(Story, col(Story.id) == Alert.story_id)
        .join(Article, col(Article.id) == Alert.article_id)
        .where(col(Alert.chat_id) == chat_id, col(Alert.story_id) == story_id)
    )
    row = rows.first()
    return PressedAlert(*row) if row else None


async def mark_pressed(tx: Transaction, chat_id: int, story_id: int, at: datetime | None) -> None:
    """Write down since when the message shows other buttons than its usual ones, if it does."""
    ours = (col(Alert.chat_id) == chat_id, col(Alert.story_id) == story_id)
    await tx.session.exec(update(Alert).where(*ours).values(pressed_at=at))


async def is_any_pressed(tx: Transaction, story_id: int, since: datetime) -> bool:
    """Say whether the buttons of any alert to the story were pressed after *since*."""
    pressed = exists().where(col(Alert.story_id) == story_id, col(Alert.pressed_at) > since)
    return (await tx.session.exec(select(pressed))).one()


async def topic_names(tx: Transaction, topic_ids: list[int]) -> dict[int, str]:
    """Return the topics that there still are, by row."""
    rows = await tx.session.exec(
        select(Topic.id, Topic.name).where(among(col(Topic.id), topic_ids)).order_by(col(Topic.id))
    )
    return {topic_id: name for topic_id, name in rows if topic_id}


# Chapters: what chats were sent of a story before it moved on.


@dataclass(frozen=True, slots=True)
class EarlierReports:
    """How many chapters a chat was sent, and the delivery of the first, if there is one."""

    chapters: int = 0
    delivery_id: int | None = None


NO_EARLIER_REPORTS = EarlierReports()


@dataclass(frozen=True, slots=True)
class FirstMail:
    """The alert or bundle that was mailed to a chat first of a chain, and when it was mailed."""

    kind: DeliveryKind
    number: int
    made_at: datetime


async def reported_before(
    tx: Transaction, story_id: int, chat_ids: Collection[int], since: datetime
) -> dict[int, EarlierReports]:
    """Return what each chat was sent, after *since*, of the other chapters of the story's chain.

    Alerts that expired or failed do not count.
    """
    others = await _others_of_chain(tx, story_id)
    if not others or not chat_ids:
        return {}
    rows = await tx.session.exec(
        select(Alert.chat_id, Delivery.id, Delivery.state)
        .outerjoin(Delivery, message_of_alert())
        .where(
            among(col(Alert.story_id), others),
            among(col(Alert.chat_id), chat_ids),
            col(Alert.made_at) > since,
        )
        .order_by(col(Alert.id))
    )
    reports: dict[int, EarlierReports] = {}
    for chat_id, delivery_id, state in rows:
        if state not in NOT_ARRIVED:
            before = reports.get(chat_id, NO_EARLIER_REPORTS)
            first = delivery_id if before.delivery_id is None else before.delivery_id
            reports[chat_id] = EarlierReports(before.chapters + 1, first)
    return reports


async def first_mails(
    tx: Transaction, story_id: int, chat_ids: Collection[int], since: datetime
) -> dict[int, FirstMail]:
    """Return what each chat was mailed first, after *since*, of the chain, by chat."""
    others = await _others_of_chain(tx, story_id)
    if not others or not chat_ids:
        return {}
    rows = await tx.session.exec(
        select(Alert.chat_id, Alert.id, Alert.bundle_id, Delivery.created_at)
        .join(Delivery, message_of_alert(Medium.EMAIL))
        .where(
            among(col(Alert.story_id), others),
            among(col(Alert.chat_id), chat_ids),
            col(Alert.made_at) > since,
            col(Delivery.state).not_in(NOT_ARRIVED),
        )
        .order_by(col(Alert.id).desc())
    )
    return {
        chat_id: FirstMail(DeliveryKind.BUNDLE, bundle, made_at)
        if bundle
        else FirstMail(DeliveryKind.ALERT, alert, made_at)
        for chat_id, alert, bundle, made_at in rows
    }


async def _others_of_chain(tx: Transaction, story_id: int) -> list[int]:
    """Return none where the story begins its chain: what continues it comes later."""
    first = (
        await tx.session.exec(select(Story.continues_id).where(col(Story.id) == story_id))
    ).one()
    if first is None:
        return []
    chain = or_(col(Story.id) == first, col(Story.continues_id) == first)
    rows = await tx.session.exec(select(Story.id).where(chain, col(Story.id) != story_id))
    return [row for row in rows if row is not None]


# Two articles that turn out to be one.


async def merge_articles(tx: Transaction, lost: Article, kept: Article) -> None:
    """Give to *kept* all that carries *lost*, which no step has looked at yet, and forget that.

    Both are locked.
    """
    lost_id, kept_id = lost.id, kept.id
    for table in (Entry, ArticleAddress):
        await tx.session.exec(
            update(table).where(col(table.article_id) == lost_id).values(article_id=kept_id)
        )
    await tx.session.exec(delete(Article).where(col(Article.id) == lost_id))
    await delete_stories(tx, [lost.story_id])
    await add_address(tx, kept_id, ScopedUrl(lost.url_hash, lost.scope_id))


async def make_public(tx: Transaction, articles: Mapping[int, int]) -> None:
    """Let the chats that have had a private article have the public one of its URL from now on.

    *articles*: the public one by the private one. That keeps its row as long as rows are kept, but
    no source carries it any more. Who was alerted to it counts as alerted to the public one.
    """
    if not articles:
        return
    connection = await tx.session.connection()
    rows = [{"private": private, "public": public} for private, public in articles.items()]
    for table in (Entry, Alert):
        moved = update(table).where(col(table.article_id) == bindparam("private"))
        await connection.execute(moved.values(article_id=bindparam("public")), rows)
