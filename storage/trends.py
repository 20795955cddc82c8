"""How many stories each query found, day by day: what a trend is read from."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import timedelta

from sqlalchemy import case, func
from sqlmodel import col, select

from storage.articles import Article
from storage.engine import Unit
from storage.matches import Match
from storage.sources import Follow, Source
from storage.sources_carrying import carried_to


async def following_own_sources(unit: Unit, chat_ids: Collection[int]) -> set[int]:
    """Return those of the chats that any source reaches which does not reach everybody."""
    own = (
        select(Follow.chat_id)
        .join(Source, col(Source.id) == Follow.source_id)
        .where(col(Follow.chat_id).in_(chat_ids), ~col(Source.public))
        .distinct()
    )
    return set(await unit.session.exec(own))


async def stories_by_age(
    unit: Unit, chat_id: int | None, query_ids: Collection[int], days: int
) -> Mapping[int, Mapping[int, int]]:
    """Return, by query and by whole days of age, how many stories came within *days*.

    Only what reaches the chat counts (None: what reaches everybody). A story counts on the day on
    which it first came up.
    """
    if not query_ids:
        return {}
    first = func.min(Match.news_at)
    stories = (
        select(col(Match.query_id), first.label("came_at"))
        .join(Article, col(Article.id) == Match.article_id)
        .where(
            col(Match.query_id).in_(query_ids),
            col(Match.news_at) > unit.now - timedelta(days=days),
            col(Match.news_at) <= unit.now,
            carried_to(chat_id, col(Article.id)),
        )
        .group_by(col(Match.query_id), col(Article.story_id))
        .subquery()
    )
    # Compared with bound moments, since each database has an arithmetic of its own for dates.
    age = case(
        *((stories.c.came_at > unit.now - timedelta(days=age + 1), age) for age in range(days - 1)),
        else_=days - 1,
    ).label("age")
    counted = select(stories.c.query_id, age, func.count()).group_by(stories.c.query_id, age)
    found: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for query_id, days_ago, count in await unit.session.exec(counted):
        found[query_id][days_ago] = count
    return found
