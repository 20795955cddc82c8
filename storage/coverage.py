"""Coverage: the reports of a story, which are the articles about it that a chat may see."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import func, or_
from sqlmodel import col, select

from storage.articles import Article
from storage.db.engine import Transaction
from storage.db.sql import among
from storage.mutes import is_not_muted
from storage.publishers import article_reaches

# Of a story, the newest.
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
