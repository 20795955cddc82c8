"""The newsroom itself: what has been published, what comes next, and when."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bot.playground.newsroom.articles import Article, print_article
from bot.playground.newsroom.drafts import Draft, read_archive, read_live, read_outlets
from bot.playground.newsroom.routes import make_routes

KEPT = 1000  # published articles that stay readable; at 45 s apiece a night and more
LATEST = 12
BOX = 2
BOX_STEP = 3  # an odd stride, so that neighbours get different boxes


class UnknownArticleError(LookupError):
    """No draft has this slug."""


class UnknownOutletError(LookupError):
    """No outlet has this code."""


class Newsroom:
    """Publishes every *every* by itself; with None only when asked. *now* gives aware moments."""

    def __init__(
        self, now: Callable[[], datetime], every: timedelta | None = timedelta(seconds=45)
    ) -> None:
        self.now = now
        self.every = every
        self.outlets = read_outlets()
        self.closed: set[str] = set()  # outlets by code: their feeds are gone for good
        self._live = read_live(self.outlets)
        self._times_printed: Counter[str] = Counter()
        opened = now()
        archive = read_archive(self.outlets)
        self._archive = [print_article(draft, opened - draft.age) for draft in archive]
        self._shelf = {article.slug: article for article in self._archive}

    def routes(self) -> list[web.RouteDef]:
        return make_routes(self)

    def publish(self, slug: str | None = None) -> dict[str, str]:
        """Publish a fresh article now: the next in turn, or the one asked for.

        Printed again, it becomes a follow-up with its number in title and slug.
        """
        draft = self._next() if slug is None else self._find(slug)
        self._times_printed[draft.slug] += 1
        article = print_article(draft, self.now(), self._times_printed[draft.slug])
        self._shelf[article.slug] = article
        self._clear_old()
        return describe(article)

    def close(self, outlet: str, *, closed: bool = True) -> None:
        """Take the feed of an outlet down, as if it had gone out of business, or put it back."""
        if outlet not in self.outlets:
            raise UnknownOutletError(outlet)
        (self.closed.add if closed else self.closed.discard)(outlet)

    def state(self) -> dict[str, Any]:
        """What the chat page shows beside the chat; addresses are paths on this host."""
        return {
            "feed": "/news/feed.xml",
            "front": "/news/",
            "every_seconds": self.every.total_seconds() if self.every else None,
            "published": len(self._shelf),
            "closed": sorted(self.closed),
            "latest": [describe(article) for article in self.newest(LATEST)],
        }

    def newest(self, count: int, outlet: str | None = None) -> list[Article]:
        shelf = reversed(self._shelf.values())
        fitting = [a for a in shelf if outlet is None or a.outlet.code == outlet]
        return fitting[:count]

    def find(self, slug: str) -> Article | None:
        return self._shelf.get(slug)

    def others(self, article: Article) -> Sequence[Article]:
        """The back issues in the box beside *article*: same language, another story."""
        candidates = [other for other in self._archive if _fits_box(other, article)]
        start = BOX_STEP * sum(article.slug.encode())
        wanted = min(BOX, len(candidates))
        return [candidates[(start + n) % len(candidates)] for n in range(wanted)]

    async def lifetime(self, _app: web.Application) -> AsyncIterator[None]:
        """For the `cleanup_ctx` of the application that serves the routes."""
        async with asyncio.TaskGroup() as group:
            publishing = group.create_task(self._publish_forever())
            yield
            publishing.cancel()

    async def _publish_forever(self) -> None:
        while self.every is not None:
            await asyncio.sleep(self.every.total_seconds())
            self.publish()

    def _next(self) -> Draft:
        return min(self._live, key=lambda draft: self._times_printed[draft.slug])

    def _find(self, slug: str) -> Draft:
        for draft in self._live:
            if draft.slug == slug:
                return draft
        raise UnknownArticleError(slug)

    def _clear_old(self) -> None:
        # Back issues stay, because the boxes link to them.
        if len(self._shelf) > KEPT:
            del self._shelf[list(self._shelf)[len(self._archive)]]


def describe(article: Article) -> dict[str, str]:
    return {
        "slug": article.slug,
        "title": article.title,
        "url": article.path,
        "outlet": article.outlet.name,
        "language": article.outlet.tongue.code,
        "published": article.published.isoformat(),
    }


def _fits_box(other: Article, article: Article) -> bool:
    same_story = other.story is not None and other.story == article.story
    return (
        other.slug != article.slug
        and not same_story
        and other.outlet.tongue.code == article.outlet.tongue.code
    )
