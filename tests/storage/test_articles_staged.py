from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.dialects import sqlite
from sqlmodel import col, select

from storage.articles import Article, claim_new_articles, is_at, store_articles
from storage.db.engine import Storage
from storage.enums import ArticleStage

if TYPE_CHECKING:
    from tests.conftest import TurnedClock

MINUTE = timedelta(minutes=1)


async def stored(storage: Storage, title: str, wait: timedelta | None = None) -> None:
    async with storage.writing() as tx:
        article = Article(
            url_hash=title,
            url=f"https://wire.example/{title}",
            title=title,
            stored_at=tx.now,
            news_at=tx.now,
            ready_at=None if wait is None else tx.now + wait,
            story_id=0,
        )
        await store_articles(tx, [article.model_dump(exclude={"id"})])


async def claimed(storage: Storage) -> list[str]:
    async with storage.writing() as tx:
        articles = await claim_new_articles(tx, owner="me", limit=9, lease=2 * MINUTE)
    return [article.title for article in articles]


async def test_an_article_that_waits_for_its_text_holds_up_none_behind_it(
    storage: Storage, clock: TurnedClock
):
    await stored(storage, "waits", MINUTE)
    await stored(storage, "all here")

    assert await claimed(storage) == ["all here"]

    clock.turn(MINUTE)
    assert await claimed(storage) == ["waits"]


async def test_what_is_ready_comes_in_stored_order(storage: Storage, clock: TurnedClock):
    await stored(storage, "waited", MINUTE)
    await stored(storage, "all here")
    clock.turn(MINUTE)

    assert await claimed(storage) == ["waited", "all here"]


async def test_what_is_on_its_way_is_found_without_a_look_at_all_articles(sqlite_url: str):
    asked = select(Article.id).where(is_at(ArticleStage.STORED)).order_by(col(Article.id))
    compiled = asked.compile(dialect=sqlite.dialect(paramstyle="named"))
    opened = Storage.open(sqlite_url)
    async with opened.reading() as tx:
        connection = await tx.session.connection()
        explained = text(f"EXPLAIN QUERY PLAN {compiled}")

        plan = (await connection.execute(explained, {"stage_1": "stored"})).all()

    await opened.close()
    assert "INDEX ix_article_on_its_way (stage=?)" in str(plan)
