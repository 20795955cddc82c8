"""Feeds that chats follow: limits, budgets, undo, and when they go."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.budgets import FREE, USUAL, Cost
from bot.sources.discovery.add import Addition, AddOutcome
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.subscribers import deletion, own_feeds
from bot.subscribers.errors import (
    NoSuchSource,
    OverBudget,
    TooManyAdditions,
    TooManyFeeds,
)
from bot.subscribers.limits import Limited, set_limits
from bot.subscribers.own_feeds import FeedAddition
from storage.db.engine import Storage
from storage.sources import add_source, all_sources
from tests.resources import USUAL_LIMITS
from tests.rows import source_row

FEED = "https://paper.example/feed"
TWO_FEEDS = replace(USUAL_LIMITS, feeds=2)


@dataclass
class Reader:
    """Adds any feed; records the requests."""

    storage: Storage
    problem: Problem | None = None
    public: bool = False
    asked: list[str] = field(default_factory=list)
    cost: Cost = FREE
    room: int | None = None

    async def for_account(self, url: str, /, *, room: int) -> Addition:
        self.room = room
        self.asked.append(url)
        if self.problem:
            return Addition(url, AddOutcome.REFUSED, problem=self.problem, cost=self.cost)
        async with self.storage.writing() as tx:
            title = url.rpartition("/")[2]
            row = source_row(url, title=title, public=self.public, created_at=tx.now)
            source_id = await add_source(tx, row)
            return Addition(url, AddOutcome.ADDED, source_id=source_id, cost=self.cost)


@pytest.fixture
def reader(storage: Storage) -> Reader:
    return Reader(storage)


@pytest.fixture
def follow(storage: Storage, reader: Reader):
    """Return how a chat follows a feed, with a limit of two."""

    def followed(chat_id: int, url: str = FEED):
        return own_feeds.follow_feed(storage, chat_id, url, adder=reader, limits=TWO_FEEDS)

    return followed


async def urls(storage: Storage) -> list[str]:
    async with storage.reading() as tx:
        return [source.url for source in await all_sources(tx)]


async def test_a_followed_feed_belongs_to_the_chat_alone(arrive, storage, follow):
    ann, bob = await arrive(1), await arrive(2)

    done = await follow(ann)

    assert (done.outcome, done.title, done.public) == (FeedAddition.FOLLOWED, "feed", False)
    assert [source.url for source in await own_feeds.list_own_feeds(storage, ann)] == [FEED]
    assert await own_feeds.list_own_feeds(storage, bob) == []
    with pytest.raises(NoSuchSource):
        await own_feeds.get_own_feed(storage, bob, done.source_id or 0)


async def test_following_twice_changes_nothing(arrive, storage, follow):
    ann = await arrive(1)

    await follow(ann)

    assert (await follow(ann)).outcome is FeedAddition.THERE
    assert len(await own_feeds.list_own_feeds(storage, ann)) == 1


async def test_two_chats_share_one_source_that_goes_with_the_last(arrive, storage, clock, follow):
    ann, bob = await arrive(1), await arrive(2)
    source_id = (await follow(ann)).source_id or 0
    await follow(bob)

    clock.turn(timedelta(hours=1))
    await own_feeds.unfollow_feed(storage, ann, source_id)
    clock.turn(timedelta(hours=1))
    await own_feeds.unfollow_feed(storage, bob, source_id)
    there = await urls(storage)
    clock.turn(timedelta(hours=1))
    await deletion.purge_deleted(storage)

    assert there == [FEED]
    assert await urls(storage) == []


async def test_a_public_source_is_followed_without_being_read(reader, arrive, storage, follow):
    ann = await arrive(1)
    reader.public = True
    await reader.for_account(FEED, room=0)
    reader.asked.clear()

    done = await follow(ann)

    assert (done.outcome, done.public) == (FeedAddition.FOLLOWED, True)
    assert reader.asked == []


async def test_a_refused_feed_gives_the_reason(reader, arrive, storage, follow):
    reader.problem = Problem(ProblemCode.NOTHING_TO_READ)

    done = await follow(await arrive(1))

    assert (done.outcome, done.problem) == (FeedAddition.REFUSED, reader.problem)


async def test_a_feed_beyond_the_limit_is_refused_before_it_is_read(
    reader, arrive, storage, follow
):
    ann = await arrive(1)
    for number in range(2):
        await follow(ann, f"{FEED}{number}")
    reader.asked.clear()

    with pytest.raises(TooManyFeeds):
        await follow(ann)

    assert reader.asked == []


async def test_unfollowing_can_be_undone_by_the_same_chat_for_ten_minutes(
    arrive, clock, storage, follow
):
    ann, bob = await arrive(1), await arrive(2)
    source_id = (await follow(ann)).source_id or 0
    await own_feeds.unfollow_feed(storage, ann, source_id)

    with pytest.raises(NoSuchSource):
        await own_feeds.follow_feed_again(storage, bob, source_id)
    assert (await own_feeds.follow_feed_again(storage, ann, source_id)).url == FEED
    await own_feeds.unfollow_feed(storage, ann, source_id)
    clock.turn(timedelta(minutes=11))
    with pytest.raises(NoSuchSource):
        await own_feeds.follow_feed_again(storage, ann, source_id)


async def test_the_sources_of_a_deleted_chat_go(arrive, storage, clock, follow):
    ann = await arrive(1)
    await follow(ann)
    clock.turn(timedelta(hours=1))

    await deletion.delete_chat(storage, ann, 1)

    assert await urls(storage) == []


async def test_a_feed_that_was_just_added_goes_with_its_deleted_chat(arrive, storage, follow):
    ann = await arrive(1)
    await follow(ann)

    await deletion.delete_chat(storage, ann, 1)

    assert await urls(storage) == []


async def test_an_admin_allows_one_chat_more_feeds_or_none(storage, arrive, follow):
    ann, bob = await arrive(1), await arrive(2)
    await set_limits(storage, ann, Limited.FEEDS, 3)
    await set_limits(storage, bob, Limited.FEEDS, 0)

    for number in range(3):
        await follow(ann, f"{FEED}{number}")

    for chat_id in (ann, bob):
        with pytest.raises(TooManyFeeds):
            await follow(chat_id)


@pytest.fixture
def follow_one_of(storage: Storage, reader: Reader):
    """Return how a chat follows one of many feeds with a budget of three additions a day."""
    budgets = replace(USUAL, additions=3, requests=9, entries=100)
    limits = replace(USUAL_LIMITS, budgets=budgets)

    def followed(chat_id: int, number: int):
        url = f"{FEED}{number}"
        return own_feeds.follow_feed(storage, chat_id, url, adder=reader, limits=limits)

    return followed


async def test_feeds_that_were_unfollowed_count_as_additions(arrive, storage, follow_one_of):
    ann, bob = await arrive(1), await arrive(2)
    for number in range(3):
        followed = await follow_one_of(ann, number)
        await own_feeds.unfollow_feed(storage, ann, followed.source_id or 0)

    with pytest.raises(TooManyAdditions) as refused:
        await follow_one_of(ann, 3)

    assert refused.value.most == 3
    assert (await follow_one_of(bob, 3)).outcome is FeedAddition.FOLLOWED


async def test_deleting_everything_resets_no_budget(arrive, storage, follow_one_of):
    ann = await arrive(1)
    for number in range(3):
        await follow_one_of(ann, number)

    await deletion.delete_chat(storage, ann, 1)

    with pytest.raises(TooManyAdditions):
        await follow_one_of(await arrive(1), 3)


async def test_the_next_day_has_additions_of_its_own(arrive, clock, follow_one_of):
    ann = await arrive(1)
    for number in range(3):
        await follow_one_of(ann, number)
    clock.turn(timedelta(days=1))

    assert (await follow_one_of(ann, 3)).outcome is FeedAddition.FOLLOWED


async def test_following_twice_and_public_sources_count_as_no_addition(
    arrive, reader, follow_one_of
):
    ann = await arrive(1)
    for _ in range(4):
        await follow_one_of(ann, 0)
    reader.public = True
    for number in range(4):
        await reader.for_account(f"{FEED}{number + 10}", room=0)
        await follow_one_of(ann, number + 10)

    reader.public = False
    assert (await follow_one_of(ann, 1)).outcome is FeedAddition.FOLLOWED


async def test_reading_a_new_feed_is_charged_to_the_account(arrive, reader, follow_one_of):
    ann = await arrive(1)
    reader.cost = Cost(requests=9, entries=30)

    await follow_one_of(ann, 0)
    room = reader.room

    with pytest.raises(OverBudget):
        await follow_one_of(ann, 1)
    assert room == 100


async def test_a_feed_that_could_not_be_read_is_charged_too(arrive, reader, follow_one_of):
    ann = await arrive(1)
    reader.problem, reader.cost = Problem(ProblemCode.TIMED_OUT), Cost(requests=9)

    await follow_one_of(ann, 0)

    with pytest.raises(OverBudget):
        await follow_one_of(ann, 1)


async def test_the_rest_of_the_entries_budget_is_the_room_of_the_next_feed(
    arrive, reader, follow_one_of
):
    ann = await arrive(1)
    reader.cost = Cost(entries=80)
    await follow_one_of(ann, 0)

    await follow_one_of(ann, 1)

    assert reader.room == 20
