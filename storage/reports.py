"""Reports: the stories that alerts have reported to a chat, and the reports about a story.

An alert has reported its story once its message has arrived or is on its way:

- An alert that waits in a bundle has not reported it, nor has one that its bundle dropped, nor one
  with a part in a state of `NOT_ARRIVED`.
- One of the two media is enough.
- An alert whose messages retention has deleted has reported it.

Digests, chapters and missed alerts all use `is_reported`. A digest lists a story that was not
reported as new. A bundle then drops the story, by the same rule: it asks whether an edition that
listed the story has arrived or is on its way.

All rules go by chat and story. When a private article becomes public, its alerts and its places in
editions move to the public article's story; see `storage.article_merges`.

The reports about a story are the articles about it that a chat may see.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from storage.alerts import Alert
from storage.articles import Article
from storage.bundles import Bundle
from storage.db.engine import Transaction
from storage.db.sql import among
from storage.enums import NOT_ARRIVED, DeliveryKind, Medium
from storage.mutes import is_not_muted
from storage.outbox import Delivery
from storage.publishers import article_reaches
from storage.stories import Story, chain_of_story

_message = aliased(Delivery, name="message")
_part = aliased(Delivery, name="part")


def is_reported() -> ColumnElement[bool]:
    """Build the condition that an `Alert` has reported its story, by the rules of this module."""
    is_released = exists().where(
        col(Bundle.id) == Alert.bundle_id, col(Bundle.released_at).is_not(None)
    )
    return case(
        (col(Alert.bundle_id).is_(None), has_arrived(Delivery.alert_id, Alert.id)),
        else_=and_(
            ~col(Alert.dropped), is_released, has_arrived(Delivery.bundle_id, Alert.bundle_id)
        ),
    )


def has_arrived(decision: Any, number: Any) -> ColumnElement[bool]:
    """Build the condition that all parts of a decision's message arrived or are on their way.

    One medium is enough; so is a decision whose deliveries were all deleted.
    """
    name = decision.key
    missing = exists().where(
        getattr(_part, name) == number,
        col(_part.medium) == _message.medium,
        col(_part.state).in_(NOT_ARRIVED),
    )
    whole = exists().where(
        getattr(_message, name) == number,
        col(_message.part) == 1,
        ~missing.correlate_except(_part),
    )
    any_left = exists().where(getattr(_message, name) == number)
    return or_(whole.correlate_except(_message), ~any_left.correlate_except(_message))


_REPORTED_STORIES: Final = select(Alert.chat_id, Alert.story_id).where(
    among(col(Alert.chat_id), bindparam("chats")),
    col(Alert.story_id) >= bindparam("first"),
    is_reported(),
)


async def reported_stories(
    tx: Transaction, chat_ids: Collection[int], first: int
) -> Sequence[tuple[int, int]]:
    """Return pairs of chat and story for stories reported to these chats, from id *first* on."""
    return await tx.rows(_REPORTED_STORIES, chats=chat_ids, first=first)


# Chapters: the reports of the earlier stories of a chain.


def _message_of_alert(medium: Medium = Medium.TELEGRAM) -> ColumnElement[bool]:
    """Build the condition that a `Delivery` is the message by *medium* of an `Alert`.

    The first part stands for all parts of a message.
    """
    first = (col(_message.medium) == medium, col(_message.part) == 1)
    alone = select(_message.id).where(col(_message.alert_id) == Alert.id, *first)
    together = select(_message.id).where(col(_message.bundle_id) == Alert.bundle_id, *first)
    found = func.coalesce(alone.scalar_subquery(), together.scalar_subquery())
    return col(Delivery.id) == found


@dataclass(frozen=True, slots=True)
class EarlierReports:
    """The number of chapters reported to a chat, and the delivery of the first, if still stored."""

    chapters: int = 0
    delivery_id: int | None = None


NO_EARLIER_REPORTS = EarlierReports()


@dataclass(frozen=True, slots=True)
class FirstMail:
    """The first alert or bundle about a chain that was mailed to a chat, and its time."""

    kind: DeliveryKind
    number: int
    made_at: datetime


Continued = Mapping[tuple[int, int], int]
"""The first story of the chain, by chat and by the story that continues it."""


_OF_CHAINS: Final = (
    or_(
        among(col(Story.id), bindparam("chains")),
        among(col(Story.continues_id), bindparam("chains")),
    ),
    among(col(Alert.chat_id), bindparam("chats")),
    col(Alert.made_at) > bindparam("since"),
)

_REPORTED_CHAPTERS: Final[Any] = (
    select(col(Alert.chat_id), col(Alert.story_id), chain_of_story(Story), col(Delivery.id))
    .join(Story, col(Story.id) == Alert.story_id)
    .outerjoin(Delivery, and_(_message_of_alert(), col(Delivery.state).not_in(NOT_ARRIVED)))
    .where(*_OF_CHAINS, is_reported())
    .order_by(col(Alert.id))
)  # fmt: skip


async def reported_before(
    tx: Transaction, continued: Continued, since: datetime
) -> dict[tuple[int, int], EarlierReports]:
    """Return the reports after *since* of each chain's other chapters, by chat and story."""
    reports: dict[tuple[int, int], EarlierReports] = {}
    for key, (delivery_id,) in await _of_chains(tx, _REPORTED_CHAPTERS, continued, since):
        before = reports.get(key, NO_EARLIER_REPORTS)
        first = delivery_id if before.delivery_id is None else before.delivery_id
        reports[key] = EarlierReports(before.chapters + 1, first)
    return reports


_MAILED_CHAPTERS: Final = (
    select(  # type: ignore[call-overload]
        Alert.chat_id, Alert.story_id, chain_of_story(Story),
        Alert.id, Alert.bundle_id, Delivery.created_at,
    )
    .join(Story, col(Story.id) == Alert.story_id)
    .join(Delivery, _message_of_alert(Medium.EMAIL))
    .where(*_OF_CHAINS, ~col(Alert.dropped), col(Delivery.state).not_in(NOT_ARRIVED))
    .order_by(col(Alert.id))
)  # fmt: skip


async def first_mails(
    tx: Transaction, continued: Continued, since: datetime
) -> dict[tuple[int, int], FirstMail]:
    """Return the first mail after *since* about each chain, by chat and story."""
    mails: dict[tuple[int, int], FirstMail] = {}
    rows = await _of_chains(tx, _MAILED_CHAPTERS, continued, since)
    for key, (alert_id, bundle_id, made_at) in rows:
        kind = DeliveryKind.BUNDLE if bundle_id else DeliveryKind.ALERT
        mails.setdefault(key, FirstMail(kind, bundle_id or alert_id, made_at))
    return mails


_REPORTED_ARTICLES: Final[Any] = (
    select(  # type: ignore[call-overload]
        Alert.chat_id, Alert.story_id, chain_of_story(Story), Alert.article_id, Alert.made_at
    )
    .join(Story, col(Story.id) == Alert.story_id)
    .where(*_OF_CHAINS, is_reported())
    .order_by(col(Alert.id).desc())
)  # fmt: skip


async def articles_reported_before(
    tx: Transaction, continued: Continued, since: datetime
) -> dict[tuple[int, int], list[tuple[int, datetime]]]:
    """Return the articles of the alerts after *since* to each chain's other chapters.

    They are by chat and story, the newest alert first, each with the time of its alert.
    """
    articles: defaultdict[tuple[int, int], list[tuple[int, datetime]]] = defaultdict(list)
    for key, (article_id, made_at) in await _of_chains(tx, _REPORTED_ARTICLES, continued, since):
        articles[key].append((article_id, made_at))
    return articles


async def _of_chains(
    tx: Transaction, statement: Select[Any], continued: Continued, since: datetime
) -> list[tuple[tuple[int, int], tuple[Any, ...]]]:
    """Return the rows about other chapters, each with the chat and the story that continues it."""
    if not continued:
        return []
    stories: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for (chat_id, story_id), chain in continued.items():
        stories[chat_id, chain].append(story_id)
    rows = await tx.rows(
        statement,
        chains=set(continued.values()),
        chats={chat_id for chat_id, _ in continued},
        since=since,
    )
    return [
        ((chat_id, story_id), tuple(values))
        for chat_id, chapter, chain, *values in rows
        for story_id in stories.get((chat_id, chain), ())
        if story_id != chapter
    ]


# The newest reports of a story.
MOST_REPORTS: Final = 12
# Characters of a text.
_LOADED: Final = 2_000


class StoryReport(NamedTuple):
    """An article about a story. *text* is the beginning of its text, or of its summary."""

    story_id: int
    article_id: int
    title: str
    url: str
    text: str
    language: str
    news_at: datetime
    published_at: datetime | None
    published_on: date | None


async def reports_of_stories(
    tx: Transaction,
    story_ids: Collection[int],
    chat_id: int | None = None,
    most: int = MOST_REPORTS,
    also: Collection[int] = (),
) -> Mapping[int, Sequence[StoryReport]]:
    """Return the newest reports of each story, the newest first, at most *most* of each.

    Articles in *also* are returned too, however old they are.
    Without *chat_id*, only articles of public sources; with it, those that reach the chat and that
    it has not muted.
    """
    if not story_ids:
        return {}
    is_seen = (
        is_not_muted(tx.now, chat_id, col(Article.id), col(Article.story_id))
        if chat_id
        else article_reaches(None, col(Article.id))
    )
    newest_first = (col(Article.news_at).desc(), col(Article.id).desc())
    place = func.row_number().over(partition_by=col(Article.story_id), order_by=newest_first)
    # The texts are read after the choice, so that the database does not sort them.
    chosen = (
        select(col(Article.id), place.label("place"))
        .where(among(col(Article.story_id), story_ids), col(Article.news_at) <= tx.now, is_seen)
        .subquery()
    )
    is_wanted = or_(chosen.c.place <= most, among(chosen.c.id, also))
    text = func.coalesce(func.nullif(col(Article.text), ""), col(Article.summary))
    rows = await tx.rows(
        select(  # type: ignore[call-overload]
            Article.story_id,
            Article.id,
            Article.title,
            Article.url,
            func.substr(text, 1, _LOADED),
            Article.language,
            Article.news_at,
            Article.published_at,
            Article.published_on,
        )
        .join(chosen, chosen.c.id == Article.id)
        .where(is_wanted)
        .order_by(col(Article.story_id), chosen.c.place)
    )
    reports: defaultdict[int, list[StoryReport]] = defaultdict(list)
    for row in rows:
        reports[row[0]].append(StoryReport(*row))
    return reports
