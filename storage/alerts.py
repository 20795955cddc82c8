"""Alerts: the decision, made once, to send a chat a story at once."""

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
    Index,
    Integer,
    Select,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    exists,
    or_,
    update,
)
from sqlmodel import Field, SQLModel, col, select

from storage.articles import Article, ArticleAddress, ScopedUrl, add_address
from storage.chats import Chat, effective_language
from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, among, insert_new, partial_index
from storage.entries import Entry
from storage.enums import (
    NOT_ARRIVED,
    SENT_NOTHING,
    ChatKind,
    ChatState,
    DeliveryKind,
    MailboxState,
    Medium,
    Mode,
    MuteKind,
)
from storage.mailboxes import Mailbox
from storage.matches import Match
from storage.mutes import is_muted, muted_at_once, subjects_muted_of_each
from storage.outbox import Delivery
from storage.publishers import article_reaches
from storage.queries import Query
from storage.stories import Story, chain_of_story, delete_stories
from storage.subscriptions import Subscription
from storage.topics import Topic


class Alert(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("chat_id", "story_id"),
        Index("ix_alert_recent", "chat_id", "bundle_id", "made_at"),
        Index("ix_alert_of_article", "article_id", "chat_id"),
        # Partial, because SQLite would find by it all alerts that were sent at once.
        Index("ix_alert_bundle_id", "bundle_id", **partial_index("bundle_id IS NOT NULL")),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    story_id: int = Field(foreign_key="story.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    chapter: int = 1  # which of the chain's alerts it is for this chat
    article_id: int = Field(foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID)
    topic_ids: list[int] = Field(default_factory=list, sa_type=JSON)
    made_at: datetime
    bundle_id: int | None = Field(  # None: it was sent at once
        default=None, foreign_key="bundle.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    pressed_at: datetime | None = None  # None: its message shows its usual buttons


# Making alerts.


async def make_alerts(
    tx: Transaction, rows: Sequence[Mapping[str, Any]]
) -> dict[tuple[int, int], int]:
    """Return the alerts that are new, by chat and story; those decided before stay as they were."""
    ids = await insert_new(tx, Alert, rows, returning=Alert.id)
    if not ids:
        return {}
    connection = await tx.session.connection()
    made = await connection.execute(_BY_ID, {"ids": ids})
    return {(chat_id, story_id): alert_id for alert_id, chat_id, story_id in made}


_BY_ID: Final = select(Alert.id, Alert.chat_id, Alert.story_id).where(
    among(col(Alert.id), bindparam("ids"))
)


# Which chats are to be alerted to which articles.


class AlertTopic(NamedTuple):
    """A topic of a chat, with its canonical query."""

    id: int
    name: str
    query: str


class AlertChat(NamedTuple):
    """A chat as its alerts are written for it; *language* is an IETF tag."""

    id: int
    zone: str
    language: str
    kind: ChatKind
    state: ChatState


@dataclass(frozen=True, slots=True)
class DueAlert:
    """A chat to alert to an article, and its topics that the article hits, at least one.

    *chain* is the first story of the chain of the article's.
    """

    article_id: int
    story_id: int
    chain: int
    chat: AlertChat
    topics: tuple[AlertTopic, ...]

    @property
    def key(self) -> tuple[int, int]:
        """The order in which alerts fall due."""
        return self.article_id, self.chat.id


def is_reached_at_once(*, by_mail: bool) -> ColumnElement[bool]:
    """Say of a `Chat` in the query whether alerts come to it, where *by_mail* is possible too.

    Mails go on where only Telegram is closed to the bot.
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


# Two conditions, because for one with an OR SQLite reads all alerts of the chat. The second is for
# an alert by a feed of the chat's own: it names another story, since its article was private then
# (`make_public`).
_KNOWS_STORY: Final = exists().where(
    col(Alert.chat_id) == Chat.id, col(Alert.story_id) == Article.story_id
)

_KNOWS_ARTICLE: Final = exists().where(
    col(Alert.article_id) == Article.id, col(Alert.chat_id) == Chat.id
)


@cache
def _due(*, by_mail: bool) -> Select[Any]:
    """Return the statement for `due_alerts`, which takes longer to build than to run.

    A chat wants an article for each of its topics that the article hits, unless it subscribed only
    after the article was stored.
    """
    after = bindparam("after_article", type_=ROW_ID)
    statement: Select[Any] = (
        select(  # type: ignore[call-overload]
            Match.article_id, Article.story_id, chain_of_story(Story),
            Chat.id, Chat.zone, effective_language(), Chat.kind, Chat.state,
            Topic.id, Topic.name, Query.canonical,
        )
        .join(Article, col(Article.id) == Match.article_id)
        .join(Story, col(Story.id) == Article.story_id)
        .join(Query, col(Query.id) == Match.query_id)
        .join(Topic, col(Topic.query_id) == Query.id)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .join(Chat, col(Chat.id) == Subscription.chat_id)
        .where(
            among(col(Match.article_id), bindparam("articles")),
            or_(
                col(Match.article_id) > after,
                and_(
                    col(Match.article_id) == after,
                    col(Chat.id) > bindparam("after_chat", type_=ROW_ID),
                ),
            ),
            ~col(Article.quiet),
            col(Subscription.mode) != Mode.DIGEST,
            col(Subscription.created_at) < Article.stored_at,
            is_reached_at_once(by_mail=by_mail),
            ~_KNOWS_STORY,
            ~_KNOWS_ARTICLE,
            article_reaches(col(Chat.id), col(Article.id)),
        )
        .order_by(col(Match.article_id), col(Chat.id), col(Subscription.id))
        .limit(bindparam("most", type_=Integer))
    )  # fmt: skip
    return statement


async def due_alerts(
    tx: Transaction,
    article_ids: Collection[int],
    *,
    after: tuple[int, int],
    limit: int,
    by_mail: bool = False,
) -> tuple[list[DueAlert], tuple[int, int] | None]:
    """Return a page of the chats to alert to any of the articles, by article and chat.

    It begins behind the article and the chat *after*, and holds up to *limit* topics, of no two
    articles of one chain: what the first alerts to, the second is to find. Left out is what a chat
    was alerted to already, does not see, or has muted. The second value is where the next page
    begins; None at the end.
    """
    connection = await tx.session.connection()
    asked = {"articles": article_ids, "after_article": after[0], "after_chat": after[1]}
    rows = (await connection.execute(_due(by_mail=by_mail), asked | {"most": limit + 1})).all()
    due = [
        DueAlert(
            article_id, story_id, chain, AlertChat(*chat), tuple(AlertTopic(*r[8:]) for r in of)
        )
        for (article_id, story_id, chain, *chat), of in groupby(rows, itemgetter(slice(8)))
    ]
    if len(rows) > limit and len(due) > 1:
        del due[-1]  # whose topics may be on the next page
    page = list(_one_article_of_a_chain(due))
    is_last = len(rows) <= limit and len(page) == len(due)
    return await _not_muted(tx, page), None if is_last else page[-1].key


def _one_article_of_a_chain(due: Iterable[DueAlert]) -> Iterator[DueAlert]:
    """Yield *due* as far as no article is of the same chain as one before it."""
    articles: dict[int, int] = {}
    for one in due:
        if articles.setdefault(one.chain, one.article_id) != one.article_id:
            return
        yield one


async def _not_muted(tx: Transaction, due: Sequence[DueAlert]) -> list[DueAlert]:
    if not due:
        return []
    subjects = await subjects_muted_of_each(tx, {one.chat.id for one in due})
    if not subjects:
        return list(due)
    muting = {
        chat_id
        for chat_id, muted in subjects.items()
        if any(kind is not MuteKind.TOPIC for kind, _ in muted)
    }
    muted = await muted_at_once(tx, {one.article_id for one in due}, muting)
    wanted = (
        replace(
            one,
            topics=tuple(
                topic
                for topic in one.topics
                if (MuteKind.TOPIC, topic.id) not in subjects.get(one.chat.id, ())
            ),
        )
        for one in due
        if one.key not in muted
    )
    return [one for one in wanted if one.topics]


# Alerts that were sent: what each chat's message says by now, so that it can be brought up to date.


@dataclass(frozen=True, slots=True)
class SentAlert:
    """An alert whose message is sent or on its way; *body* is its newest, edits counted in."""

    chat: AlertChat
    id: int
    story_id: int
    article_id: int
    chapter: int
    topic_ids: list[int]
    made_at: datetime
    delivery_id: int
    body: dict[str, Any]


_SENT: Final = (
    select(  # type: ignore[call-overload]
        Alert.id, Alert.story_id, Alert.article_id, Alert.chapter, Alert.topic_ids, Alert.made_at,
        Delivery.id, Delivery.body,
        Chat.id, Chat.zone, effective_language(), Chat.kind, Chat.state,
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


async def sent_alerts(
    tx: Transaction,
    story_ids: Collection[int],
    *,
    since: datetime,
    pressed: datetime,
    after: int,
    limit: int,
) -> list[SentAlert]:
    """Return the alerts to the stories that were made after *since*, with ids above *after*.

    Those of chats that have muted the story are left out, and those whose buttons were pressed
    after *pressed*.
    """
    connection = await tx.session.connection()
    asked = {"stories": story_ids, "since": since, "pressed": pressed, "after": after}
    rows = await connection.execute(_SENT, asked | {"most": limit, "now": tx.now})
    alerts = [SentAlert(AlertChat(*row[8:]), *row[:8]) for row in rows]
    if not alerts:
        return []
    edited = await connection.execute(_EDITED, {"targets": [one.delivery_id for one in alerts]})
    newest = {target: dict(body) for target, body in edited}
    return [replace(one, body=newest.get(one.delivery_id, one.body)) for one in alerts]


# The newest edit of a message comes last.
_EDITED: Final = (
    select(Delivery.target_id, Delivery.body)
    .where(
        among(col(Delivery.target_id), bindparam("targets")),
        col(Delivery.kind) == DeliveryKind.EDIT,
    )
    .order_by(col(Delivery.version))
)


async def alert_topics(tx: Transaction, topic_ids: Collection[int]) -> dict[int, AlertTopic]:
    """Return those of the topics that are there yet, by id."""
    rows = await tx.session.exec(
        select(Topic.id, Topic.name, Query.canonical)
        .join(Query, col(Query.id) == Topic.query_id)
        .where(among(col(Topic.id), topic_ids))
    )
    return {
        topic_id: AlertTopic(topic_id, name, query) for topic_id, name, query in rows if topic_id
    }


async def stories_pressed(tx: Transaction, story_ids: Collection[int], since: datetime) -> set[int]:
    """Return those of the stories of whose alerts any had its buttons pressed after *since*."""
    pressed = select(Alert.story_id).where(
        among(col(Alert.story_id), story_ids), col(Alert.pressed_at) > since
    )
    return set(await tx.session.exec(pressed.distinct()))


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
    """Record since when the message shows other buttons than its usual ones, if it does."""
    alert = (col(Alert.chat_id) == chat_id, col(Alert.story_id) == story_id)
    await tx.session.exec(update(Alert).where(*alert).values(pressed_at=at))


async def topic_names(tx: Transaction, topic_ids: list[int]) -> dict[int, str]:
    """Return the topics that there still are, by row."""
    rows = await tx.session.exec(
        select(Topic.id, Topic.name).where(among(col(Topic.id), topic_ids)).order_by(col(Topic.id))
    )
    return {topic_id: name for topic_id, name in rows if topic_id}


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
