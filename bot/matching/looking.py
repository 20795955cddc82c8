"""Looking through stored articles, the newest first, for as long as there is time.

The index of folded texts gives candidates; what is told of each is for whoever asks.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeAlias, TypeVar

from bot.matching.candidates import FTS5, TSQUERY
from bot.matching.query import Query
from bot.matching.slices import in_slices
from bot.matching.surroundings import asked_of, source_keys
from bot.matching.tree import Node, Source, leaves
from storage.articles import Article
from storage.db.engine import POSTGRESQL, Storage
from storage.publishers import searchable_names, sources_named
from storage.search import ArticleSearch, articles_of, search_articles

# A query with more candidates, or with slower ones, is told as "more than".
MOST_LOOKED_AT = 1000  # articles
LONGEST_LOOK = timedelta(milliseconds=120)  # twice on a card, where nothing is found
PAGE = 50  # articles read at a time

Told = TypeVar("Told")
Carriers: TypeAlias = tuple[str, ...]  # the hosts and titles of those that carried an article
Tell: TypeAlias = Callable[[Article, Carriers], Told]


@dataclass(frozen=True, slots=True)
class Looked(Generic[Told]):
    """Articles, the newest first, each with what was told of it; *is_more*: not all there are.

    They were looked for back to *since*, which is *covered* ago.
    """

    told: list[tuple[Article, Told]]
    is_more: bool
    covered: timedelta
    since: datetime


@dataclass(frozen=True, slots=True)
class Looking:
    storage: Storage

    async def look(
        self,
        query: Query,
        tell: Tell[Told],
        *,
        ago: timedelta | None,
        chat_id: int | None,
        tree: Node | None = None,
        most: int = MOST_LOOKED_AT,
    ) -> Looked[Told]:
        """Tell of the newest articles that *query* may match, as many as there is time for.

        *tree*: what else they may match in its place. *ago*: how old they may be, None: as old as
        can be. Looked at are those that reach the chat, for None those that reach everybody.
        """
        tree = tree or query.tree
        asked = asked_of(tree)

        def is_meant(*source: str) -> bool:
            return asked.source in source_keys(source)

        async with self.storage.reading() as tx:
            named = await sources_named(tx, is_meant, chat_id) if asked.source else None
            now = tx.now
            begin = None if ago is None else now - ago
            wanted = ArticleSearch(
                self.words(tree), begin, chat_id, source_ids=named, language=asked.language
            )
            ids = await search_articles(tx, wanted, limit=most + 1)
        told = await self._tell_in_time(query, ids[:MOST_LOOKED_AT], tell)
        is_more = len(told) < len(ids)
        oldest = told[-1][0].news_at if told else now
        since = oldest if begin is None or (is_more and told) else begin
        return Looked(told, is_more, now - since, since)

    async def _tell_in_time(
        self, query: Query, ids: Sequence[int], tell: Tell[Told]
    ) -> list[tuple[Article, Told]]:
        """Tell of as many as there is time for, the newest first."""
        told = await self.tell(
            ids,
            tell,
            at_most=LONGEST_LOOK,
            with_carriers=any(isinstance(leaf, Source) for leaf in leaves(query.tree)),
        )
        return sorted(told, key=lambda pair: (pair[0].news_at, pair[0].id), reverse=True)

    async def tell(
        self,
        ids: Sequence[int],
        tell: Tell[Told],
        *,
        at_most: timedelta = timedelta.max,
        with_carriers: bool = True,
    ) -> list[tuple[Article, Told]]:
        """Read the articles a page at a time, so that the event loop has its turns.

        Of what is to take *at_most* so long the first page is told of in any case.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + at_most.total_seconds()
        told: list[tuple[Article, Told]] = []
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            async with self.storage.reading() as tx:
                articles = await articles_of(tx, page)
                carriers = await searchable_names(tx, page) if with_carriers else {}

            def tell_one(article: Article, carriers: dict[int, Carriers] = carriers) -> Told:
                return tell(article, carriers.get(article.id, ()))

            async for pair in in_slices(articles, tell_one):
                told.append(pair)
                if start and clock() >= until:
                    return told
            if clock() >= until:
                break
        return told

    def words(self, tree: Node) -> str | None:
        """Return what the database's index is asked for."""
        dialect = TSQUERY if self.storage.dialect == POSTGRESQL else FTS5
        return dialect.expression(tree)
