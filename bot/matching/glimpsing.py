"""Glimpsing: the newest stories for whoever asks in passing, in any chat.

What is shown there is read by others: articles of public sources only, whoever asks.
"""

from dataclasses import dataclass

from bot.matching.preview import Hit, Preview
from bot.matching.query import Query
from bot.matching.snippets import snippet
from storage.db.engine import Storage
from storage.publishers import first_publisher_names
from storage.search import FoundStory, newest_public_stories

PAGE = 10
DEEPEST = 50  # stories that can be paged through
_DAYS = 30
_ARTICLES_TO_A_STORY = 5  # looked at: whoever types waits for each letter


@dataclass(frozen=True, slots=True)
class Glimpse:
    hits: tuple[Hit, ...]
    is_more: bool


@dataclass(frozen=True, slots=True)
class Glimpsing:
    storage: Storage
    preview: Preview

    async def found(self, query: Query, offset: int) -> Glimpse:
        """Return a page of what *query* found, the newest first."""
        until = min(offset + PAGE, DEEPEST)
        most = until * _ARTICLES_TO_A_STORY
        found = await self.preview.stories(query, days=_DAYS, most=most)
        hits = await self.preview.shown(query, found.articles[offset:until])
        return Glimpse(hits, until < min(len(found.articles), DEEPEST))

    async def newest(self, chat_id: int, offset: int) -> Glimpse:
        """Return a page of what the chat's topics found, the newest first."""
        until = min(offset + PAGE, DEEPEST)
        async with self.storage.reading() as tx:
            stories = await newest_public_stories(tx, chat_id, until + 1)
            shown = stories[offset:until]
            names = await first_publisher_names(tx, [story.article_id for story in shown])
        hits = tuple(_hit(story, names.get(story.article_id, "")) for story in shown)
        return Glimpse(hits, len(stories) > until)


def _hit(story: FoundStory, source: str) -> Hit:
    return Hit(
        article_id=story.article_id,
        title=story.title,
        url=story.url,
        source=source,
        published=story.published_at or story.news_at,
        title_spans=(),
        snippet=snippet(story.text or story.summary, ()),
    )
