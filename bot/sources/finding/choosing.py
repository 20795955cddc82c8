"""Adding what a person names: a feed, the one feed of a page, or else the page itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.sources.finding.adding import AS_IT_COMES, Adding, Addition, Form, Outcome, Wish
from bot.sources.finding.discovery import Discovered, Discovery
from bot.sources.finding.feedlinks import Link, Where
from bot.sources.finding.finds import Find, is_list
from bot.sources.getting.visiting import Asked, Visit, visit
from bot.sources.urls import as_typed

_NO_FEED = "gives an HTML page instead of a feed"
_NOTHING = "names no feed, and is no article to be read"


@dataclass(frozen=True, slots=True)
class Choosing:
    """A page with several feeds is a question: nothing is added, and they are there to pick."""

    adding: Adding

    async def add(self, url: str, wish: Wish = AS_IT_COMES) -> Addition:
        url = as_typed(url)
        if there := await self.adding.there(url, wish):
            return there
        asked = Asked(url, inside=self.adding.public)
        visited = await visit(self.adding.fetcher, self.adding.reader, asked)
        if wish.form is Form.PAGE or is_list(visited):
            return await self.adding.add(url, wish, visited=visited)
        discovery = Discovery(self.adding.fetcher, self.adding.reader, inside=self.adding.public)
        found = await discovery.discover(url, visited=visited)
        if not found.is_page:
            return await self.adding.add(url, wish, visited=visited)
        return await self._chosen(url, found, wish)

    async def _chosen(self, url: str, found: Discovered, wish: Wish) -> Addition:
        finds = [find for find in found.finds if find.tells_news]
        unread = [link for link in found.unread if link.where is not Where.SITEMAP]
        if len(finds) + len(unread) > 1:
            return _question(url, finds, unread, wish)
        if finds:
            return await self._its_feed(url, finds[0], wish)
        if wish.form is Form.FEED:
            return Addition(url, Outcome.REFUSED, wish.title, sentence=_NO_FEED)
        return await self._the_page(url, found.visited, wish)

    async def _its_feed(self, url: str, find: Find, wish: Wish) -> Addition:
        added = await self.adding.add(find.url, wish, visited=find.visited)
        return replace(added, found_at=url)

    async def _the_page(self, url: str, visited: Visit, wish: Wish) -> Addition:
        if visited.document is None:
            return Addition(url, Outcome.REFUSED, wish.title, sentence=_NOTHING)
        return await self.adding.add(url, wish, visited=visited)


def _question(url: str, finds: Sequence[Find], unread: Sequence[Link], wish: Wish) -> Addition:
    """Without the documents that were read: a list may have a thousand such sites."""
    return Addition(
        url,
        Outcome.SEVERAL,
        wish.title,
        sentence=f"has {len(finds) + len(unread)} feeds to choose from",
        choice=tuple(replace(find, visited=Visit()) for find in finds),
        unread=tuple(unread),
    )


@dataclass(frozen=True, slots=True)
class FeedsOnly:
    """For those who follow what they add: no page is read for a single chat, only its one feed."""

    choosing: Choosing

    async def add(self, url: str) -> Addition:
        return await self.choosing.add(url, Wish(form=Form.FEED))
