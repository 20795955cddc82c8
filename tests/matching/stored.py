"""Articles and sources as the poller would have stored and grouped them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.matching.query import parse
from bot.text.folding import folded_labels, folded_text
from storage.articles import PUBLIC, Article, FoldedText, store_folded
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.entries import Entry
from storage.enums import ArticleStage
from storage.queries import query_for
from storage.sources import Follow, Source
from storage.stories import Story


async def stored_source(
    storage: Storage, title: str = "Example Wire", *, public: bool = True
) -> int:
    async with storage.writing() as tx:
        source = Source(
            url=f"https://{title.replace(' ', '').lower()}.example/feed",
            url_hash=title,
            host="wire.example",
            title=title,
            public=public,
            created_at=tx.now,
            next_fetch_at=tx.now,
        )
        tx.session.add(source)
        await tx.session.flush()
        return source.id


async def stored_article(
    storage: Storage,
    title: str,
    text: str = "",
    *,
    source_id: int | None = None,
    ago: timedelta = timedelta(0),
    language: str = "",
    author: str = "",
    categories: Sequence[str] = (),
) -> int:
    async with storage.writing() as tx:
        article = await _article(tx, title, text, tx.now - ago)
        article.language = language
        article.author, article.categories = author, "\n".join(categories)
        article_id = article.id
        labels = folded_labels(author, categories)
        texts = folded_text(title), folded_text(text), language, labels
        await store_folded(tx, [FoldedText(article_id, *texts)])
        if source_id is not None:
            source = await tx.session.get(Source, source_id)
            article.scope_id = PUBLIC if source is None or source.public else source_id
            tx.session.add(_entry(source_id, article_id, tx.now))
        return article_id


async def _article(tx: Transaction, title: str, text: str, at: datetime) -> Article:
    story = Story(created_at=at)
    tx.session.add(story)
    await tx.session.flush()
    article = Article(
        url_hash=f"hash-{story.id}",
        url=f"https://wire.example/{story.id}",
        title=title,
        text=text,
        stored_at=at,
        news_at=at,
        story_id=story.id,
        stage=ArticleStage.GROUPED,
    )
    tx.session.add(article)
    await tx.session.flush()
    return article


def _entry(source_id: int, article_id: int, at: datetime) -> Entry:
    return Entry(
        source_id=source_id,
        guid_hash=f"guid-{article_id}",
        article_id=article_id,
        content_hash="",
        first_seen_at=at,
    )


async def stored_follower(storage: Storage, source_id: int) -> int:
    """Return the id of our row of a chat that follows the source."""
    async with storage.writing() as tx:
        chat = Chat(telegram_id=7, created_at=tx.now, state_since=tx.now)
        tx.session.add(chat)
        await tx.session.flush()
        tx.session.add(Follow(chat_id=chat.id, source_id=source_id))
        return chat.id


async def stored_query(storage: Storage, typed: str) -> int:
    async with storage.writing() as tx:
        return (await query_for(tx, parse(typed).canonical)).id
