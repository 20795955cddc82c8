"""What editions are composed of: the topics of chats, and what queries found since the last."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func
from sqlmodel import col, select

from storage.articles import Article
from storage.engine import Unit
from storage.matches import Match
from storage.mutes_heard import is_heard
from storage.queries import Query
from storage.sources_carrying import carried_to
from storage.subscriptions import Subscription
from storage.topics import Topic
from storage.words import Mode

# A match may be found after the edition that its article was stored before.
MATCHED_LATE = timedelta(hours=48)
# And be committed some time after the moment that it bears: of what an edition could not see the
# next one tells. Nothing comes twice, since what was told is known.
_COMMITTED_LATE = timedelta(minutes=1)
MOST_FOUND = 2000  # of a query, and for a chat


@dataclass(frozen=True, slots=True)
class DigestTopic:
    id: int
    name: str
    query_id: int
    query: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """One match of a query; a story may come several times."""

    query_id: int
    words: list[str]
    in_title: bool
    story_id: int
    article_id: int
    title: str
    url: str
    news_at: datetime
    published_at: datetime | None
    published_on: date | None
    found_at: datetime
    quiet: bool

    def is_new_since(self, since: datetime) -> bool:
        """Whether a digest that reaches back to *since* tells it.

        A quiet article counts only if it was published after *since*.
        """
        if self.news_at > since:
            return True
        return (
            not self.quiet
            and self.found_at > since - _COMMITTED_LATE
            and self.news_at > since - MATCHED_LATE
        )


async def digest_topics(unit: Unit, chat_id: int) -> list[DigestTopic]:
    """Return what the chat wants in its digest, in its order; `since`: when it subscribed."""
    return (await digest_topics_of_each(unit, [chat_id])).get(chat_id, [])


async def digest_topics_of_each(
    unit: Unit, chat_ids: Collection[int]
) -> Mapping[int, list[DigestTopic]]:
    """Return the same by chat, for those of the chats that want anything."""
    connection = await unit.session.connection()
    rows = await connection.execute(
        select(  # type: ignore[call-overload]
            Subscription.chat_id,
            Topic.id,
            Topic.name,
            Query.id,
            Query.canonical,
            Subscription.created_at,
        )
        .join(Topic, col(Topic.id) == Subscription.topic_id)
        .join(Query, col(Query.id) == Topic.query_id)
        .where(
            col(Subscription.chat_id).in_(list(chat_ids)),
            col(Subscription.mode) != Mode.INSTANT,
            ~col(Subscription.paused),
        )
        .order_by(col(Subscription.id))
    )
    topics: defaultdict[int, list[DigestTopic]] = defaultdict(list)
    for chat_id, *topic in rows:
        topics[chat_id].append(DigestTopic(*topic))
    return topics


async def found_since(
    unit: Unit, query_ids: Iterable[int], since: datetime, chat_id: int | None = None
) -> Mapping[int, Sequence[Found]]:
    """Return, by query, what may be new to a digest that reaches back to *since*, newest first.

    Up to 2000 of each query. Of public sources, or what reaches the chat and it has not muted.
    """
    reaching = (
        is_heard(unit, chat_id, col(Article.id), col(Article.story_id))
        if chat_id
        else carried_to(None, col(Article.id))
    )
    newest_first = (col(Match.news_at).desc(), col(Article.id).desc())
    matches = (
        select(  # type: ignore[call-overload]
            Match.query_id,
            Match.words,
            Match.in_title,
            Article.story_id,
            col(Article.id).label("article_id"),
            Article.title,
            Article.url,
            Match.news_at,
            Article.published_at,
            Article.published_on,
            Match.found_at,
            Article.quiet,
            func.row_number()
            .over(partition_by=col(Match.query_id), order_by=newest_first)
            .label("place"),
        )
        .join(Article, col(Article.id) == Match.article_id)
        .where(
            col(Match.query_id).in_(list(query_ids)),
            col(Match.news_at) > since - MATCHED_LATE,
            col(Match.news_at) <= unit.now,
            reaching,
        )
        .subquery()
    )
    connection = await unit.session.connection()
    rows = await connection.execute(
        select(*(column for column in matches.c if column.name != "place"))
        .where(matches.c.place <= MOST_FOUND)
        .order_by(matches.c.query_id, matches.c.place)
    )
    found: defaultdict[int, list[Found]] = defaultdict(list)
    for row in rows:
        found[row.query_id].append(Found(*row))
    return found


async def texts_of(unit: Unit, article_ids: Iterable[int]) -> dict[int, str]:
    """Return the text of each article, or its summary where it has none."""
    rows = await unit.session.exec(
        select(Article.id, Article.text, Article.summary).where(
            col(Article.id).in_(list(article_ids))
        )
    )
    return {article_id: text or summary for article_id, text, summary in rows if article_id}
