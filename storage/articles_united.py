"""Two articles that turn out to be one."""

from sqlalchemy import delete, update
from sqlmodel import col

from storage.article_addresses import ArticleAddress, also_at
from storage.articles import Article
from storage.engine import Unit
from storage.entries import Entry
from storage.stories import drop_stories


async def unite(unit: Unit, lost: Article, kept: Article) -> None:
    """Give to *kept* all that carries *lost*, which no step has looked at yet, and forget that.

    Both are locked.
    """
    lost_id, kept_id = lost.id or 0, kept.id or 0
    for table in (Entry, ArticleAddress):
        await unit.session.exec(
            update(table).where(col(table.article_id) == lost_id).values(article_id=kept_id)
        )
    await unit.session.exec(delete(Article).where(col(Article.id) == lost_id))
    await drop_stories(unit, [lost.story_id])
    await also_at(unit, kept_id, lost.url_hash)
