"""Articles find their story one after the other, whoever it is that groups."""

from datetime import timedelta

from sqlmodel import col, select

from bot.sources.group import LEASE, Grouping
from storage.articles import Article, store_articles
from storage.engine import Storage
from storage.stories_grouped import group_articles
from storage.words import Hint, Stage
from tests.conftest import TurnedClock


async def stored(storage: Storage, *titles: str, ready_in: timedelta | None = None) -> list[int]:
    async with storage.writing() as unit:
        articles = [
            Article(
                url=title,
                url_hash=title,
                title=title,
                stored_at=unit.now,
                news_at=unit.now,
                ready_at=unit.now + ready_in if ready_in else None,
                story_id=0,
            )
            for title in titles
        ]
        return list((await store_articles(unit, articles)).values())


async def grouped(storage: Storage) -> list[str]:
    async with storage.reading() as unit:
        rows = select(Article.title).where(col(Article.stage) == Stage.GROUPED)
        return sorted(await unit.session.exec(rows))


async def test_articles_are_grouped_the_oldest_first(storage: Storage):
    await stored(storage, "First", "Second", "Third")
    step = Grouping(storage, "me")

    assert await step.group_new(limit=2) == 2
    assert await grouped(storage) == ["First", "Second"]
    assert await step.group_new(limit=2) == 1
    assert await step.group_new(limit=2) == 0


async def test_who_has_the_role_keeps_the_others_from_it(storage: Storage, clock: TurnedClock):
    mine, other = Grouping(storage, "me"), Grouping(storage, "other")
    await stored(storage, "First")
    assert await mine.group_new() == 1
    await stored(storage, "Second")

    assert await other.group_new() == 0
    clock.turn(LEASE)
    assert await other.group_new() == 1
    await stored(storage, "Third")
    assert await mine.group_new() == 0


async def test_who_has_nothing_to_do_keeps_the_role(storage: Storage, clock: TurnedClock):
    mine, other = Grouping(storage, "me"), Grouping(storage, "other")
    await stored(storage, "First")
    await mine.group_new()
    for _ in range(6):
        clock.turn(LEASE / 2)
        assert await mine.group_new() == 0
    await stored(storage, "Second")

    assert await other.group_new() == 0
    assert await mine.group_new() == 1


async def test_an_article_that_is_not_ready_holds_up_nobody(storage: Storage, clock: TurnedClock):
    await stored(storage, "Awaited", ready_in=timedelta(minutes=1))
    await stored(storage, "Later")
    step = Grouping(storage, "me")

    assert await step.group_new() == 1
    assert await grouped(storage) == ["Later"]
    clock.turn(timedelta(minutes=1))
    assert await step.group_new() == 1


async def test_whoever_matches_is_told(storage: Storage):
    (article,) = await stored(storage, "First")

    async with storage.writing() as unit:
        await group_articles(unit, {article: 1})

        assert unit.hints == {Hint.STORIES}
