"""Merges two articles that turn out to be the same, and makes private articles public."""

from collections.abc import Mapping

from sqlalchemy import bindparam, update
from sqlmodel import col

from storage.alerts import Alert
from storage.articles import Article, ArticleAddress, ScopedUrl, add_address
from storage.db.engine import Transaction
from storage.entries import Entry
from storage.stories import delete_stories


async def merge_articles(tx: Transaction, lost: Article, kept: Article) -> None:
    """Move the entries and addresses of *lost* to *kept*, and delete *lost*.

    Both must be locked, and no stage may have claimed *lost* yet, so no alert or edition names it.
    """
    for table in (Entry, ArticleAddress):
        moved = update(table).where(col(table.article_id) == lost.id)
        await tx.change(moved.values(article_id=kept.id))
    url, story_id = ScopedUrl(lost.url_hash, lost.scope_id), lost.story_id
    await tx.delete(lost)
    await delete_stories(tx, [story_id])
    await add_address(tx, kept.id, url)


async def make_public(tx: Transaction, articles: Mapping[int, int]) -> None:
    """Move the entries and alerts of private articles to the public articles with the same URLs.

    *articles*: the id of the public article, by that of the private one. The private article's row
    stays until retention deletes it, but no source carries it any more. A chat that was alerted to
    it counts as alerted to the public one (`storage.alerts.not_alerted`).
    """
    moves = [{"private": private, "public": public} for private, public in articles.items()]
    if not moves:
        return
    for table in (Entry, Alert):
        moved = update(table).where(col(table.article_id) == bindparam("private"))
        await tx.change(moved.values(article_id=bindparam("public")), moves)
