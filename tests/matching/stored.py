"""Articles and sources as the reading room would have stored and grouped them."""

from datetime import datetime, timedelta

from bot.matching.folding import folded_text
from storage.articles import PUBLIC, Article, FoldedText, store_folded
from storage.db.engine import Storage, Transaction
from storage.entries import Entry
from storage.enums import Stage
from storage.sources import Source
from storage.stories import Story


async def stored_source(
    storage: Storage, title: str = "Example Wire", *, public: bool = True
) -> int:
    async with storage.writing() as unit:
        source = Source(
            url=f"https://{title.replace(' ', '').lower()}.example/feed",
            url_hash=title,
            host="wire.example",
            title=title,
            public=public,
            created_at=unit.now,
            next_fetch_at=unit.now,
        )
        unit.session.add(source)
        await unit.session.flush()
        return source.id


async def stored_article(
    storage: Storage,
    title: str,
    text: str = "",
    *,
    source_id: int | None = None,
    ago: timedelta = timedelta(0),
    language: str = "",
) -> int:
    async with storage.writing() as unit:
        article = await _article(unit, title, text, unit.now - ago)
        article.language = language
        article_id = article.id
        rows = [FoldedText(article_id, folded_text(title), folded_text(text), article.language)]
        await store_folded(unit, rows)
        if source_id is not None:
            source = await unit.session.get(Source, source_id)
            article.scope_id = PUBLIC if source is None or source.public else source_id
            unit.session.add(_entry(source_id, article_id, unit.now))
        return article_id


async def _article(unit: Transaction, title: str, text: str, at: datetime) -> Article:
    story = Story(created_at=at)
    unit.session.add(story)
    await unit.session.flush()
    article = Article(
        url_hash=f"hash-{story.id}",
        url=f"https://wire.example/{story.id}",
        title=title,
        text=text,
        stored_at=at,
        news_at=at,
        story_id=story.id,
        stage=Stage.GROUPED,
    )
    unit.session.add(article)
    await unit.session.flush()
    return article


def _entry(source_id: int, article_id: int, at: datetime) -> Entry:
    return Entry(
        source_id=source_id,
        guid_hash=f"guid-{article_id}",
        article_id=article_id,
        content_hash="",
        first_seen_at=at,
    )
