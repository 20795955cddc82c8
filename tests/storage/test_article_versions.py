from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from storage.article_versions import articles_to_revise, revise_article, versions_of
from storage.articles import Article, ScopedUrl, store_articles
from storage.enums import Notification, Stage

if TYPE_CHECKING:
    from storage.db.engine import Storage


async def stored(storage: Storage, stage: Stage, owner: str | None = None) -> int:
    async with storage.writing() as unit:
        article = Article(
            url_hash="1",
            url="https://wire.example/1",
            title="First",
            text="One.",
            stored_at=unit.now,
            news_at=unit.now,
            stage=stage,
            owner=owner,
            story_id=0,
        )
        return (await store_articles(unit, [article.model_dump(exclude={"id"})]))[ScopedUrl("1")]


async def revised(
    storage: Storage, article_id: int, **values: str
) -> tuple[Article, set[Notification]]:
    async with storage.writing() as unit:
        (article,) = await articles_to_revise(unit, [article_id])
        await revise_article(unit, article, values)
        return article, unit.hints


@pytest.mark.parametrize(
    ("stage", "owner", "then", "hints"),
    [
        pytest.param(Stage.STORED, "me", Stage.STORED, set(), id="being grouped"),
        pytest.param(Stage.GROUPED, None, Stage.GROUPED, set(), id="not matched yet"),
        pytest.param(
            Stage.MATCHED, "me", Stage.GROUPED, {Notification.STORIES}, id="being published"
        ),
        pytest.param(Stage.PUBLISHED, None, Stage.GROUPED, {Notification.STORIES}, id="published"),
    ],
)
async def test_a_revised_article_goes_back_to_be_matched_and_is_nobodys(
    storage: Storage, stage: Stage, owner: str | None, then: Stage, hints: set[Notification]
):
    article_id = await stored(storage, stage, owner)

    article, given = await revised(storage, article_id, title="Second")

    assert (article.stage, article.owner, given) == (then, None, hints)
    assert (article.title, article.text, article.version) == ("Second", "One.", 2)


async def test_former_versions_are_kept_in_their_order(storage: Storage):
    article_id = await stored(storage, Stage.PUBLISHED)
    await revised(storage, article_id, title="Second")
    await revised(storage, article_id, title="Third", text="Three.")

    async with storage.reading() as unit:
        former = await versions_of(unit, article_id)

    assert [(each.number, each.title, each.text) for each in former] == [
        (1, "First", "One."),
        (2, "Second", "One."),
    ]


async def test_what_no_step_has_looked_at_leaves_no_version(storage: Storage):
    article_id = await stored(storage, Stage.STORED)

    article, _ = await revised(storage, article_id, title="Second")

    async with storage.reading() as unit:
        assert await versions_of(unit, article_id) == []
    assert (article.title, article.version) == ("Second", 1)
