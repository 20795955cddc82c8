"""Rows that several tests of the storage store and claim."""

from datetime import timedelta

from sqlmodel import col

from storage.articles import Article, ScopedUrl, store_articles
from storage.db.engine import Storage
from storage.db.leases import claim
from storage.enums import ArticleStage, Mode, SourceState
from storage.queries import query_for
from storage.sources import Source
from storage.subscriptions import Subscription
from storage.topics import Topic
from tests.rows import source_row

LEASE = timedelta(minutes=1)


async def add_sources(storage: Storage, number: int) -> None:
    async with storage.writing() as tx:
        for place in range(number):
            now = {"created_at": tx.now, "next_fetch_at": tx.now}
            await tx.add(Source(**source_row(f"https://example.org/{place}", **now)))


async def claim_sources(storage: Storage, owner: str, limit: int = 10) -> list[int]:
    async with storage.writing() as tx:
        sources = await claim(
            tx,
            Source,
            (col(Source.state) == SourceState.ACTIVE) & (col(Source.next_fetch_at) <= tx.now),
            order=(Source.id,),
            limit=limit,
            owner=owner,
            lease=LEASE,
        )
        assert all(source.owner == owner for source in sources)
        return [source.id for source in sources]


async def store_article(
    storage: Storage,
    title: str,
    *,
    wait: timedelta | None = None,
    stage: ArticleStage = ArticleStage.STORED,
    owner: str | None = None,
) -> int:
    """Store an article; *wait*: how long it waits for its page."""
    async with storage.writing() as tx:
        article = Article(
            url_hash=title,
            url=f"https://wire.example/{title}",
            title=title,
            text="One.",
            stored_at=tx.now,
            news_at=tx.now,
            ready_at=None if wait is None else tx.now + wait,
            stage=stage,
            owner=owner,
            story_id=0,
        )
        ids = await store_articles(tx, [article.model_dump(exclude={"id"})])
        return ids[ScopedUrl(title)]


async def subscribe(storage: Storage, chat_id: int, name: str, slug: str | None) -> None:
    """Let the chat subscribe to a topic of the catalogue, or to one of its own without *slug*."""
    async with storage.writing() as tx:
        topic = await tx.add(
            Topic(
                name=name,
                query_id=(await query_for(tx, name)).id,
                typed=name,
                slug=slug,
                chat_id=None if slug else chat_id,
                created_at=tx.now,
            )
        )
        await tx.add(
            Subscription(chat_id=chat_id, topic_id=topic.id, mode=Mode.BOTH, created_at=tx.now)
        )
