"""Alerts: each row is the decision to alert a chat to a story, made at most once."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    Executable,
    Index,
    Integer,
    Select,
    UniqueConstraint,
    and_,
    bindparam,
    exists,
    or_,
    tuple_,
    update,
)
from sqlmodel import Field, SQLModel, col, select

from storage.articles import Article
from storage.chats import Chat, effective_language
from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, among, insert_new, partial_index
from storage.enums import (
    NOT_ARRIVED,
    SENT_NOTHING,
    ChatKind,
    ChatState,
    DeliveryKind,
    DeliveryState,
    MailboxState,
    Medium,
    Mode,
    MuteKind,
    Sound,
)
from storage.mailboxes import Mailbox
from storage.matches import Match
from storage.mutes import is_muted, muted_at_once, silent_articles, subjects_muted_of_each
from storage.outbox import Delivery
from storage.publishers import article_reaches
from storage.queries import Query
from storage.stories import Story, chain_of_story
from storage.subscriptions import Subscription
from storage.topics import NamedTopic, Topic


class Alert(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("chat_id", "story_id"),
        Index("ix_alert_recent", "chat_id", "bundle_id", "made_at"),
        Index("ix_alert_of_article", "article_id", "chat_id"),
        # Partial, because SQLite would otherwise search it for alerts without a bundle, too.
        Index("ix_alert_bundle_id", "bundle_id", **partial_index("bundle_id IS NOT NULL")),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    story_id: int = Field(foreign_key="story.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    chapter: int = 1  # its place among the chain's alerts to this chat
    article_id: int = Field(foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID)
    topic_ids: list[int] = Field(default_factory=list, sa_type=JSON)
    made_at: datetime
    bundle_id: int | None = Field(  # None: the alert was sent at once, as a message of its own
        default=None, foreign_key="bundle.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    pressed_at: datetime | None = None  # None: the message shows its usual buttons
    dropped: bool = False  # its bundle was sent without it


# Making alerts.


async def make_alerts(
    tx: Transaction, rows: Sequence[Mapping[str, Any]]
) -> dict[tuple[int, int], int]:
    """Insert the alerts that do not exist yet; return their ids, by chat and story."""
    ids = await insert_new(tx, Alert, rows, returning=Alert.id)
    if not ids:
        return {}
    made = await tx.rows(_BY_ID, ids=ids)
    return {(chat_id, story_id): alert_id for alert_id, chat_id, story_id in made}


_BY_ID: Final = select(Alert.id, Alert.chat_id, Alert.story_id).where(
    among(col(Alert.id), bindparam("ids"))
)


def not_alerted(chat_id: Any, story_id: Any) -> ColumnElement[bool]:
    """Build the condition that the chat has no alert to the story; arguments may be columns."""
    of_story = exists().where(col(Alert.chat_id) == chat_id, col(Alert.story_id) == story_id)
    return ~of_story.correlate_except(Alert)


# Due alerts: the chats to alert to articles.


_ALERTING: Final = select(Topic.query_id).where(
    among(col(Topic.query_id), bindparam("queries")),
    exists().where(
        col(Subscription.topic_id) == col(Topic.id), col(Subscription.mode) != Mode.DIGEST
    ),
)


async def queries_alerting(tx: Transaction, query_ids: Collection[int]) -> set[int]:
    """Return the queries that any subscription with alerts has, muted or not.

    A subscription that begins later gets no alerts to the articles that are stored now.
    """
    return set(await tx.rows(_ALERTING, queries=query_ids)) if query_ids else set()


class AlertChat(NamedTuple):
    """The columns of a chat that rendering its alerts needs; *language* is an IETF tag."""

    id: int
    zone: str
    language: str
    kind: ChatKind
    state: ChatState
    pictures: bool = False  # in alerts
    hashtags: bool = False


@dataclass(frozen=True, slots=True)
class DueAlert:
    """A chat to alert to an article. *topics*: the chat's topics that it matches, at least one.

    *chain*: the first story of the chain that the article's story belongs to. *growth*: how many
    articles have joined the story since its first. *has_silent_publisher*: the chat has silenced
    all publishers of the article.
    """

    article_id: int
    story_id: int
    chain: int
    growth: int
    chat: AlertChat
    topics: tuple[NamedTopic, ...]
    has_silent_publisher: bool = False

    @property
    def sound(self) -> Sound:
        """The loudest of the topics; without a sound if the publisher is silent."""
        sounds = {topic.sound for topic in self.topics}
        if Sound.LOUD in sounds:
            return Sound.LOUD
        is_silent = self.has_silent_publisher or sounds == {Sound.SILENT}
        return Sound.SILENT if is_silent else Sound.NORMAL

    @property
    def chat_id(self) -> int:
        return self.chat.id

    @property
    def key(self) -> tuple[int, int]:
        """The order in which alerts fall due."""
        return self.article_id, self.chat.id


_NOT_ACTIVE: Final = [state for state in ChatState if state is not ChatState.ACTIVE]


def is_reached_at_once(*, by_mail: bool) -> ColumnElement[bool]:
    """Build the condition that alerts reach a `Chat`. *by_mail*: whether the bot sends mail at all.

    A chat that Telegram has closed to the bot still gets its alerts by mail.
    """
    # Not `state = 'active'`, which PostgreSQL takes for rare as long as it has no statistics.
    active = col(Chat.state).not_in(_NOT_ACTIVE)
    if not by_mail:
        return active
    mailed = exists().where(
        col(Mailbox.chat_id) == Chat.id,
        col(Mailbox.state) == MailboxState.ACTIVE,
        col(Mailbox.alerts),
    )
    return or_(active, and_(col(Chat.state).not_in(SENT_NOTHING), mailed))


async def due_alerts(
    tx: Transaction,
    article_ids: Collection[int],
    *,
    after: tuple[int, int],
    limit: int,
    by_mail: bool = False,
) -> tuple[list[DueAlert], tuple[int, int] | None]:
    """Return a page of the chats to alert to the articles, and the *after* of the next page.

    The page is ordered by article and chat, begins behind *after* and holds at most *limit* topics.
    The second value is None on the last page. A page ends before a second article of one chain,
    because the alert to the first must be stored before the second is decided. Leaves out chats
    that were already alerted, that the article does not reach, or that have muted it.
    """
    rows = await tx.rows(
        _due_topics(by_mail=by_mail),
        articles=article_ids,
        after_article=after[0],
        after_chat=after[1],
        most=limit + 1,
    )
    due = [
        DueAlert(
            article_id,
            story_id,
            chain,
            growth,
            AlertChat(*chat),
            tuple(NamedTopic(*row[11:]) for row in rows_of_chat),
        )
        for (article_id, story_id, chain, growth, *chat), rows_of_chat in groupby(
            rows, itemgetter(slice(11))
        )
    ]
    if len(rows) > limit and len(due) > 1:
        del due[-1]  # its topics may continue on the next page
    page = list(_one_article_of_a_chain(due))
    is_last = len(rows) <= limit and len(page) == len(due)
    return await _not_muted(tx, page), None if is_last else page[-1].key


@cache
def _due_topics(*, by_mail: bool) -> Executable:
    """Build the statement of `due_alerts` once, because building takes longer than running it.

    Each row is a topic of a chat that matches an article. Leaves out subscriptions that began after
    the article was stored.
    """
    hits = _hits().cte("hits").prefix_with("MATERIALIZED")
    statement: Executable = (
        select(  # type: ignore[call-overload]
            hits.c.article_id, hits.c.story_id, chain_of_story(Story), Story.grown,
            Chat.id, Chat.zone, effective_language(), Chat.kind, Chat.state,
            Chat.alert_pictures, Chat.hashtags,
            Topic.id, Topic.name, Query.canonical, col(Topic.chat_id).is_(None), hits.c.sound,
        )
        .join(Story, col(Story.id) == hits.c.story_id)
        .join(Chat, col(Chat.id) == hits.c.chat_id)
        .join(Topic, col(Topic.id) == hits.c.topic_id)
        .join(Query, col(Query.id) == Topic.query_id)
        .where(
            is_reached_at_once(by_mail=by_mail),
            not_alerted(hits.c.chat_id, hits.c.story_id),
            article_reaches(hits.c.chat_id, hits.c.article_id),
        )
        .order_by(hits.c.article_id, hits.c.chat_id, hits.c.subscription_id)
        .limit(bindparam("most", type_=Integer))
    )  # fmt: skip
    return statement


def _hits() -> Select[Any]:
    """Select each subscription with alerts that an article hits, behind the cursor of the page.

    It is a CTE of its own, because on a database without statistics PostgreSQL would otherwise
    begin with all chats and read every match that their topics ever had.
    """
    after = (
        bindparam("after_article", type_=ROW_ID),
        bindparam("after_chat", type_=ROW_ID),
    )
    hits: Select[Any] = (
        select(  # type: ignore[call-overload]
            col(Article.id).label("article_id"),
            col(Article.story_id),
            col(Subscription.id).label("subscription_id"),
            col(Subscription.chat_id),
            col(Subscription.topic_id),
            col(Subscription.sound),
        )
        .join(Match, col(Match.article_id) == Article.id)
        .join(Topic, col(Topic.query_id) == Match.query_id)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(
            among(col(Article.id), bindparam("articles")),
            tuple_(col(Article.id), col(Subscription.chat_id)) > tuple_(*after),
            ~col(Article.quiet),
            col(Subscription.mode) != Mode.DIGEST,
            col(Subscription.created_at) < Article.stored_at,
        )
    )
    return hits


def _one_article_of_a_chain(due: Iterable[DueAlert]) -> Iterator[DueAlert]:
    """Yield *due* up to the second article of any chain."""
    articles: dict[int, int] = {}
    for alert in due:
        if articles.setdefault(alert.chain, alert.article_id) != alert.article_id:
            return
        yield alert


async def _not_muted(tx: Transaction, due: Sequence[DueAlert]) -> list[DueAlert]:
    """Return *due* without muted topics, and without alerts to muted stories and sources."""
    if not due:
        return []
    subjects = await subjects_muted_of_each(tx, {alert.chat.id for alert in due})
    if not subjects:
        return list(due)
    muting = {
        chat_id
        for chat_id, muted in subjects.items()
        if any(kind not in {MuteKind.TOPIC, MuteKind.SILENT} for kind, _ in muted)
    }
    article_ids = {alert.article_id for alert in due}
    muted = await muted_at_once(tx, article_ids, muting)
    silencing = {
        chat_id
        for chat_id, muted_by in subjects.items()
        if any(kind is MuteKind.SILENT for kind, _ in muted_by)
    }
    silent = await silent_articles(tx, article_ids, silencing)
    unmuted = (
        replace(
            alert,
            topics=tuple(
                topic
                for topic in alert.topics
                if (MuteKind.TOPIC, topic.id) not in subjects.get(alert.chat.id, ())
            ),
            has_silent_publisher=alert.key in silent,
        )
        for alert in due
        if alert.key not in muted
    )
    return [alert for alert in unmuted if alert.topics]


# Sent alerts: the text of each message, so that it can be updated.


@dataclass(frozen=True, slots=True)
class SentAlert:
    """An alert whose message is sent or on its way. *body*: of its last edit, or of the message."""

    chat: AlertChat
    id: int
    story_id: int
    article_id: int
    chapter: int
    topic_ids: list[int]
    made_at: datetime
    delivery_id: int
    body: dict[str, Any]


async def sent_alerts(
    tx: Transaction,
    story_ids: Collection[int],
    *,
    since: datetime,
    pressed: datetime,
    after: int,
    limit: int,
) -> list[SentAlert]:
    """Return alerts to the stories that were made after *since*, with ids above *after*, by id.

    Leaves out alerts of chats that have muted the story, and alerts whose buttons were pressed
    after *pressed*.
    """
    rows = await tx.rows(
        _sent(),
        stories=story_ids,
        since=since,
        pressed=pressed,
        after=after,
        most=limit,
        now=tx.now,
    )
    alerts = [SentAlert(AlertChat(*row[8:]), *row[:8]) for row in rows]
    if not alerts:
        return []
    edits = await tx.rows(_EDITS, targets=[alert.delivery_id for alert in alerts])
    newest = {target: dict(body) for target, body in edits}
    return [replace(alert, body=newest.get(alert.delivery_id, alert.body)) for alert in alerts]


@cache
def _sent() -> Executable:
    statement: Executable = (
        select(  # type: ignore[call-overload]
            Alert.id, Alert.story_id, Alert.article_id, Alert.chapter, Alert.topic_ids,
            Alert.made_at, Delivery.id, Delivery.body,
            Chat.id, Chat.zone, effective_language(), Chat.kind, Chat.state,
            Chat.alert_pictures, Chat.hashtags,
        )
        .join(Chat, col(Chat.id) == Alert.chat_id)
        .join(Delivery, col(Delivery.alert_id) == Alert.id)
        .where(
            col(Delivery.medium) == Medium.TELEGRAM,
            col(Delivery.part) == 1,
            among(col(Alert.story_id), bindparam("stories")),
            col(Alert.made_at) > bindparam("since"),
            col(Alert.id) > bindparam("after"),
            or_(col(Alert.pressed_at).is_(None), col(Alert.pressed_at) <= bindparam("pressed")),
            col(Chat.state) == ChatState.ACTIVE,
            ~is_muted(bindparam("now"), col(Alert.chat_id), col(Alert.story_id)),
            col(Delivery.state).not_in(NOT_ARRIVED),
        )
        .order_by(col(Alert.id))
        .limit(bindparam("most", type_=Integer))
    )  # fmt: skip
    return statement


# The newest edit of a message comes last.
_EDITS: Final = (
    select(Delivery.target_id, Delivery.body)
    .where(
        among(col(Delivery.target_id), bindparam("targets")),
        col(Delivery.kind) == DeliveryKind.EDIT,
    )
    .order_by(col(Delivery.version))
)


async def stories_pressed(tx: Transaction, story_ids: Collection[int], since: datetime) -> set[int]:
    """Return the stories with an alert whose buttons were pressed after *since*."""
    pressed = select(Alert.story_id).where(
        among(col(Alert.story_id), story_ids), col(Alert.pressed_at) > since
    )
    return set(await tx.rows(pressed.distinct()))


# The alerts that a chat has got, to look at again.


class AlertSent(NamedTuple):
    """An alert that has arrived, by any medium, alone or in a bundle.

    *is_muted*: its story is muted now.
    """

    story_id: int
    article_id: int
    chapter: int
    topic_ids: list[int]
    made_at: datetime
    is_muted: bool


async def alerts_sent(
    tx: Transaction, chat_id: int, *, limit: int, story_id: int | None = None
) -> list[AlertSent]:
    """Return the latest alerts of the chat, or those about one story, the newest first."""
    # Two conditions, so that each uses an index of its own.
    alone = exists().where(
        col(Delivery.alert_id) == col(Alert.id), col(Delivery.state) == DeliveryState.SENT
    )
    bundled = exists().where(
        col(Delivery.bundle_id) == col(Alert.bundle_id), col(Delivery.state) == DeliveryState.SENT
    )
    where = [col(Alert.chat_id) == chat_id, or_(alone, bundled)]
    if story_id is not None:
        where.append(col(Alert.story_id) == story_id)
    rows = await tx.rows(
        select(  # type: ignore[call-overload]
            Alert.story_id, Alert.article_id, Alert.chapter, Alert.topic_ids, Alert.made_at,
            is_muted(tx.now, col(Alert.chat_id), col(Alert.story_id)),
        )
        .where(*where)
        .order_by(col(Alert.made_at).desc(), col(Alert.id).desc())
        .limit(limit)
    )  # fmt: skip
    return [AlertSent(*row) for row in rows]


# Pressed alerts.


async def mark_pressed(
    tx: Transaction, chat_id: int, story_id: int, pressed_at: datetime | None
) -> None:
    """Record when a button was pressed; None: the message shows its usual buttons again."""
    alert = (col(Alert.chat_id) == chat_id, col(Alert.story_id) == story_id)
    await tx.change(update(Alert).where(*alert).values(pressed_at=pressed_at))
