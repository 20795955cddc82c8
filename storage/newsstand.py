"""What public sources told of queries, the same for every chat; and what one chat knows of it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import col, select

from storage.articles import Article
from storage.editions import EditionStory
from storage.editions_found import MATCHED_LATE, alerts_told
from storage.engine import Unit
from storage.entries import Entry
from storage.matches import Match
from storage.sources import Source
from storage.sources_carrying import carried_to, told_by


@dataclass(frozen=True, slots=True)
class PublicMatch:
    """A match whose article came from a public source."""

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
        """Whether a digest that reaches back to *since* tells it."""
        found_late = self.found_at > since and not self.quiet
        return self.news_at > since - MATCHED_LATE and (self.news_at > since or found_late)


async def public_matches(
    unit: Unit, query_ids: Collection[int], since: datetime
) -> Mapping[int, Sequence[PublicMatch]]:
    """Return, by query, what may be new to a digest that reaches back to *since*, newest first."""
    found: defaultdict[int, list[PublicMatch]] = defaultdict(list)
    if not query_ids:
        return found
    connection = await unit.session.connection()
    rows = await connection.execute(
        select(  # type: ignore[call-overload]
            Match.query_id,
            Match.words,
            Match.in_title,
            Article.story_id,
            Article.id,
            Article.title,
            Article.url,
            Match.news_at,
            Article.published_at,
            Article.published_on,
            Match.found_at,
            Article.quiet,
        )
        .join(Article, col(Article.id) == Match.article_id)
        .where(
            col(Match.query_id).in_(list(query_ids)),
            col(Match.news_at) > since - MATCHED_LATE,
            col(Match.news_at) <= unit.now,
            carried_to(None, col(Article.id)),
        )
        .order_by(col(Match.news_at).desc(), col(Article.id).desc())
    )
    for row in rows:
        found[row.query_id].append(PublicMatch(*row))
    return found


async def public_tellers(
    unit: Unit, story_ids: Collection[int]
) -> Mapping[int, Sequence[tuple[int, str]]]:
    """Return, by story, who tells it with which article, the first teller first."""
    told: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    if not story_ids:
        return told
    connection = await unit.session.connection()
    rows = await connection.execute(
        select(Article.story_id, Article.id, told_by())
        .join(Entry, col(Entry.article_id) == Article.id)
        .join(Source, col(Source.id) == Entry.source_id)
        .where(col(Article.story_id).in_(list(story_ids)), col(Source.public))
        .order_by(col(Entry.first_seen_at), col(Source.id))
    )
    for story_id, article_id, name in rows:
        told[story_id].append((article_id, name))
    return told


async def told_to(unit: Unit, chat_id: int, story_ids: Collection[int]) -> set[int]:
    """Return those of the stories that the chat was told in a digest."""
    known = (col(EditionStory.chat_id) == chat_id, col(EditionStory.story_id) >= min(story_ids))
    connection = await unit.session.connection()
    rows = await connection.execute(select(EditionStory.story_id).where(*known))
    return set(rows.scalars()) & set(story_ids)


async def alerted_to(unit: Unit, chat_id: int, story_ids: Collection[int]) -> set[int]:
    """Return those of the stories that the chat was alerted to."""
    connection = await unit.session.connection()
    rows = await connection.execute(alerts_told(chat_id, since=min(story_ids)))
    return set(rows.scalars()) & set(story_ids)
