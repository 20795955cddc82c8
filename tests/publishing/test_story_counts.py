from datetime import timedelta

import pytest

from bot.publishing.contents import COUNTS_GOOD_FOR, StoryCounts
from storage.articles import Article
from storage.sources import Follow

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
async def query(newsroom):
    return await newsroom.query("words")


async def count(storage, counts: StoryCounts, query: int, chat: int | None = None):
    async with storage.reading() as tx:
        return await counts.by_age(tx, [query], chat)


async def test_stories_are_counted_by_the_day_on_which_they_came(newsroom, storage, query):
    source = await newsroom.source()
    for hours in (1, 2, 25, 13 * 24 + 1, 14 * 24 + 1):
        await newsroom.article(f"{hours} h", query, source_id=source, ago=hours * HOUR)

    assert await count(storage, StoryCounts(), query) == {query: {0: 2, 1: 1, 13: 1}}


async def test_a_story_counts_once_when_it_first_came(newsroom, storage, query):
    source = await newsroom.source()
    first = await newsroom.article("first", query, source_id=source, ago=30 * HOUR)
    second = await newsroom.article("second", query, source_id=source, ago=HOUR)
    async with storage.reading() as tx:
        story = (await tx.get_one(Article, first)).story_id
    await newsroom.change(Article, second, story_id=story)

    assert await count(storage, StoryCounts(), query) == {query: {1: 1}}


async def test_counts_are_cached_for_half_an_hour(newsroom, storage, query, clock):
    source, counts = await newsroom.source(), StoryCounts()
    await newsroom.article("first", query, source_id=source)
    known = [await count(storage, counts, query)]
    await newsroom.article("second", query, source_id=source)
    known.append(await count(storage, counts, query))
    clock.turn(COUNTS_GOOD_FOR)

    known.append(await count(storage, counts, query))

    assert [ages[query] for ages in known] == [{0: 1}, {0: 1}, {0: 2}]


async def test_a_private_source_counts_only_for_its_followers(newsroom, storage, query):
    own, counts = await newsroom.source("Own", public=False), StoryCounts()
    follower = await newsroom.chat(7)
    async with storage.writing() as tx:
        await tx.add(Follow(chat_id=follower, source_id=own))
    await newsroom.article("private", query, source_id=own)

    assert await count(storage, counts, query, follower) == {query: {0: 1}}
    assert await count(storage, counts, query) == {query: {}}
