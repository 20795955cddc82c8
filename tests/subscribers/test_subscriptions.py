"""Subscribing, changing a topic, unsubscribing and undoing that, on each database."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.matching.query import QueryError, parse
from bot.subscribers import deletion, mutes, subscriptions, topics
from bot.subscribers.errors import AlreadySubscribed, NoSuchTopic, TooManyTopics, UndoIsOver
from bot.subscribers.mutes import Duration, TopicSubject
from bot.subscribers.paging import PER_PAGE
from bot.subscribers.subscriptions import UNDO_WITHIN
from bot.subscribers.topics import LONGEST_NAME
from storage.enums import Mode
from storage.mutes import Mute
from storage.queries import Query
from storage.subscriptions import Subscription
from storage.topics import Topic
from tests.resources import MOST_TOPICS, USUAL_LIMITS
from tests.subscribers.conftest import count, next_digest, subscribe, subscribe_to_topic


async def live_queries(storage) -> list[str]:
    async with storage.reading() as tx:
        live = select(Query.canonical).where(col(Query.live).is_(True)).order_by(Query.canonical)
        return list(await tx.rows(live))


async def test_subscribing_plans_the_next_digest(storage, chat_id, clock):
    subscribed = await subscribe(storage, chat_id, "Taiwan")

    assert subscribed.is_new
    assert subscribed.plan.zone == "Asia/Tokyo"
    assert await next_digest(storage, chat_id) == clock.now + timedelta(hours=11)


async def test_alerts_alone_plan_no_digest(storage, chat_id):
    await subscribe(storage, chat_id, "Taiwan", Mode.INSTANT)

    assert await next_digest(storage, chat_id) is None


async def test_unsubscribing_from_the_last_topic_plans_no_digest(storage, chat_id):
    subscribed = await subscribe(storage, chat_id, "Taiwan", Mode.DIGEST)

    await subscriptions.unsubscribe(storage, chat_id, subscribed.topic_id)

    assert await next_digest(storage, chat_id) is None


async def test_the_first_digest_reaches_back_a_day(chat_id, backfills, clock, storage):
    await subscribe(storage, chat_id, "Taiwan")
    await subscribe(storage, chat_id, "Taiwan", Mode.DIGEST)
    await subscribe(storage, chat_id, "Japan", Mode.INSTANT)

    assert backfills == [("taiwan", clock.now - timedelta(hours=24))]


async def test_spellings_of_one_query_are_one_topic(storage, chat_id):
    first = await subscribe(storage, chat_id, '"Consul-General"')
    second = await subscribe(storage, chat_id, '"consul general"', Mode.DIGEST)

    page = await topics.subscribed(storage, chat_id)

    assert first.topic_id == second.topic_id
    assert not second.is_new
    assert [(one.name, one.mode) for one in page.items] == [("Consul-General", Mode.DIGEST)]


async def test_concurrent_subscriptions_to_one_query_are_one_topic(storage, chat_id):
    await asyncio.gather(*(subscribe(storage, chat_id, "Taiwan") for _ in range(5)))

    assert await count(storage, Topic) == 1
    assert await count(storage, Subscription) == 1


async def test_equal_queries_of_two_chats_share_one_row(storage, arrive):
    for user_id in (1, 2):
        await subscribe(storage, await arrive(user_id), "Taiwan")

    assert await count(storage, Query) == 1


async def test_a_query_lives_as_long_as_a_topic_asks_for_it(storage, arrive, clock):
    ann, bob = await arrive(1), await arrive(2)
    anns = await subscribe(storage, ann, "Taiwan")
    bobs = await subscribe(storage, bob, "Taiwan")

    await subscriptions.unsubscribe(storage, ann, anns.topic_id)
    clock.turn(UNDO_WITHIN)
    await deletion.purge_deleted(storage)
    still = await live_queries(storage)
    await subscriptions.unsubscribe(storage, bob, bobs.topic_id)
    undoable = await live_queries(storage)
    clock.turn(UNDO_WITHIN)
    await deletion.purge_deleted(storage)

    assert still == undoable == ["taiwan"]
    assert await live_queries(storage) == []


async def test_a_long_query_has_a_short_name(chat_id, storage):
    typed = " OR ".join(f"{letter * 40}" for letter in "abcdefgh")

    subscribed = await subscribe(storage, chat_id, typed)

    assert len(subscribed.name) == LONGEST_NAME
    assert (await topics.get_topic(storage, chat_id, subscribed.topic_id)).typed == typed


async def test_topics_of_one_chat_have_names_of_their_own(chat_id, storage):
    first = await subscribe(storage, chat_id, "apple")
    second = await subscribe(storage, chat_id, "apple -pie")

    assert (first.name, second.name) == ("Apple", "apple -pie")


async def test_a_query_with_an_error_changes_nothing(storage, chat_id):
    with pytest.raises(QueryError):
        await subscribe(storage, chat_id, "(")

    assert await count(storage, Topic) == 0


async def test_a_query_may_name_a_topic_of_the_chat(storage, chat_id):
    topic_id = (await subscribe(storage, chat_id, "Taiwan OR Formosa")).topic_id
    await subscriptions.rename_topic(storage, chat_id, topic_id, "The island")

    query = await topics.parse_for(storage, chat_id, '#"the island" ports')

    assert query.canonical == parse("(Taiwan OR Formosa) ports").canonical


async def test_topics_are_loaded_only_for_a_query_that_names_one(storage, chat_id, monkeypatch):
    monkeypatch.setattr(topics, "saved_queries", None)

    assert (await topics.parse_for(storage, chat_id, "Taiwan")).canonical == "taiwan"


async def test_a_topic_of_another_chat_cannot_be_seen(storage, arrive):
    ann, bob = await arrive(1), await arrive(2)
    secret = (await subscribe(storage, bob, "secret")).topic_id

    with pytest.raises(NoSuchTopic):
        await topics.get_topic(storage, ann, secret)
    with pytest.raises(NoSuchTopic):
        await subscribe_to_topic(storage, ann, secret)
    with pytest.raises(NoSuchTopic):
        await subscriptions.unsubscribe(storage, ann, secret)

    assert (await topics.subscribed(storage, bob)).total == 1


async def test_a_topic_beyond_the_limit_leaves_no_row(storage, chat_id):
    for number in range(MOST_TOPICS):
        await subscribe(storage, chat_id, f"word{number}", Mode.INSTANT)

    with pytest.raises(TooManyTopics):
        await subscribe(storage, chat_id, "one more", Mode.INSTANT)

    assert await count(storage, Topic) == MOST_TOPICS
    await subscribe(storage, chat_id, "word1")


async def test_lists_are_paged(chat_id, storage):
    for number in range(PER_PAGE + 1):
        await subscribe(storage, chat_id, f"word{number}", Mode.INSTANT)

    second = await topics.subscribed(storage, chat_id, 1)
    beyond = await topics.subscribed(storage, chat_id, 99)

    assert [one.name for one in second.items] == [f"Word{PER_PAGE}"]
    assert beyond == second


@pytest.fixture
def rows(storage):
    async def all_of(table):
        async with storage.reading() as tx:
            return [row.model_dump() for row in await tx.rows(select(table))]

    return all_of


async def test_an_undone_subscription_is_exactly_as_it_was(chat_id, rows, clock, storage):
    topic_id = (await subscribe(storage, chat_id, "Taiwan", Mode.DIGEST)).topic_id
    await subscriptions.rename_topic(storage, chat_id, topic_id, "The island")
    await mutes.mute(storage, chat_id, TopicSubject(topic_id), Duration.FOREVER)
    clock.turn(timedelta(days=3))
    before = [await rows(table) for table in (Topic, Mute, Subscription)]

    await subscriptions.unsubscribe(storage, chat_id, topic_id)
    clock.turn(UNDO_WITHIN - timedelta(seconds=1))
    await deletion.purge_deleted(storage)
    await subscriptions.undo_unsubscribe(storage, chat_id, topic_id, limits=USUAL_LIMITS)
    await subscriptions.undo_unsubscribe(storage, chat_id, topic_id, limits=USUAL_LIMITS)

    *others, subscribed = [await rows(table) for table in (Topic, Mute, Subscription)]
    assert others == before[:2]
    assert [one | {"id": 0} for one in subscribed] == [one | {"id": 0} for one in before[2]]


async def test_a_topic_is_purged_when_it_can_no_longer_be_restored(chat_id, rows, clock, storage):
    topic_id = (await subscribe(storage, chat_id, "Taiwan", Mode.DIGEST)).topic_id
    await mutes.mute(storage, chat_id, TopicSubject(topic_id), Duration.WEEK)
    await subscriptions.unsubscribe(storage, chat_id, topic_id)
    clock.turn(UNDO_WITHIN)

    gone = await deletion.purge_deleted(storage)

    assert gone == 1
    assert await rows(Topic) == await rows(Mute) == []
    assert [query["live"] for query in await rows(Query)] == [False]
    with pytest.raises(UndoIsOver):
        await subscriptions.undo_unsubscribe(storage, chat_id, topic_id, limits=USUAL_LIMITS)


async def test_unsubscribing_purges_topics_that_ended_earlier(chat_id, rows, clock, storage):
    first, second = [(await subscribe(storage, chat_id, words)).topic_id for words in ("a1", "b1")]
    await subscriptions.unsubscribe(storage, chat_id, first)
    clock.turn(UNDO_WITHIN)

    await subscriptions.unsubscribe(storage, chat_id, second)

    assert [topic["id"] for topic in await rows(Topic)] == [second]


async def test_a_topic_subscribed_to_again_has_not_ended(chat_id, rows, clock, storage):
    topic_id = (await subscribe(storage, chat_id, "Taiwan")).topic_id
    await subscriptions.unsubscribe(storage, chat_id, topic_id)
    await subscribe(storage, chat_id, "Taiwan", Mode.INSTANT)
    clock.turn(UNDO_WITHIN)

    assert await deletion.purge_deleted(storage) == 0
    assert [topic["id"] for topic in await rows(Topic)] == [topic_id]


async def test_a_changed_query_is_backfilled_like_a_new_topic(chat_id, backfills, clock, storage):
    topic_id = (await subscribe(storage, chat_id, "Taiwan")).topic_id

    await subscriptions.change_query(storage, chat_id, topic_id, "Formosa")

    assert backfills[-1] == ("formosa", clock.now - timedelta(hours=24))


async def test_a_topic_may_take_the_query_of_an_ended_one_but_of_no_other(chat_id, rows, storage):
    kept, deleted, other = [
        (await subscribe(storage, chat_id, words)).topic_id
        for words in ("Taiwan", "Formosa", "Japan")
    ]
    await subscriptions.unsubscribe(storage, chat_id, deleted)

    await subscriptions.change_query(storage, chat_id, kept, "formosa")
    with pytest.raises(AlreadySubscribed):
        await subscriptions.change_query(storage, chat_id, other, "formosa")

    live = {query["canonical"] for query in await rows(Query) if query["live"]}
    assert live == {"formosa", "japan"}


async def test_a_name_that_was_given_stays_when_the_query_changes(chat_id, rows, storage):
    topic_id = (await subscribe(storage, chat_id, "Taiwan")).topic_id
    await subscriptions.change_query(storage, chat_id, topic_id, "Formosa")
    await subscriptions.rename_topic(storage, chat_id, topic_id, "The island")
    await subscriptions.change_query(storage, chat_id, topic_id, "Taiwan OR Formosa")

    (topic,) = await rows(Topic)
    assert (topic["name"], topic["typed"]) == ("The island", "Taiwan OR Formosa")
