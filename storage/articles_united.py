"""Two articles that turn out to be one."""

from collections.abc import Mapping

from sqlalchemy import bindparam, delete, update
from sqlmodel import col

from storage.alerts import Alert
from storage.article_addresses import ArticleAddress, also_at
from storage.articles import Article, ScopedUrl
from storage.engine import Unit
from storage.entries import Entry
from storage.stories import drop_stories


async def unite(unit: Unit, lost: Article, kept: Article) -> None:
    """Give to *kept* all that carries *lost*, which no step has looked at yet, and forget that.

    Both are locked.
    """
    lost_id, kept_id = lost.id, kept.id
    for table in (Entry, ArticleAddress):
        await unit.session.exec(
            update(table).where(col(table.article_id) == lost_id).values(article_id=kept_id)
        )
    await unit.session.exec(delete(Article).where(col(Article.id) == lost_id))
    await drop_stories(unit, [lost.story_id])
    await also_at(unit, kept_id, ScopedUrl(lost.url_hash, lost.scope_id))


async def make_public(unit: Unit, articles: Mapping[int, int]) -> None:
    """Let the chats that have had a private article have the public one of its URL from now on.

    *articles*: the public one by the private one. That keeps its row as long as rows are kept, but
    no source carries it any more. Who was alerted to it counts as alerted to the public one.
    """
    if not articles:
        return
    connection = await unit.session.connection()
    rows = [{"private": private, "public": public} for private, public in articles.items()]
    for table in (Entry, Alert):
        moved = update(table).where(col(table.article_id) == bindparam("private"))
        await connection.execute(moved.values(article_id=bindparam("public")), rows)
