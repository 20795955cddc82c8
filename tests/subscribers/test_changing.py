"""Changing and undoing, on each database."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.subscribers import deletion, mutes, subscriptions
from bot.subscribers.errors import AlreadySubscribed, UndoIsOver
from bot.subscribers.limits import USUAL_LIMITS
from bot.subscribers.mutes import Duration, TopicSubject
from bot.subscribers.subscriptions import UNDO_WITHIN
from storage.enums import Mode
from storage.mutes import Mute
from storage.queries import Query
from storage.subscriptions import Subscription
from storage.topics import Topic


@pytest.fixture
def rows(storage):
    async def all_of(table):
        async with storage.reading() as tx:
            return [row.model_dump() for row in await tx.session.exec(select(table))]

    return all_of


async def test_undone_is_exactly_as_it_was(arrive, rows, clock, storage):
    chat_id = await arrive()
    topic_id = (
        await subscriptions.subscribe(storage, chat_id, "Taiwan", Mode.DIGEST, limits=USUAL_LIMITS)
    ).topic_id
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


async def test_what_is_not_undone_goes_with_all_it_had(arrive, rows, clock, storage):
    chat_id = await arrive()
    topic_id = (
        await subscriptions.subscribe(storage, chat_id, "Taiwan", Mode.DIGEST, limits=USUAL_LIMITS)
    ).topic_id
    await mutes.mute(storage, chat_id, TopicSubject(topic_id), Duration.WEEK)
    await subscriptions.unsubscribe(storage, chat_id, topic_id)
    clock.turn(UNDO_WITHIN)

    gone = await deletion.purge_deleted(storage)

    assert gone == 1
    assert await rows(Topic) == await rows(Mute) == []
    assert [query["live"] for query in await rows(Query)] == [False]
    with pytest.raises(UndoIsOver):
        await subscriptions.undo_unsubscribe(storage, chat_id, topic_id, limits=USUAL_LIMITS)


async def test_the_next_delete_completes_an_old_one(arrive, rows, clock, storage):
    chat_id = await arrive()
    first, second = [
        (
            await subscriptions.subscribe(storage, chat_id, words, Mode.BOTH, limits=USUAL_LIMITS)
        ).topic_id
        for words in ("a1", "b1")
    ]
    await subscriptions.unsubscribe(storage, chat_id, first)
    clock.turn(UNDO_WITHIN)

    await subscriptions.unsubscribe(storage, chat_id, second)

    assert [topic["id"] for topic in await rows(Topic)] == [second]


async def test_what_is_watched_anew_has_not_ended(arrive, rows, clock, storage):
    chat_id = await arrive()
    topic_id = (
        await subscriptions.subscribe(storage, chat_id, "Taiwan", Mode.BOTH, limits=USUAL_LIMITS)
    ).topic_id
    await subscriptions.unsubscribe(storage, chat_id, topic_id)
    await subscriptions.subscribe(storage, chat_id, "Taiwan", Mode.INSTANT, limits=USUAL_LIMITS)
    clock.turn(UNDO_WITHIN)

    assert await deletion.purge_deleted(storage) == 0
    assert [topic["id"] for topic in await rows(Topic)] == [topic_id]


async def test_other_words_look_back_as_a_new_topic_does(arrive, backfills, clock, storage):
    chat_id = await arrive()
    topic_id = (
        await subscriptions.subscribe(storage, chat_id, "Taiwan", Mode.BOTH, limits=USUAL_LIMITS)
    ).topic_id

    await subscriptions.change_query(storage, chat_id, topic_id, "Formosa")

    assert backfills[-1] == ("formosa", clock.now - timedelta(hours=24))


async def test_words_of_a_deleted_topic_are_free_and_of_another_are_not(arrive, rows, storage):
    chat_id = await arrive()
    kept, deleted, other = [
        (
            await subscriptions.subscribe(storage, chat_id, words, Mode.BOTH, limits=USUAL_LIMITS)
        ).topic_id
        for words in ("Taiwan", "Formosa", "Japan")
    ]
    await subscriptions.unsubscribe(storage, chat_id, deleted)

    await subscriptions.change_query(storage, chat_id, kept, "formosa")
    with pytest.raises(AlreadySubscribed):
        await subscriptions.change_query(storage, chat_id, other, "formosa")

    live = {query["canonical"] for query in await rows(Query) if query["live"]}
    assert live == {"formosa", "japan"}


async def test_a_name_that_was_given_stays_with_other_words(arrive, rows, storage):
    chat_id = await arrive()
    topic_id = (
        await subscriptions.subscribe(storage, chat_id, "Taiwan", Mode.BOTH, limits=USUAL_LIMITS)
    ).topic_id
    await subscriptions.change_query(storage, chat_id, topic_id, "Formosa")
    await subscriptions.rename_topic(storage, chat_id, topic_id, "The island")
    await subscriptions.change_query(storage, chat_id, topic_id, "Taiwan OR Formosa")

    (topic,) = await rows(Topic)
    assert (topic["name"], topic["typed"]) == ("The island", "Taiwan OR Formosa")
