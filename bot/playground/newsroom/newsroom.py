"""The newsroom: published articles, and the schedule of those to come."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from aiohttp import web

from bot.playground.newsroom.channels import ChannelRoom
from bot.playground.newsroom.content import (
    WESTERNMOST,
    Draft,
    SampleArticle,
    read_archive,
    read_live,
    read_publishers,
    write_draft,
)

MAX_PUBLISHED = 1000  # articles that stay readable
_LATEST = 12  # articles in the panel
_BOX = 2
_BOX_STRIDE = 3  # odd, so that neighbours get different boxes
_STORY_LENGTH = timedelta(hours=20)  # a later report counts dates from its own


class Newsroom:
    """Publishes an article every *every* until none is left; None: only on request.

    *now* gives aware times. *choose* may be set to a function that returns the slug of the article
    that a user of the page wants to see published; None stands for the next one.
    """

    def __init__(
        self, now: Callable[[], datetime], every: timedelta | None = timedelta(seconds=45)
    ) -> None:
        self.now = now
        self.every = every
        self.choose: Callable[[Newsroom], Awaitable[str | None]] | None = None
        self.publishers = read_publishers()
        self.closed: set[str] = set()  # codes of publishers whose feeds were taken down
        self.opened = now()
        self.room = ChannelRoom(self.opened)
        self._drafts = read_live(self.publishers)
        self._first: dict[str, SampleArticle] = {}  # by the slug of the draft
        self._times_published: Counter[str] = Counter()
        self._story_starts: dict[str, datetime] = {}
        self._archive = [
            draft.publish(published_at, self._story_date(draft, published_at))
            for draft in read_archive(self.publishers)
            for published_at in [self.opened - draft.age]
        ]
        self._published = {article.slug: article for article in self._archive}

    @property
    def left(self) -> int:
        """The number of articles still to be published."""
        return len(self._drafts) - len(self._first)

    def publish(self, slug: str | None = None) -> dict[str, str]:
        """Publish an article now: the next one, or the one with *slug*.

        An article published before is published again under a new slug, and says so.
        """
        draft = self._next() if slug is None else self._find(slug)
        self._times_published[draft.slug] += 1
        now, number = self.now(), self._times_published[draft.slug]
        first = self._first.get(draft.slug)
        article = draft.publish(now, self._story_date(draft, now), number, first)
        self._first.setdefault(draft.slug, article)
        self._published[article.slug] = article
        self.room.publish(now)
        self._drop_oldest()
        return article.describe()

    async def chosen(self) -> str | None:
        return await self.choose(self) if self.choose else None

    def unpublished(self) -> list[Draft]:
        """Return what is still to be published and can be read, stories that are new first."""
        left = [
            draft
            for draft in self._drafts
            if draft.slug not in self._first and draft.publisher.code not in self.closed
        ]
        return sorted(left, key=lambda draft: draft.story in self._story_starts)

    def preview(self, draft: Draft) -> SampleArticle:
        """Return the article that *draft* would be if it were published now."""
        now = self.now()
        return draft.publish(now, now.astimezone(WESTERNMOST).date())

    def write_draft(self, publisher: str, words: Sequence[str]) -> Draft:
        """Return a short article about *words*."""
        return write_draft(self.publishers[publisher], words, len(self._drafts))

    def add_draft(self, draft: Draft) -> None:
        """Add *draft* to those to be published, unless it is one of them."""
        if draft not in self._drafts:
            self._drafts.append(draft)

    def close(self, publisher: str, *, closed: bool = True) -> None:
        """Take a publisher's feed down for good, or put it back."""
        if publisher not in self.publishers:
            raise LookupError(publisher)
        (self.closed.add if closed else self.closed.discard)(publisher)

    def state(self) -> dict[str, Any]:
        """Return the newsroom's panel on the chat page; URLs are paths on this host."""
        return {
            "feed": "/news/feed.xml",
            "front": "/news/",
            "every_seconds": self.every.total_seconds() if self.every else None,
            "published": len(self._published),
            "left": self.left,
            "closed": sorted(self.closed),
            "latest": [article.describe() for article in self.newest(_LATEST)],
        }

    def newest(self, count: int, publisher: str | None = None) -> list[SampleArticle]:
        newest_first = reversed(self._published.values())
        chosen = (a for a in newest_first if publisher is None or a.publisher.code == publisher)
        return [article for article, _ in zip(chosen, range(count), strict=False)]

    def find(self, slug: str) -> SampleArticle | None:
        return self._published.get(slug)

    def box(self, article: SampleArticle) -> Sequence[SampleArticle]:
        """Return archived articles of the same language about other stories than *article*."""
        if article.draft.box:
            return [self._published[slug] for slug in article.draft.box]
        candidates = [other for other in self._archive if _fits_box(other, article)]
        start = _BOX_STRIDE * sum(article.draft.slug.encode())
        size = min(_BOX, len(candidates))
        return [candidates[(start + n) % len(candidates)] for n in range(size)]

    async def lifetime(self, _app: web.Application) -> AsyncIterator[None]:
        """Publish while the application runs (an aiohttp `cleanup_ctx`)."""
        async with asyncio.TaskGroup() as group:
            publishing = group.create_task(self._publish_all())
            yield
            publishing.cancel()

    async def _publish_all(self) -> None:
        while self.every is not None and self.left:
            await asyncio.sleep(self.every.total_seconds())
            if self.left:
                self.publish()

    def _next(self) -> Draft:
        return min(self._drafts, key=lambda draft: self._times_published[draft.slug])

    def _find(self, slug: str) -> Draft:
        found = next((draft for draft in self._drafts if draft.slug == slug), None)
        if found:
            return found
        raise LookupError(slug)

    def _story_date(self, draft: Draft, published_at: datetime) -> date:
        """Return the date of the story's first report, from which placeholders count."""
        start = published_at
        if draft.story:
            start = self._story_starts.setdefault(draft.story, published_at)
            if published_at - start > _STORY_LENGTH:
                self._story_starts[draft.story] = start = published_at
        return start.astimezone(WESTERNMOST).date()

    def _drop_oldest(self) -> None:
        # The archive stays, because the boxes link to it.
        if len(self._published) > MAX_PUBLISHED:
            del self._published[list(self._published)[len(self._archive)]]


def _fits_box(other: SampleArticle, article: SampleArticle) -> bool:
    same_story = other.story is not None and other.story == article.story
    return (
        other.slug != article.slug
        and not same_story
        and other.publisher.language.code == article.publisher.language.code
    )
