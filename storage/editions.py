"""Editions: the dated digests of each chat, and the stories that each edition listed."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import JSON, UniqueConstraint, and_, bindparam, exists, func, or_
from sqlmodel import Field, SQLModel, col, select

from storage.articles import Article
from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.leases import claim, release_each
from storage.db.sql import NUMBERED, ROW_ID, among, insert_new
from storage.enums import SENT_NOTHING, ChatState, DigestMedium, MailboxState, Mode
from storage.mailboxes import Mailbox
from storage.matches import Match
from storage.mutes import is_not_muted
from storage.outbox import Delivery
from storage.publishers import article_reaches
from storage.queries import Query
from storage.reports import has_arrived, reported_stories
from storage.subscriptions import Subscription, in_order, is_muted_for_good
from storage.topics import Topic

FrozenStory = tuple[int, str, list[Any] | None]
"""A story as its edition first showed it, for the page of the edition: place, headline, lead.

The lead is a list of the fields of `bot.publishing.leads.StoryLead`, empty if the edition listed
the story without one. It is None if the edition showed only the headline.
"""


class Edition(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("chat_id", "local_date", "schedule_number"), NUMBERED)

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    local_date: date
    schedule_number: int = 0
    due_at: datetime
    made_at: datetime
    since: datetime  # the beginning of the period that it covers
    stories: int = 0
    # Only for an edition of the most covered stories: each story, its article and its topics. Such
    # an edition lists stories again that others have listed, and has no `EditionStory`.
    covered: list[tuple[int, int, list[int]]] | None = Field(
        default=None, sa_type=JSON(none_as_null=True)
    )
    # In order, each with its id, its name, and whether it is of the catalogue.
    topics: list[tuple[int, str, bool]] = Field(default_factory=list, sa_type=JSON)
    # By place, not by story, because a story may be merged into another one. Leaves out the stories
    # that the edition only counted.
    frozen: list[FrozenStory] = Field(default_factory=list, sa_type=JSON)


class EditionStory(SQLModel, table=True):
    """A story that an edition listed. A later edition lists it again only if it has developed.

    The article is the one shown for the story. Neither id is a foreign key, because each would need
    an index on the largest table of all. Stories and articles are kept for longer than editions.
    """

    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    story_id: int = Field(primary_key=True, sa_type=ROW_ID)
    edition_id: int = Field(
        primary_key=True, foreign_key="edition.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    place: int = 0  # in the edition
    article_id: int = Field(default=0, sa_type=ROW_ID)
    topic_ids: list[int] = Field(default_factory=list, sa_type=JSON)  # the topics that it matches
    alerted: bool = False
    # The news about a story that an edition had listed before, as a list of the fields of
    # `bot.publishing.developments.Development`, and when that edition was made.
    development: list[Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    known_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class LastEditions:
    """A chat's last editions.

    *days*: the local date of the last edition, by the number of the schedule time; may leave out
    schedule times without a recent edition. *made_at*: when the last edition of new
    stories was made.
    """

    days: Mapping[int, date]
    made_at: datetime | None


async def claim_due_chats(
    tx: Transaction, *, limit: int, owner: str, lease: timedelta, mails: bool
) -> list[Chat]:
    """Lease the chats whose digest is due and can be delivered; the other chats wait.

    *mails*: the bot sends mail; then a chat that Telegram has closed to the bot still gets its
    digests at its mailbox, if that is active. Without one, a digest for each day of the absence
    would wait in the outbox and be sent at its end.
    """
    is_reached = col(Chat.state) == ChatState.ACTIVE
    if mails:
        by_mail = and_(
            col(Chat.state).not_in(SENT_NOTHING),
            col(Chat.digest_by) != DigestMedium.TELEGRAM,
            exists().where(
                col(Mailbox.chat_id) == Chat.id, col(Mailbox.state) == MailboxState.ACTIVE
            ),
        )
        is_reached = or_(is_reached, by_mail)
    due = and_(col(Chat.next_digest_at) <= tx.now, is_reached)
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
    """Free the chats that *owner* leases, and set when their next digests are due.

    *plans*: by chat, when the digest was due at the claim, and when the next one is due. A chat
    whose due time was changed since the claim keeps the changed time. Returns the other chats.
    """
    leased = dict(await tx.rows(_LEASED, chats=plans, holder=owner))
    unchanged = {chat_id for chat_id, due_at in leased.items() if due_at == plans[chat_id][0]}
    next_at = {
        chat_id: plans[chat_id][1] if chat_id in unchanged else due_at
        for chat_id, due_at in leased.items()
    }
    await release_each(
        tx,
        Chat,
        {chat_id: {"next_digest_at": moment} for chat_id, moment in next_at.items()},
        owner,
    )
    return unchanged


async def last_editions(tx: Transaction, chat_id: int) -> LastEditions:
    return (await last_editions_of_each(tx, [chat_id]))[chat_id]


# Nearly every chat with an edition had one in this period.
_LATELY = timedelta(days=20)


async def last_editions_of_each(
    tx: Transaction, chat_ids: Collection[int]
) -> Mapping[int, LastEditions]:
    last = await _last_since(tx, chat_ids, (tx.now - _LATELY).date())
    if without := set(chat_ids) - last.keys():
        last |= await _last_since(tx, without, date.min)
    return {chat_id: last.get(chat_id) or LastEditions({}, None) for chat_id in chat_ids}


_NEWEST_FIRST: Final = (
    select(  # type: ignore[call-overload]
        col(Edition.chat_id),
        col(Edition.schedule_number),
        col(Edition.local_date),
        col(Edition.made_at),
        col(Edition.covered).is_(None),
    )
    .where(
        among(col(Edition.chat_id), bindparam("chats")),
        col(Edition.local_date) >= bindparam("since"),
    )
    .order_by(col(Edition.local_date).desc())
)


async def _last_since(
    tx: Transaction, chat_ids: Collection[int], since: date
) -> dict[int, LastEditions]:
    """Return the last editions of each chat that has had any since *since*."""
    days: defaultdict[int, dict[int, date]] = defaultdict(dict)
    last_made_at: dict[int, datetime] = {}
    rows = await tx.rows(_NEWEST_FIRST, chats=chat_ids, since=since)
    for chat_id, schedule_number, day, made_at, is_of_news in rows:
        days[chat_id].setdefault(schedule_number, day)
        if is_of_news:
            last_made_at[chat_id] = max(made_at, last_made_at.get(chat_id, made_at))
    return {
        chat_id: LastEditions(by_number, last_made_at.get(chat_id))
        for chat_id, by_number in days.items()
    }


class StoryToList(Protocol):
    """A story of an edition; the columns of its `EditionStory`."""

    @property
    def id(self) -> int: ...
    @property
    def article_id(self) -> int: ...
    @property
    def topic_ids(self) -> tuple[int, ...]: ...
    @property
    def alerted(self) -> bool: ...
    @property
    def development(self) -> tuple[Any, ...] | None: ...
    @property
    def listed_at(self) -> datetime | None: ...


async def make_editions(
    tx: Transaction, editions: Sequence[tuple[Mapping[str, Any], Sequence[StoryToList]]]
) -> dict[int, int]:
    """Insert *editions*, at most one per chat, with their stories; return their ids by chat.

    Each is the columns of an `Edition`, and its stories in order. Skips an edition if the chat
    already has one for the same date and schedule time.
    """
    ids = await insert_new(tx, Edition, [row for row, _ in editions], returning=Edition.id)
    made = dict(
        await tx.rows(select(Edition.chat_id, Edition.id).where(among(col(Edition.id), ids)))
    )
    # Equal topics become one object, because an insert writes each object as JSON once.
    shared: dict[tuple[int, ...], tuple[int, ...]] = {}
    rows = [
        {
            "chat_id": row["chat_id"],
            "story_id": story.id,
            "edition_id": made[row["chat_id"]],
            "place": place,
            "article_id": story.article_id,
            "topic_ids": shared.setdefault(story.topic_ids, story.topic_ids),
            "alerted": story.alerted,
            "development": story.development,
            "known_since": story.listed_at,
        }
        for row, listed in editions
        if row["chat_id"] in made and row.get("covered") is None
        for place, story in enumerate(listed)
    ]
    await insert_new(tx, EditionStory, rows)
    return made


# The contents of an edition: the chat's topics, and the articles that matched since the last one.


# An article may be matched only after the edition that should have listed it was made. The next
# edition still lists it if it is no older than this.
MATCHED_LATE = timedelta(hours=48)

# A match may be committed some time after its `found_at`. The next edition looks back this much
# further, to list matches that the last one could not see yet. Nothing is listed twice, because
# listed stories are left out.
_COMMITTED_LATE = timedelta(minutes=1)

MOST_FOUND = 2000  # articles of a query, and for a chat


@dataclass(frozen=True, slots=True)
class DigestTopic:
    """A topic of a digest. *since*: when the chat subscribed.

    *missed_until*: set for a topic with alerts only, whose alerts did not reach the chat from
    *since* until then.
    """

    id: int
    name: str
    is_public: bool
    query_id: int
    query: str
    since: datetime
    missed_until: datetime | None = None
    headlines: bool = False  # list only the titles of its stories
    keeps_original: bool = False  # its headlines are not translated


@dataclass(frozen=True, slots=True)
class FoundArticle:
    """A match of a query; several articles may belong to one story."""

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
        """Return whether an alert to the article was due after *since* and by *until*."""
        return not self.quiet and since < self.found_at <= until

    def is_new_since(self, since: datetime) -> bool:
        """Return whether a digest that covers the time since *since* lists the article.

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
    """Return the topics that the chat wants in each digest, in its order."""
    topics = (await digest_topics_of_each(tx, [chat_id])).get(chat_id, [])
    return [topic for topic in topics if topic.missed_until is None]


_DIGEST_TOPICS: Final = (
    select(  # type: ignore[call-overload]
        Subscription.chat_id,
        Topic.id,
        Topic.name,
        col(Topic.chat_id).is_(None),
        Query.id,
        Query.canonical,
        Subscription.created_at,
        Subscription.mode,
        Chat.away_from,
        Chat.away_until,
        Subscription.headlines,
        Subscription.keeps_original,
    )
    .join(Topic, col(Topic.id) == Subscription.topic_id)
    .join(Query, col(Query.id) == Topic.query_id)
    .join(Chat, col(Chat.id) == Subscription.chat_id)
    .where(
        among(col(Subscription.chat_id), bindparam("chats")),
        or_(col(Subscription.mode) != Mode.INSTANT, col(Chat.away_until).is_not(None)),
    )
    .order_by(*in_order())
)


async def digest_topics_of_each(
    tx: Transaction, chat_ids: Collection[int]
) -> Mapping[int, list[DigestTopic]]:
    """Return the topics of each chat's next digest, by chat; leaves out chats without topics.

    Includes topics with alerts only, if the chat could not be reached for some time.
    """
    topics: defaultdict[int, list[DigestTopic]] = defaultdict(list)
    rows = await tx.rows(_DIGEST_TOPICS, chats=chat_ids)
    for row in rows:
        (chat_id, topic_id, name, is_public, query_id, query, since, mode, *rest) = row
        away_from, away_until, brief, keeps = rest
        topic = DigestTopic(
            topic_id,
            name,
            is_public,
            query_id,
            query,
            since,
            headlines=brief,
            keeps_original=keeps,
        )
        if Mode(mode).digests:
            topics[chat_id].append(topic)
        elif since < away_until:
            missed = {"since": max(since, away_from), "missed_until": away_until}
            topics[chat_id].append(replace(topic, **missed))
    return topics


_HAS_MISSED_ALERTS: Final = and_(
    col(Subscription.created_at) < col(Chat.away_until),
    ~exists()
    .where(
        col(Edition.chat_id) == Chat.id,
        col(Edition.made_at) >= Chat.away_until,
        col(Edition.covered).is_(None),
    )
    .correlate(Chat),
)
_WANTED: Final = (
    select(Subscription.chat_id, Subscription.mode)
    .join(Chat, col(Chat.id) == Subscription.chat_id)
    .where(
        among(col(Subscription.chat_id), bindparam("chats")),
        or_(col(Subscription.mode) != Mode.INSTANT, _HAS_MISSED_ALERTS),
        ~is_muted_for_good(),
    )
    .distinct()
)


async def digests_wanted(tx: Transaction, chat_ids: Collection[int]) -> Mapping[int, bool]:
    """Return the chats that want a digest: True for every digest, False for a single one.

    A chat with alerts only wants a single one, of the alerts that it missed while it could not be
    reached. A topic that is muted for good wants none; one that is muted for a time still does.
    """
    wanted: dict[int, bool] = {}
    for chat_id, mode in await tx.rows(_WANTED, chats=chat_ids):
        wanted[chat_id] = wanted.get(chat_id, False) or Mode(mode).digests
    return wanted


async def found_since(
    tx: Transaction, query_ids: Iterable[int], since: datetime, chat_id: int | None = None
) -> Mapping[int, Sequence[FoundArticle]]:
    """Return the articles that a digest since *since* may list, by query, the newest first.

    Returns at most `MOST_FOUND` of each query. Without *chat_id*, only articles of public sources;
    with it, those that reach the chat and that it has not muted.
    """
    is_seen = (
        is_not_muted(tx.now, chat_id, col(Article.id), col(Article.story_id))
        if chat_id
        else article_reaches(None, col(Article.id))
    )
    newest_first = (col(Match.news_at).desc(), col(Article.id).desc())
    place = func.row_number().over(partition_by=col(Match.query_id), order_by=newest_first)
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
            place.label("place"),
        )
        .join(Article, col(Article.id) == Match.article_id)
        .where(
            among(col(Match.query_id), query_ids),
            col(Match.news_at) > since - MATCHED_LATE,
            col(Match.news_at) <= tx.now,
            is_seen,
        )
        .subquery()
    )
    rows = await tx.rows(
        select(*(column for column in matches.c if column.name != "place"))
        .where(matches.c.place <= MOST_FOUND)
        .order_by(matches.c.query_id, matches.c.place)
    )
    articles: defaultdict[int, list[FoundArticle]] = defaultdict(list)
    for row in rows:
        articles[row[0]].append(FoundArticle(*row))
    return articles


async def texts_of(tx: Transaction, article_ids: Iterable[int]) -> dict[int, str]:
    """Return the text of each article, or its summary if it has no text."""
    rows = await tx.rows(
        select(Article.id, Article.text, Article.summary).where(among(col(Article.id), article_ids))
    )
    return {article_id: text or summary for article_id, text, summary in rows}


# Stories that a chat already knows from a digest or an alert.


_StoriesByChat = Mapping[int, AbstractSet[int]]


class Listing(NamedTuple):
    """The last edition that listed a story, and the time until which it knew the news."""

    edition_id: int
    made_at: datetime


async def listed_before(
    tx: Transaction, stories: _StoriesByChat
) -> Mapping[int, Mapping[int, Listing]]:
    """Return, by chat, which of its *stories* a digest has listed, and the last one that did."""
    listings: defaultdict[int, dict[int, Listing]] = defaultdict(dict)
    rows = await tx.rows(_LISTED, chats=stories, first=_first_of(stories))
    for chat_id, story_id, edition_id, made_at in rows:
        if story_id in stories[chat_id]:
            listings[chat_id][story_id] = Listing(edition_id, made_at)
    return listings


_LISTED: Final = (
    select(EditionStory.chat_id, EditionStory.story_id, Edition.id, Edition.made_at)
    .join(Edition, col(Edition.id) == EditionStory.edition_id)
    .where(
        among(col(EditionStory.chat_id), bindparam("chats")),
        col(EditionStory.story_id) >= bindparam("first"),
    )
    .order_by(col(Edition.id))
)


async def delivered_before(tx: Transaction, chat_id: int, story_ids: Collection[int]) -> set[int]:
    """Return which of the stories were in an edition that has arrived or is on its way."""
    delivered = select(EditionStory.story_id).where(
        col(EditionStory.chat_id) == chat_id,
        among(col(EditionStory.story_id), story_ids),
        has_arrived(Delivery.edition_id, EditionStory.edition_id),
    )
    return set(await tx.rows(delivered))


async def alerted_before(tx: Transaction, stories: _StoriesByChat) -> Mapping[int, set[int]]:
    """Return, by chat, which of its *stories* alerts have reported to it."""
    return _known_of(stories, await reported_stories(tx, stories, _first_of(stories)))


def _first_of(stories: _StoriesByChat) -> int:
    return min((min(ids) for ids in stories.values() if ids), default=0)


def _known_of(stories: _StoriesByChat, known: Iterable[tuple[int, int]]) -> Mapping[int, set[int]]:
    of_chats: defaultdict[int, set[int]] = defaultdict(set)
    for chat_id, story_id in known:
        if story_id in stories[chat_id]:
            of_chats[chat_id].add(story_id)
    return of_chats


# Past editions.


@dataclass(frozen=True, slots=True)
class ListedStory:
    """A story of an edition, with the current version of its article.

    The *title* and the *lead* are those that the edition shows; see `FrozenStory`.
    """

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
    development: list[Any] | None = None
    known_since: datetime | None = None
    place: int = 0
    lead: list[Any] | None = None


async def edition_on(
    tx: Transaction, chat_id: int, day: date, schedule_number: int
) -> Edition | None:
    """Return the chat's edition for a local date and schedule time."""
    edition: Edition | None = await tx.first(
        select(Edition).where(
            Edition.chat_id == chat_id,
            Edition.local_date == day,
            Edition.schedule_number == schedule_number,
        )
    )
    return edition


async def newest_editions(tx: Transaction, chat_id: int, limit: int) -> Sequence[Edition]:
    """Return the chat's last editions that listed anything, the newest first."""
    return await tx.rows(
        select(Edition)
        .where(col(Edition.chat_id) == chat_id, col(Edition.stories) > 0)
        .order_by(col(Edition.local_date).desc(), col(Edition.schedule_number).desc())
        .limit(limit)
    )


async def editions_to_export(tx: Transaction, chat_id: int, limit: int) -> list[Edition]:
    """Return the chat's last editions, empty ones too, the oldest first."""
    newest = select(Edition).where(col(Edition.chat_id) == chat_id).order_by(col(Edition.id).desc())
    return list(await tx.rows(newest.limit(limit)))[::-1]


async def stories_listed(
    tx: Transaction, edition_ids: Collection[int], most: int | None = None
) -> list[ListedStory]:
    """Return the stories of each edition in its order, at most the first *most* of each."""
    listed = select(  # type: ignore[call-overload]
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
        EditionStory.development,
        EditionStory.known_since,
        EditionStory.place,
    ).join(Article, col(Article.id) == EditionStory.article_id)
    if most is not None:
        listed = listed.where(col(EditionStory.place) < most)
    rows = await tx.rows(
        listed.where(among(col(EditionStory.edition_id), edition_ids)).order_by(
            col(EditionStory.edition_id), col(EditionStory.place)
        )
    )
    stories = [ListedStory(*row) for row in rows] + await _covered_stories(tx, edition_ids, most)
    return await _as_frozen(tx, edition_ids, stories)


async def _as_frozen(
    tx: Transaction, edition_ids: Collection[int], stories: Sequence[ListedStory]
) -> list[ListedStory]:
    """Return the *stories* with the headlines and leads that their editions show."""
    rows = await tx.rows(
        select(Edition.id, Edition.frozen).where(among(col(Edition.id), edition_ids))
    )
    frozen = {
        (edition_id, place): {"title": title, "lead": lead}
        for edition_id, of_edition in rows
        for place, title, lead in of_edition
    }
    return [replace(story, **frozen.get((story.edition_id, story.place), {})) for story in stories]


_OF_ARTICLE: Final = ("title", "url", "news_at", "published_at", "published_on")


async def _covered_stories(
    tx: Transaction, edition_ids: Collection[int], most: int | None
) -> list[ListedStory]:
    """Return the stories of editions of the most covered stories."""
    made = await tx.rows(
        select(Edition.id, Edition.covered)
        .where(among(col(Edition.id), edition_ids), col(Edition.covered).is_not(None))
        .order_by(col(Edition.id))
    )
    wanted = {article for _, covered in made for _, article, _ in covered}
    articles = {
        row[0]: dict(zip(_OF_ARTICLE, row[1:], strict=True))
        for row in await tx.rows(
            select(  # type: ignore[call-overload]
                Article.id,
                Article.title,
                Article.url,
                Article.news_at,
                Article.published_at,
                Article.published_on,
            ).where(among(col(Article.id), wanted))
        )
    }
    return [
        ListedStory(
            edition_id, story, article, topics, alerted=False, place=place, **articles[article]
        )
        for edition_id, covered in made
        for place, (story, article, topics) in enumerate(covered[:most])
        if article in articles
    ]
