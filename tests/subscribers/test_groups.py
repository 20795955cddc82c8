"""Subscriptions moved from one forum topic to another, and the limits that hold there."""

import asyncio
from dataclasses import replace

import pytest

from bot.subscribers import catalogue, groups, own_feeds, subscriptions, topics
from bot.subscribers.errors import NoSuchTopic, TooManyFeeds, TooManyTopics
from bot.subscribers.limits import Limited, get_limits, set_limits
from bot.subscribers.users import Sender
from storage.chats import Chat
from storage.enums import ChatKind, Mode
from tests.resources import USUAL_LIMITS, OneFeed
from tests.subscribers.conftest import identify, subscribe, subscribe_to_topic

GROUP = -1_000_000_000_007
FEED = "https://feeds.example.org/"


@pytest.fixture
def thread(storage):
    """Return how to get our row of a thread of the group."""

    async def row(thread_id: int = 0, telegram_id: int = GROUP) -> int:
        sender = Sender(7, telegram_id, thread_id, ChatKind.SUPERGROUP, title="Newsroom")
        user = await identify(storage, sender)
        return int(user.chat_id)

    return row


@pytest.fixture
def topics_of(storage):
    async def names(chat_id: int) -> list[tuple[str, Mode | None]]:
        page = await topics.subscribed(storage, chat_id)
        return [(topic.name, topic.mode) for topic in page.items]

    return names


async def test_a_topic_of_the_chats_own_moves_whole(thread, topics_of, storage):
    general, elections = await thread(), await thread(5)
    topic = (await subscribe(storage, general, "Taiwan")).topic_id

    (beside,) = (await groups.sibling_topics(storage, elections)).items
    moved = await groups.move_subscription(storage, elections, general, topic)

    assert moved == groups.MovedTopic("Taiwan", is_public=False)
    assert (beside.chat_id, beside.thread_id, beside.topic_id) == (general, 0, topic)
    assert await topics_of(general) == []
    assert await topics_of(elections) == [("Taiwan", Mode.BOTH)]
    assert (await groups.sibling_topics(storage, elections)).total == 0
    assert (await groups.sibling_topics(storage, general)).total == 1


async def test_a_topic_of_the_catalogue_moves(storage, thread, topics_of):
    await catalogue.load_catalogue(storage)
    general, elections = await thread(), await thread(5)
    public = (await topics.catalogue_page(storage, general)).items[0]
    await subscribe_to_topic(storage, general, public.id, Mode.DIGEST)

    await groups.move_subscription(storage, elections, general, public.id)

    assert await topics_of(general) == []
    assert await topics_of(elections) == [(public.name, Mode.DIGEST)]


async def test_a_subscription_of_the_target_thread_stays_as_it_is(thread, topics_of, storage):
    general, elections = await thread(), await thread(5)
    topic = (await subscribe(storage, general, "Taiwan")).topic_id
    await subscribe(storage, elections, "taiwan", Mode.INSTANT)

    await groups.move_subscription(storage, elections, general, topic)

    assert await topics_of(general) == []
    assert await topics_of(elections) == [("Taiwan", Mode.INSTANT)]


async def test_the_digest_moves_with_the_topic(storage, thread):
    general, elections = await thread(), await thread(5)
    topic = (await subscribe(storage, general, "Taiwan", Mode.DIGEST)).topic_id

    await groups.move_subscription(storage, elections, general, topic)

    async with storage.reading() as tx:
        rows = [await tx.get_one(Chat, row) for row in (general, elections)]
    assert [row.next_digest_at is None for row in rows] == [True, False]


async def test_a_subscription_moves_within_one_group_only(thread, topics_of, storage):
    ours, theirs = await thread(), await thread(telegram_id=-1_000_000_000_008)
    topic = (await subscribe(storage, theirs, "Taiwan")).topic_id

    with pytest.raises(NoSuchTopic):
        await groups.move_subscription(storage, ours, theirs, topic)
    with pytest.raises(NoSuchTopic):
        await groups.move_subscription(storage, ours, 999_999, topic)
    with pytest.raises(NoSuchTopic):
        await groups.move_subscription(storage, ours, ours, topic)
    assert await topics_of(theirs) == [("Taiwan", Mode.BOTH)]


async def test_a_topic_moves_within_a_group_at_its_limit(thread, topics_of, storage):
    general, elections = await thread(), await thread(5)
    few = replace(USUAL_LIMITS, topics=2)
    topic = await subscriptions.subscribe(storage, general, "Taiwan", Mode.BOTH, limits=few)
    await subscriptions.subscribe(storage, elections, "Korea", Mode.BOTH, limits=few)

    await groups.move_subscription(storage, elections, general, topic.topic_id)

    assert [name for name, _ in await topics_of(elections)] == ["Taiwan", "Korea"]


@pytest.mark.parametrize("places", [(0, 5), (5, 0), (5, 9)], ids=str)
async def test_the_threads_of_a_group_share_its_limits(thread, storage, places):
    first, second = [await thread(place) for place in places]
    few = replace(USUAL_LIMITS, topics=1, feeds=1)
    await subscriptions.subscribe(storage, first, "Taiwan", Mode.BOTH, limits=few)
    await own_feeds.follow_feed(storage, first, f"{FEED}1", adder=OneFeed(storage), limits=few)

    with pytest.raises(TooManyTopics):
        await subscriptions.subscribe(storage, second, "Korea", Mode.BOTH, limits=few)
    with pytest.raises(TooManyFeeds):
        await own_feeds.follow_feed(storage, second, f"{FEED}2", adder=OneFeed(storage), limits=few)

    await set_limits(storage, second, Limited.TOPICS, 2)
    await subscriptions.subscribe(storage, second, "Korea", Mode.BOTH, limits=few)
    with pytest.raises(TooManyTopics):
        await subscriptions.subscribe(storage, first, "Fiji", Mode.BOTH, limits=few)


async def test_threads_that_subscribe_at_once_keep_to_the_limit(thread, topics_of, storage):
    threads = [await thread(place) for place in range(5)]
    few = replace(USUAL_LIMITS, topics=2)

    done = await asyncio.gather(
        *(subscriptions.subscribe(storage, at, "Fiji", Mode.BOTH, limits=few) for at in threads),
        return_exceptions=True,
    )

    assert sum(isinstance(each, TooManyTopics) for each in done) == 3
    assert sum([len(await topics_of(at)) for at in threads]) == 2


async def test_a_new_thread_has_the_limits_of_its_group(thread, storage):
    few = replace(USUAL_LIMITS, topics=5, feeds=5)
    await set_limits(storage, await thread(), Limited.TOPICS, 2)

    assert await get_limits(storage, await thread(5), limits=few) == replace(
        USUAL_LIMITS, topics=2, feeds=5
    )


@pytest.mark.parametrize(("allowed", "kept"), [(None, 2), (3, 3)], ids=["all chats", "this chat"])
async def test_a_group_that_becomes_a_supergroup_keeps_to_its_limit(
    thread, topics_of, storage, allowed, kept
):
    group, newer = await thread(telegram_id=-7), await thread()
    await set_limits(storage, group, Limited.TOPICS, allowed)
    await subscribe(storage, group, "Taiwan")
    for query in ("Korea", "Japan", "Fiji"):
        await subscribe(storage, newer, query)

    await groups.migrate_group(storage, -7, GROUP, limits=replace(USUAL_LIMITS, topics=2))

    names = [name for name, _ in await topics_of(group)]
    assert names == ["Taiwan", "Korea", "Japan", "Fiji"][:kept]


async def test_the_general_thread_names_the_threads_with_subscriptions(thread, storage):
    general, elections, _ = await thread(), await thread(5), await thread(6)
    for words in ("Taiwan", "Korea"):
        await subscribe(storage, elections, words)

    (found,) = await groups.other_threads(storage, general)

    assert (found.thread_id, found.count) == (5, 2)
    assert found.url == "https://t.me/c/7/5"
    assert await groups.other_threads(storage, elections) == []


async def test_a_recorded_administrator_sees_the_group_once(thread, storage):
    general, elections = await thread(), await thread(5)
    await groups.record_admins(storage, GROUP, frozenset({7, 8}))
    member = await identify(storage, Sender(7, GROUP, 5, ChatKind.SUPERGROUP, title="Newsroom"))
    await groups.remember_chat_admin(storage, member)  # in a thread

    listed = await groups.managed_chats(storage, 7)
    await groups.record_admin(storage, GROUP, 7, is_admin=False)

    assert member.chat_id == elections
    assert [chat.chat_id for chat in listed.items] == [general]
    assert (await groups.managed_chats(storage, 7)).total == 0
    assert (await groups.managed_chats(storage, 8)).total == 1
