"""Merges two articles that turn out to be the same, and makes private articles public.

A chat that was sent a private article knows the public article with the same URL, too. So its
alert and its place in an edition are moved to the public article, and to that article's story once
grouping has found it. Everything else then asks by chat and story alone.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import and_, bindparam, exists, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from storage.alerts import Alert
from storage.articles import Article, ArticleAddress, ScopedUrl, add_address
from storage.db.engine import Transaction
from storage.db.sql import among
from storage.editions import EditionStory
from storage.entries import Entry
from storage.enums import ArticleStage
from storage.sources import Follow
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
    """Move the entries and reports of private articles to the public articles with the same URLs.

    *articles*: the id of the public article, by that of the private one. The private article's row
    stays until retention deletes it, but no source carries it any more. The alerts of an article
    that is not grouped yet keep the private story until then, because its own story may go.
    """
    if not articles:
        return
    both = select(Article).where(among(col(Article.id), {*articles, *articles.values()}))
    by_id = {article.id: article for article in await tx.rows(both)}
    moves = [
        {
            "private": private,
            "source": by_id[private].scope_id,
            "former": by_id[private].story_id,
            "public": public,
            "story": by_id[public].story_id,
        }
        for private, public in articles.items()
    ]
    for moving in (_MOVE_ENTRIES, _MOVE_ALERTS, _MOVE_LISTED):
        await tx.change(moving, moves)
    grouped = [by_id[public] for public in articles.values()]
    grouped = [article for article in grouped if article.stage is not ArticleStage.STORED]
    await move_reports(tx, {article.id: article.story_id for article in grouped})


_MOVE_ENTRIES, _MOVE_ALERTS = (
    update(table)
    .where(col(table.article_id) == bindparam("private"))
    .values(article_id=bindparam("public"))
    for table in (Entry, Alert)
)

_known = aliased(EditionStory, name="known")
_is_listed: Final = exists().where(
    col(_known.chat_id) == EditionStory.chat_id, col(_known.story_id) == bindparam("story")
)

# The followers of the private source lead to the rows, because no index does so by article.
_MOVE_LISTED: Final = (
    update(EditionStory)
    .where(
        col(EditionStory.chat_id).in_(
            select(Follow.chat_id).where(col(Follow.source_id) == bindparam("source"))
        ),
        col(EditionStory.story_id) == bindparam("former"),
        col(EditionStory.article_id) == bindparam("private"),
        ~_is_listed,
    )
    .values(article_id=bindparam("public"), story_id=bindparam("story"))
)


async def move_reports(tx: Transaction, stories: Mapping[int, int]) -> None:
    """Move the reports of public articles to the stories in which grouping places them.

    *stories*: the new story, by article, before it is stored. Only an article that replaced a
    private one has reports. A report stays where it is if the chat knows the new story already.
    """
    alerts = await tx.rows(_ALERTS, articles=stories)
    listed = await tx.rows(_LISTED, articles=stories)
    for moving, rows in ((_MOVE_ALERT, alerts), (_MOVE_PLACE, listed)):
        moves = [
            {"chat": chat_id, "former": former, "story": stories[article_id]}
            for chat_id, former, article_id in rows
            if stories[article_id] != former
        ]
        if moves:
            await tx.change(moving, moves)


_ALERTS: Final = select(Alert.chat_id, Alert.story_id, Alert.article_id).where(
    among(col(Alert.article_id), bindparam("articles"))
)

_LISTED: Final = (
    select(EditionStory.chat_id, EditionStory.story_id, Article.id)
    .join(Follow, col(Follow.chat_id) == EditionStory.chat_id)
    .join(Entry, col(Entry.source_id) == Follow.source_id)
    .join(
        Article,
        and_(col(Article.id) == Entry.article_id, col(Article.story_id) == EditionStory.story_id),
    )
    .where(among(col(Entry.article_id), bindparam("articles")))
    .distinct()
)

_other = aliased(Alert, name="other")

_MOVE_ALERT: Final = (
    update(Alert)
    .where(
        col(Alert.chat_id) == bindparam("chat"),
        col(Alert.story_id) == bindparam("former"),
        ~exists().where(
            col(_other.chat_id) == Alert.chat_id, col(_other.story_id) == bindparam("story")
        ),
    )
    .values(story_id=bindparam("story"))
)

_MOVE_PLACE: Final = (
    update(EditionStory)
    .where(
        col(EditionStory.chat_id) == bindparam("chat"),
        col(EditionStory.story_id) == bindparam("former"),
        ~_is_listed,
    )
    .values(story_id=bindparam("story"))
)
