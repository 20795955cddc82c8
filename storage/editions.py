"""Editions: the dated digests of each chat, and the stories that each one had."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import JSON, UniqueConstraint, and_, bindparam, func, or_
from sqlmodel import Field, SQLModel, col, select

from storage.articles import Article
from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.leases import claim, release_each
from storage.db.sql import NUMBERED, ROW_ID, among, insert_new
from storage.enums import SENT_NOTHING, ChatState, DigestMedium, Mode
from storage.matches import Match
from storage.mutes import is_not_muted
from storage.publishers import article_reaches
from storage.queries import Query
from storage.reports import reported_stories
from storage.subscriptions import Subscription
from storage.topics import Topic


class Edition(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("chat_id", "local_date", "schedule_number"), NUMBERED)

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    local_date: date
    schedule_number: int = 0
    due_at: datetime
    made_at: datetime
    since: datetime  # what it reaches back to
    stories: int = 0
    topics: list[tuple[int, str]] = Field(default_factory=list, sa_type=JSON)  # its sections


class EditionStory(SQLModel, table=True):
    """A story that a chat had in a digest; it never comes again as new.

    The article stands for the story. The two are no foreign keys, which would want an index of
    their own on the largest table there is; they are kept for longer than an edition.
    """

    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    story_id: int = Field(primary_key=True, sa_type=ROW_ID)
    edition_id: int = Field(
        foreign_key="edition.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    place: int = 0  # in the order of the edition
    article_id: int = Field(default=0, sa_type=ROW_ID)
    topic_ids: list[int] = Field(default_factory=list, sa_type=JSON)  # those that it hit
    alerted: bool = False


# Nearly every chat that had an edition at all had one since.
_LATELY = timedelta(days=20)


@dataclass(frozen=True, slots=True)
class LastEditions:
    """*days*: of each schedule time's last one, if recent; *made_at*: of the last one."""

    days: Mapping[int, date]
    made_at: datetime | None


async def claim_due_chats(
    tx: Transaction, *, limit: int, owner: str, lease: timedelta
) -> list[Chat]:
    """Lease the chats whose digest is due; those suspended wait until they come back.

    Mails go on where only Telegram is closed to the bot.
    """
    by_mail = and_(
        col(Chat.state).not_in(SENT_NOTHING), col(Chat.digest_by) != DigestMedium.TELEGRAM
    )
    reached = or_(col(Chat.state) == ChatState.ACTIVE, by_mail)
    due = and_(col(Chat.next_digest_at) <= tx.now, reached)
    order = (col(Chat.next_digest_at), col(Chat.id))
    return await claim(tx, Chat, due, order=order, limit=limit, owner=owner, lease=lease)


_LEASED: Final = (
    select(Chat.id, Chat.next_digest_at)
    .where(among(col(Chat.id), bindparam("chats")), col(Chat.owner) == bindparam("holder"))
    .order_by(col(Chat.id))
    .with_for_update()
)


async def schedule_chats(
    tx: Transaction, owner: str, plans: Mapping[int, tuple[datetime | None, datetime | None]]
) -> set[int]:
    """Free the chats, and give each its next moment if its plan is still that of when it was taken.

    *plans*: by chat, when its digest was due and when the next one is. Returned are those that were
    still leased and unchanged.
    """
    connection = await tx.session.connection()
    leased = await connection.execute(_LEASED, {"chats": plans, "holder": owner})
    due_at = {row[0]: row[1] for row in leased}
    settled = {chat_id for chat_id, moment in due_at.items() if moment == plans[chat_id][0]}
    due_at |= {chat_id: plans[chat_id][1] for chat_id in settled}
    await release_each(
        tx, Chat, {chat_id: {"next_digest_at": moment} for chat_id, moment in due_at.items()}
    )
    return settled


async def last_editions(tx: Transaction, chat_id: int) -> LastEditions:
    return (await last_editions_of_each(tx, [chat_id]))[chat_id]


async def last_editions_of_each(
    tx: Transaction, chat_ids: Collection[int]
) -> Mapping[int, LastEditions]:
    last = await _last(tx, chat_ids, (tx.now - _LATELY).date())
    if silent := set(chat_ids) - last.keys():
        last |= await _last(tx, silent, date.min)
    return {chat_id: last.get(chat_id) or LastEditions({}, None) for chat_id in chat_ids}


_MADE: Final = (
    select(
        col(Edition.chat_id),
        col(Edition.schedule_number),
        col(Edition.local_date),
        col(Edition.made_at),
    )
    .where(
        among(col(Edition.chat_id), bindparam("chats")),
        col(Edition.local_date) >= bindparam("since"),
    )
    .order_by(col(Edition.local_date).desc())
)


async def _last(tx: Transaction, chat_ids: Collection[int], since: date) -> dict[int, LastEditions]:
    """Return the last editions since then of each chat that has any."""
    connection = await tx.session.connection()
    days: defaultdict[int, dict[int, date]] = defaultdict(dict)
    made: dict[int, datetime] = {}
    rows = await connection.execute(_MADE, {"chats": chat_ids, "since": since})
    for chat_id, schedule_number, day, made_at in rows:
        days[chat_id].setdefault(schedule_number, day)  # the newest comes first
        made[chat_id] = max(made_at, made.get(chat_id, made_at))
    return {chat_id: LastEditions(days[chat_id], made_at) for chat_id, made_at in made.items()}


_Values = Mapping[str, Any]


async def make_editions(
    tx: Transaction, editions: Sequence[tuple[_Values, Sequence[_Values]]]
) -> dict[int, int]:
    """Make the *editions*, one a chat, with what they list, in order; return their ids by chat.

    Both are columns by name, of `Edition` and of `EditionStory`.
    Left out is one whose date and schedule time have an edition already.
    """
    ids = await insert_new(tx, Edition, [row for row, _ in editions], returning=Edition.id)
    new = select(Edition.chat_id, Edition.id).where(among(col(Edition.id), ids))
    made = dict((await tx.session.exec(new)).all())
    # Most stories hit one topic. A list that is the same object is written as JSON once.
    alike: dict[tuple[int, ...], list[int]] = {}
    rows = [
        {
            "chat_id": row["chat_id"],
            "edition_id": made[row["chat_id"]],
            "place": place,
            **story,
            "topic_ids": alike.setdefault(tuple(story["topic_ids"]), story["topic_ids"]),
        }
        for row, listed in editions
        if row["chat_id"] in made
        for place, story in enumerate(listed)
    ]
    await insert_new(tx, EditionStory, rows)
    return made


# What editions are composed of: the topics of chats, and what queries found since the last.


# A match may be found after the edition that its article was stored before.
MATCHED_LATE = timedelta(hours=48)

# And be committed some time after the moment that it bears: of what an edition could not see the
# next one lists. Nothing comes twice, since what was sent is known.
_COMMITTED_LATE = timedelta(minutes=1)

MOST_FOUND = 2000  # of a query, and for a chat


@dataclass(frozen=True, slots=True)
class DigestTopic:
    """A topic of a digest; `since`: when the chat subscribed.

    *missed_until*: alerts alone are wanted, and none came through from `since` until then.
    """

    id: int
    name: str
    query_id: int
    query: str
    since: datetime
    missed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class FoundArticle:
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

    def was_missed(self, since: datetime, until: datetime) -> bool:
        """Whether a chat would have been alerted to it in that time."""
        return not self.quiet and since < self.found_at <= until

    def is_new_since(self, since: datetime) -> bool:
        """Whether a digest that reaches back to *since* lists it.

        A quiet article counts only if it was published after *since*.
        """
        if self.news_at > since:
            return True
        return (
            not self.quiet
            and self.found_at > since - _COMMITTED_LATE
            and self.news_at > since - MATCHED_LATE
        )


async def digest_topics(tx: Transaction, chat_id: int) -> list[DigestTopic]:
    """Return what the chat wants in each digest, in its order."""
    topics = (await digest_topics_of_each(tx, [chat_id])).get(chat_id, [])
    return [topic for topic in topics if topic.missed_until is None]


_DIGEST_TOPICS: Final = (
    select(  # type: ignore[call-overload]
        Subscription.chat_id,
        Topic.id,
        Topic.name,
        Query.id,
        Query.canonical,
        Subscription.created_at,
        Subscription.mode,
        Chat.away_from,
        Chat.away_until,
    )
    .join(Topic, col(Topic.id) == Subscription.topic_id)
    .join(Query, col(Query.id) == Topic.query_id)
    .join(Chat, col(Chat.id) == Subscription.chat_id)
    .where(
        among(col(Subscription.chat_id), bindparam("chats")),
        or_(col(Subscription.mode) != Mode.INSTANT, col(Chat.away_until).is_not(None)),
    )
    .order_by(col(Subscription.id))
)


async def digest_topics_of_each(
    tx: Transaction, chat_ids: Collection[int]
) -> Mapping[int, list[DigestTopic]]:
    """Return what each of the chats wants in its next digest, by chat, as far as it wants any.

    Also topics of which it wants alerts alone, where some could not reach it.
    """
    connection = await tx.session.connection()
    rows = await connection.execute(_DIGEST_TOPICS, {"chats": chat_ids})
    topics: defaultdict[int, list[DigestTopic]] = defaultdict(list)
    for chat_id, topic_id, name, query_id, query, since, mode, away_from, away_until in rows:
        if Mode(mode).digests:
            topics[chat_id].append(DigestTopic(topic_id, name, query_id, query, since))
        elif since < away_until:
            missed = (max(since, away_from), away_until)
            topics[chat_id].append(DigestTopic(topic_id, name, query_id, query, *missed))
    return topics


async def found_since(
    tx: Transaction, query_ids: Iterable[int], since: datetime, chat_id: int | None = None
) -> Mapping[int, Sequence[FoundArticle]]:
    """Return, by query, what may be new to a digest that reaches back to *since*, newest first.

    Up to 2000 of each query. Of public sources, or what reaches the chat and it has not muted.
    """
    reaching = (
        is_not_muted(tx.now, chat_id, col(Article.id), col(Article.story_id))
        if chat_id
        else article_reaches(None, col(Article.id))
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
            among(col(Match.query_id), query_ids),
            col(Match.news_at) > since - MATCHED_LATE,
            col(Match.news_at) <= tx.now,
            reaching,
        )
        .subquery()
    )
    connection = await tx.session.connection()
    rows = await connection.execute(
        select(*(column for column in matches.c if column.name != "place"))
        .where(matches.c.place <= MOST_FOUND)
        .order_by(matches.c.query_id, matches.c.place)
    )
    found: defaultdict[int, list[FoundArticle]] = defaultdict(list)
    for row in rows:
        found[row.query_id].append(FoundArticle(*row))
    return found


async def texts_of(tx: Transaction, article_ids: Iterable[int]) -> dict[int, str]:
    """Return the text of each article, or its summary where it has none."""
    rows = await tx.session.exec(
        select(Article.id, Article.text, Article.summary).where(among(col(Article.id), article_ids))
    )
    return {article_id: text or summary for article_id, text, summary in rows if article_id}


# What chats know of stories already: those sent in a digest, those that they were alerted to.


_ByChat = Mapping[int, AbstractSet[int]]


_LISTED: Final = select(EditionStory.chat_id, EditionStory.story_id).where(
    among(col(EditionStory.chat_id), bindparam("chats")),
    col(EditionStory.story_id) >= bindparam("first"),
)


async def listed_before(tx: Transaction, stories: _ByChat) -> Mapping[int, set[int]]:
    """Return, by chat, those of its *stories* that it had in a digest."""
    connection = await tx.session.connection()
    asked = {"chats": stories, "first": _first(stories)}
    rows = await connection.execute(_LISTED, asked)
    return _among_these(((row[0], row[1]) for row in rows), stories)


async def alerted_before(tx: Transaction, stories: _ByChat) -> Mapping[int, set[int]]:
    """Return, by chat, those of its *stories* that alerts have reported to it."""
    return _among_these(await reported_stories(tx, stories, _first(stories)), stories)


def _first(stories: _ByChat) -> int:
    return min((min(ids) for ids in stories.values() if ids), default=0)


def _among_these(known: Iterable[tuple[int, int]], stories: _ByChat) -> Mapping[int, set[int]]:
    found: defaultdict[int, set[int]] = defaultdict(set)
    for chat_id, story_id in known:
        if story_id in stories[chat_id]:
            found[chat_id].add(story_id)
    return found


# Editions read again: what they had, in their order, and the words of the topics.


_ALL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class ListedStory:
    """A story of an edition; what a publisher has changed in its article since shows here too."""

    edition_id: int
    story_id: int
    article_id: int
    topic_ids: list[int]
    alerted: bool
    title: str
    url: str
    news_at: datetime
    published_at: datetime | None
    published_on: date | None


async def edition_on(
    tx: Transaction, chat_id: int, day: date, schedule_number: int
) -> Edition | None:
    """The edition that the chat got for a local date and schedule time."""
    of_chat = col(Edition.chat_id) == chat_id
    wanted = select(Edition).where(
        of_chat, Edition.local_date == day, Edition.schedule_number == schedule_number
    )
    return (await tx.session.exec(wanted)).one_or_none()


async def newest_editions(tx: Transaction, chat_id: int, limit: int) -> list[Edition]:
    """The chat's last editions that had anything, the newest first."""
    wanted = (
        select(Edition)
        .where(col(Edition.chat_id) == chat_id, col(Edition.stories) > 0)
        .order_by(col(Edition.local_date).desc(), col(Edition.schedule_number).desc())
        .limit(limit)
    )
    return list(await tx.session.exec(wanted))


async def stories_listed(
    tx: Transaction, edition_ids: Collection[int], most: int = _ALL
) -> list[ListedStory]:
    """The stories of each edition in its order, of each the first *most*."""
    rows = await tx.session.exec(
        select(  # type: ignore[call-overload]
            EditionStory.edition_id,
            EditionStory.story_id,
            Article.id,
            EditionStory.topic_ids,
            EditionStory.alerted,
            Article.title,
            Article.url,
            Article.news_at,
            Article.published_at,
            Article.published_on,
        )
        .join(Article, col(Article.id) == EditionStory.article_id)
        .where(among(col(EditionStory.edition_id), edition_ids), col(EditionStory.place) < most)
        .order_by(col(EditionStory.edition_id), col(EditionStory.place))
    )
    return [ListedStory(*row) for row in rows]


async def queries_of(tx: Transaction, topic_ids: Collection[int]) -> dict[int, str]:
    """The canonical query of each topic that there still is."""
    rows = await tx.session.exec(
        select(Topic.id, Query.canonical)
        .join(Query, col(Query.id) == Topic.query_id)
        .where(among(col(Topic.id), topic_ids))
    )
    return {topic_id: query for topic_id, query in rows if topic_id}
