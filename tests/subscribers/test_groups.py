"""Subscriptions moved from one forum topic to another, and the limits that hold there."""

from dataclasses import replace

import pytest

from bot.subscribers import catalogue, groups, subscriptions, topics
from bot.subscribers.errors import NoSuchTopic, TooManyTopics
from bot.subscribers.limits import Limited, get_limits, set_limits
from bot.subscribers.users import Sender
from storage.enums import ChatKind, Mode
from tests.limits import USUAL_LIMITS
from tests.subscribers.conftest import identify, subscribe, subscribe_to_topic

GROUP = -1_000_000_000_007


@pytest.fixture
def thread(storage):
    """Return how to get our row of a thread of the group."""

    async def row(thread_id: int = 0, telegram_id: int = GROUP) -> int:
        sender = Sender(7, telegram_id, thread_id, ChatKind.SUPERGROUP, title="Newsroom")
        user = await identify(storage, sender)
        return int(user.chat_id)

    return row


@pytest.fixture
def watched(storage):
    async def names(chat_id: int) -> list[tuple[str, Mode | None]]:
        page = await topics.subscribed(storage, chat_id)
        return [(topic.name, topic.mode) for topic in page.items]

    return names


async def test_a_topic_of_its_own_moves_whole(thread, watched, storage):
    general, elections = await thread(), await thread(5)
    topic = (await subscribe(storage, general, "Taiwan")).topic_id

    (beside,) = (await groups.sibling_topics(storage, elections)).items
    assert (
        await groups.move_topic(storage, elections, general, topic, limits=USUAL_LIMITS) == "Taiwan"
    )

    assert (beside.chat_id, beside.thread_id, beside.topic_id) == (general, 0, topic)
    assert await watched(general) == []
    assert await watched(elections) == [("Taiwan", Mode.BOTH)]
    assert (await groups.sibling_topics(storage, elections)).total == 0
    assert (await groups.sibling_topics(storage, general)).total == 1


async def test_a_topic_of_the_catalogue_moves(storage, thread, watched):
    await catalogue.load_catalogue(storage)
    general, elections = await thread(), await thread(5)
    public = (await topics.catalogue_page(storage, general)).items[0]
    await subscribe_to_topic(storage, general, public.id, Mode.DIGEST)

    await groups.move_topic(storage, elections, general, public.id, limits=USUAL_LIMITS)

    assert await watched(general) == []
    assert await watched(elections) == [(public.name, Mode.DIGEST)]


async def test_what_is_there_already_stays_as_it_is(thread, watched, storage):
    general, elections = await thread(), await thread(5)
    topic = (await subscribe(storage, general, "Taiwan")).topic_id
    await subscribe(storage, elections, "taiwan", Mode.INSTANT)

    await groups.move_topic(storage, elections, general, topic, limits=USUAL_LIMITS)

    assert await watched(general) == []
    assert await watched(elections) == [("Taiwan", Mode.INSTANT)]


async def test_the_digest_comes_where_the_topic_went(storage, thread):
    general, elections = await thread(), await thread(5)
    topic = (await subscribe(storage, general, "Taiwan", Mode.DIGEST)).topic_id

    await groups.move_topic(storage, elections, general, topic, limits=USUAL_LIMITS)

    async with storage.reading() as tx:
        from storage.chats import Chat

        rows = [await tx.session.get_one(Chat, row) for row in (general, elections)]
    assert [row.next_digest_at is None for row in rows] == [True, False]


async def test_another_group_keeps_its_own(thread, watched, storage):
    ours, theirs = await thread(), await thread(telegram_id=-1_000_000_000_008)
    topic = (await subscribe(storage, theirs, "Taiwan")).topic_id

    with pytest.raises(NoSuchTopic):
        await groups.move_topic(storage, ours, theirs, topic, limits=USUAL_LIMITS)
    with pytest.raises(NoSuchTopic):
        await groups.move_topic(storage, ours, 999_999, topic, limits=USUAL_LIMITS)
    with pytest.raises(NoSuchTopic):
        await groups.move_topic(storage, ours, ours, topic, limits=USUAL_LIMITS)
    assert await watched(theirs) == [("Taiwan", Mode.BOTH)]


async def test_a_topic_does_not_move_where_the_limit_is_reached(thread, watched, storage):
    general, elections = await thread(), await thread(5)
    few = replace(USUAL_LIMITS, topics=1)
    topic = await subscriptions.subscribe(storage, general, "Taiwan", Mode.BOTH, limits=few)
    await subscriptions.subscribe(storage, elections, "Korea", Mode.BOTH, limits=few)

    with pytest.raises(TooManyTopics) as refused:
        await groups.move_topic(storage, elections, general, topic.topic_id, limits=few)
    await set_limits(storage, elections, Limited.TOPICS, 2)
    await groups.move_topic(storage, elections, general, topic.topic_id, limits=few)

    assert refused.value.most == 1
    assert [name for name, _ in await watched(elections)] == ["Taiwan", "Korea"]


async def test_a_topic_that_is_there_already_moves_whatever_the_limit(thread, watched, storage):
    general, elections = await thread(), await thread(5)
    few = replace(USUAL_LIMITS, topics=1)
    topic = await subscriptions.subscribe(storage, general, "Taiwan", Mode.BOTH, limits=few)
    await subscriptions.subscribe(storage, elections, "Taiwan", Mode.BOTH, limits=few)

    await groups.move_topic(storage, elections, general, topic.topic_id, limits=few)

    assert await watched(general) == []


async def test_a_new_thread_has_the_limits_of_its_group(thread, storage):
    few = replace(USUAL_LIMITS, topics=5, feeds=5)
    await set_limits(storage, await thread(), Limited.TOPICS, 2)

    assert await get_limits(storage, await thread(5), limits=few) == replace(
        USUAL_LIMITS, topics=2, feeds=5
    )


@pytest.mark.parametrize(("allowed", "kept"), [(None, 2), (3, 3)], ids=["all chats", "this chat"])
async def test_a_group_that_becomes_a_supergroup_keeps_to_its_limit(
    thread, watched, storage, allowed, kept
):
    group, newer = await thread(telegram_id=-7), await thread()
    await set_limits(storage, group, Limited.TOPICS, allowed)
    await subscribe(storage, group, "Taiwan")
    for query in ("Korea", "Japan", "Fiji"):
        await subscribe(storage, newer, query)

    await groups.migrate(storage, -7, GROUP, limits=replace(USUAL_LIMITS, topics=2))

    names = [name for name, _ in await watched(group)]
    assert names == ["Taiwan", "Korea", "Japan", "Fiji"][:kept]
