"""Comparing two queries on stored articles: what each finds, which titles come and which go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.matching.preview import Preview, StoriesFound
from bot.matching.query import Query

DAYS = 7
SHOWN = 3  # titles of each kind


@dataclass(frozen=True, slots=True)
class Found:
    """*count* stories in the time *covered*; at least so many in a week if *is_more*."""

    count: int
    is_more: bool
    covered: timedelta


@dataclass(frozen=True, slots=True)
class Headline:
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Headlines:
    """The newest of *count* stories."""

    count: int
    newest: Sequence[Headline]


@dataclass(frozen=True, slots=True)
class Difference:
    """What two queries found in the same time: stories that only one of them has."""

    before: Found
    after: Found
    coming: Headlines
    going: Headlines


@dataclass(frozen=True, slots=True)
class Comparing:
    preview: Preview

    async def compare(self, old: Query, new: Query, *, chat_id: int) -> Difference:
        """Compare them in what reaches the chat.

        Where there was no time to look at a whole week of both, the newest articles alone tell what
        comes and goes: as far back as both were looked at.
        """
        before = await self.preview.stories(old, chat_id=chat_id, days=DAYS)
        after = await self.preview.stories(new, chat_id=chat_id, days=DAYS)
        since = max(before.since, after.since)
        return Difference(
            _found(before),
            _found(after),
            coming=_only_in(after, before, since),
            going=_only_in(before, after, since),
        )


def _found(stories: StoriesFound) -> Found:
    return Found(len(stories.articles), stories.is_more, stories.covered)


def _only_in(one: StoriesFound, other: StoriesFound, since: datetime) -> Headlines:
    known = {article.story_id for article in other.articles}
    only = [
        article
        for article in one.articles
        if article.story_id not in known and article.news_at >= since
    ]
    shown = [Headline(article.title, article.url) for article in only[:SHOWN]]
    return Headlines(len(only), shown)
