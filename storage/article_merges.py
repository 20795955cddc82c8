"""Article merges: two articles that turn out to be one, or a private one that becomes public."""

from collections.abc import Mapping

from sqlalchemy import bindparam, update
from sqlmodel import col

from storage.alerts import Alert
from storage.articles import Article, ArticleAddress, ScopedUrl, add_address
from storage.db.engine import Transaction
from storage.entries import Entry
from storage.stories import delete_stories


async def merge_articles(tx: Transaction, lost: Article, kept: Article) -> None:
    """Give the entries and addresses of *lost* to *kept*, and delete *lost*.

    Both are locked. No stage has claimed *lost* yet, so that no alert or edition names it.
    """
    for table in (Entry, ArticleAddress):
        moved = update(table).where(col(table.article_id) == lost.id)
        await tx.change(moved.values(article_id=kept.id))
    url, story_id = ScopedUrl(lost.url_hash, lost.scope_id), lost.story_id
    await tx.delete(lost)
    await delete_stories(tx, [story_id])
    await add_address(tx, kept.id, url)


async def make_public(tx: Transaction, articles: Mapping[int, int]) -> None:
    """Give the entries and alerts of private articles to the public ones of the same URL.

    *articles*: the public article by the private one. A private article keeps its row for as long
    as rows are kept, but no source carries it any more. A chat that was alerted to it counts as
    alerted to the public one (`storage.alerts.not_alerted`).
    """
    moves = [{"private": private, "public": public} for private, public in articles.items()]
    if not moves:
        return
    for table in (Entry, Alert):
        moved = update(table).where(col(table.article_id) == bindparam("private"))
        await tx.change(moved.values(article_id=bindparam("public")), moves)
