from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from storage.articles import Article, ScopedUrl, articles_to_revise, revise_article, store_articles
from storage.enums import ArticleStage, Notification

if TYPE_CHECKING:
    from storage.db.engine import Storage
    from tests.conftest import TurnedClock


async def stored(storage: Storage, stage: ArticleStage, owner: str | None = None) -> int:
    async with storage.writing() as tx:
        article = Article(
            url_hash="1",
            url="https://wire.example/1",
            title="First",
            text="One.",
            stored_at=tx.now,
            news_at=tx.now,
            stage=stage,
            owner=owner,
            story_id=0,
        )
        return (await store_articles(tx, [article.model_dump(exclude={"id"})]))[ScopedUrl("1")]


async def revised(
    storage: Storage, article_id: int, **values: str
) -> tuple[Article, set[Notification]]:
    async with storage.writing() as tx:
        (article,) = await articles_to_revise(tx, [article_id])
        await revise_article(tx, article, values)
        return article, tx.notifications


@pytest.mark.parametrize(
    ("stage", "owner", "then", "hints"),
    [
        pytest.param(ArticleStage.STORED, "me", ArticleStage.STORED, set(), id="being grouped"),
        pytest.param(ArticleStage.GROUPED, None, ArticleStage.GROUPED, set(), id="not matched yet"),
        pytest.param(
            ArticleStage.MATCHED,
            "me",
            ArticleStage.GROUPED,
            {Notification.STORIES},
            id="being published",
        ),
        pytest.param(
            ArticleStage.PUBLISHED,
            None,
            ArticleStage.GROUPED,
            {Notification.STORIES},
            id="published",
        ),
    ],
)
async def test_a_revised_article_goes_back_to_be_matched_and_is_nobodys(
    storage: Storage,
    stage: ArticleStage,
    owner: str | None,
    then: ArticleStage,
    hints: set[Notification],
):
    article_id = await stored(storage, stage, owner)

    article, given = await revised(storage, article_id, title="Second")

    assert (article.stage, article.owner, given) == (then, None, hints)
    assert (article.title, article.text, article.version) == ("Second", "One.", 2)


async def test_each_revision_counts_as_a_version(storage: Storage, clock: TurnedClock):
    article_id = await stored(storage, ArticleStage.PUBLISHED)
    await revised(storage, article_id, title="Second")
    clock.turn(timedelta(hours=1))

    article, _ = await revised(storage, article_id, title="Third", text="Three.")

    assert (article.version, article.revised_at) == (3, clock.now)
    assert (article.title, article.text) == ("Third", "Three.")


async def test_what_no_step_has_looked_at_leaves_no_version(storage: Storage):
    article_id = await stored(storage, ArticleStage.STORED)

    article, _ = await revised(storage, article_id, title="Second")

    assert (article.title, article.version, article.revised_at) == ("Second", 1, None)
