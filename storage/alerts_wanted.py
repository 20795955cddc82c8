"""Who wants an article at once."""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlmodel import col, select

from storage.alerts import Alert, Listener
from storage.articles import Article
from storage.chats import Chat, spoken_to
from storage.engine import Unit
from storage.mailboxes import Mailbox
from storage.matches import Match
from storage.mutes_at_once import Carrier, carriers_of_story, muted_of
from storage.queries import Query
from storage.sources import Follow
from storage.subscriptions import Subscription
from storage.topics import Topic
from storage.words import SHUT, ChatState, MailboxState, Mode


class Listeners(NamedTuple):
    """*last* is the chat after which there may be more; None at the end."""

    found: list[Listener]
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
    return or_(active, and_(col(Chat.state).not_in(SHUT), mailed))


async def listeners(
    unit: Unit, article: Article, *, after: int, limit: int, by_mail: bool = False
) -> Listeners:
    """Return who is to be alerted to *article* and was not: up to *limit* chats, by row.

    Chats up to the row *after* are left out, as are those that neither follow a source of it nor
    get it from a public one, or have muted it, and those that subscribed when it was stored
    already.
    """
    carriers = await carriers_of_story(unit, article.story_id)
    wanted = _wanting(article).where(
        col(Chat.id) > after,
        is_reached_at_once(by_mail=by_mail),
        ~_alerted(article),
        *_carried_to(article, carriers),
    )
    page = wanted.with_only_columns(col(Chat.id)).distinct().order_by(col(Chat.id)).limit(limit)
    rows = await unit.session.exec(
        wanted.where(col(Chat.id).in_(page)).order_by(col(Chat.id), col(Subscription.id))
    )
    found = [
        Listener(chat_id, zone, topic_id, topic, query, state is ChatState.ACTIVE, language)
        for chat_id, zone, topic_id, topic, query, state, language in rows
    ]
    chat_ids = {one.chat_id for one in found}
    topic_ids = {one.topic_id for one in found}
    muted = await muted_of(unit, article, carriers, chat_ids=chat_ids, topic_ids=topic_ids)
    heard = [one for one in found if muted.hears(one.chat_id, one.topic_id)]
    return Listeners(heard, max(chat_ids) if len(chat_ids) == limit else None)


def _wanting(article: Article) -> Any:
    return (
        select(  # type: ignore[call-overload]
            Chat.id,
            Chat.zone,
            Topic.id,
            Topic.name,
            Query.canonical,
            Chat.state,
            spoken_to(),
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
    told = or_(col(Alert.story_id) == article.story_id, col(Alert.article_id) == article.id)
    return exists().where(col(Alert.chat_id) == Chat.id, told)


def _carried_to(article: Article, carriers: Collection[Carrier]) -> list[ColumnElement[bool]]:
    """What a `Chat` must be to be told of it; nothing where a public source carried it."""
    own = [one for one in carriers if one.article_id == article.id]
    if any(one.is_public for one in own):
        return []
    private = {one.source_id for one in own}
    return [exists().where(col(Follow.chat_id) == Chat.id, col(Follow.source_id).in_(private))]
