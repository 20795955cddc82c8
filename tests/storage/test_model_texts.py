import asyncio
from datetime import timedelta

import pytest

from storage.db.engine import Storage
from storage.enums import Mode
from storage.model_texts import (
    ModelText,
    claim_wanted,
    model_day,
    model_texts_of,
    postpone_text,
    reserve_tokens,
    settle_tokens,
    store_text,
    stories_wanted,
    want,
)
from storage.retention import forget_stories
from storage.stories import create_stories
from tests.publishing.newsroom import Newsroom

BUDGET = 1_000
MINUTE = timedelta(minutes=1)


@pytest.fixture
def newsroom(storage: Storage) -> Newsroom:
    return Newsroom(storage)


async def one_story(storage: Storage) -> int:
    async with storage.writing() as tx:
        return (await create_stories(tx, 1))[0]


async def claimed(storage: Storage, owner: str = "one") -> list[ModelText]:
    async with storage.writing() as tx:
        return await claim_wanted(tx, owner=owner, limit=9, lease=MINUTE, lately=60 * MINUTE)


async def test_concurrent_reservations_keep_the_budget_to_the_token(storage):
    async def reserve(tokens: int) -> int:
        async with storage.writing() as tx:
            return tokens if await reserve_tokens(tx, tokens, BUDGET) else 0

    reserved = await asyncio.gather(*(reserve(70 + number) for number in range(40)))

    async with storage.reading() as tx:
        today = await model_day(tx, tx.now.date())
    assert today.reserved == sum(reserved) <= BUDGET
    assert BUDGET - today.reserved < 110
    assert today.calls == sum(map(bool, reserved))


async def test_a_settled_call_counts_what_it_used(storage):
    async with storage.writing() as tx:
        day = await reserve_tokens(tx, 900, BUDGET)
        assert day
        await settle_tokens(tx, day, reserved=900, used=100, kept=2, dropped=1)
        again = await reserve_tokens(tx, 900, BUDGET)
        too_many = await reserve_tokens(tx, 1, BUDGET)
        today = await model_day(tx, day)

    assert again == day
    assert too_many is None
    assert (today.used, today.reserved, today.kept, today.dropped) == (100, 900, 2, 1)


async def test_a_text_is_claimed_once_and_read_when_it_is_made(storage):
    story = await one_story(storage)
    async with storage.writing() as tx:
        await want(tx, [(story, "de", 3, tx.now)])
    (text,) = await claimed(storage)

    assert await claimed(storage, "another") == []
    async with storage.writing() as tx:
        assert await model_texts_of(tx, [story], "de") == {}
        assert not await store_text(tx, text.id, "another", {"tokens": 1})
        assert await store_text(tx, text.id, "one", {"translations": {"1": ["Titel", ""]}})
        made = await model_texts_of(tx, [story], "de")

    assert made[story].translations == {"1": ["Titel", ""]}
    assert await claimed(storage) == []


async def test_a_text_is_made_again_after_its_story_has_changed(storage):
    story = await one_story(storage)
    async with storage.writing() as tx:
        await want(tx, [(story, "de", 3, tx.now)])
    (text,) = await claimed(storage)
    async with storage.writing() as tx:
        await store_text(tx, text.id, "one", {})
        await want(tx, [(story, "de", 3, tx.now - MINUTE)])
    assert await claimed(storage) == []

    async with storage.writing() as tx:
        await want(tx, [(story, "de", 5, tx.now + MINUTE)])

    async with storage.reading() as tx:
        (text,) = (await model_texts_of(tx, [story], "de")).values()
    assert text.readers == 5


async def test_a_failed_text_waits(storage):
    story = await one_story(storage)
    async with storage.writing() as tx:
        await want(tx, [(story, "de", 3, tx.now)])
    (text,) = await claimed(storage)

    async with storage.writing() as tx:
        await postpone_text(tx, text.id, "one", 1, MINUTE)

    assert await claimed(storage) == []


async def test_texts_go_with_their_story(storage):
    story = await one_story(storage)
    async with storage.writing() as tx:
        await want(tx, [(story, "de", 3, tx.now)])
    (text,) = await claimed(storage)
    async with storage.writing() as tx:
        await store_text(tx, text.id, "one", {})
        await forget_stories(tx, 0, tx.now + MINUTE, 10)

        assert await model_texts_of(tx, [story], "de") == {}


async def test_wanted_stories_are_ordered_by_readers(newsroom, storage):
    few, many, source = (
        await newsroom.query("few"),
        await newsroom.query("many"),
        await newsroom.source(),
    )
    await newsroom.article("Read by one", few, source_id=source)
    await newsroom.article("Read by two", many, source_id=source)
    async with storage.reading() as tx:
        soon = tx.now + 10 * MINUTE
    for number, query in enumerate((few, many, many)):
        await newsroom.reader(
            query, 7 + number, mode=Mode.DIGEST, language="de", next_digest_at=soon
        )

    async with storage.reading() as tx:
        wanted = await stories_wanted(tx, 30 * MINUTE, 10)

    assert [(each.readers, each.translators, each.tag) for each in wanted] == [
        (2, 2, "de"),
        (1, 1, "de"),
    ]
