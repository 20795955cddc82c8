"""Muting a topic: for how long, and what it leaves of the chat's digest."""

from datetime import timedelta

import pytest

from bot.subscribers import mutes, topics
from bot.subscribers.errors import NoSuchTopic
from bot.subscribers.mutes import Duration, TopicSubject
from tests.subscribers.conftest import next_digest, subscribe


@pytest.fixture
def subscribed(storage, chat_id):
    """Return how the chat subscribes to a topic."""

    async def subscribe_to(query: str) -> TopicSubject:
        return TopicSubject((await subscribe(storage, chat_id, query)).topic_id)

    return subscribe_to


@pytest.mark.parametrize(
    ("duration", "length"),
    [
        pytest.param(Duration.HOUR, timedelta(hours=1), id="an hour"),
        pytest.param(Duration.DAY, timedelta(days=1), id="a day"),
        pytest.param(Duration.WEEK, timedelta(days=7), id="a week"),
        pytest.param(Duration.FOREVER, None, id="until it is unmuted"),
    ],
)
async def test_a_topic_is_muted_for_the_chosen_time(
    storage, chat_id, subscribed, clock, duration, length
):
    topic = await subscribed("Taiwan")

    muted = await mutes.mute(storage, chat_id, topic, duration)

    (shown,) = (await topics.subscribed(storage, chat_id)).items
    assert muted.name == "Taiwan"
    assert muted.until == shown.muted_until == (clock.now + length if length else None)
    assert shown.is_muted
    assert shown == await topics.get_topic(storage, chat_id, topic.topic_id)


async def test_a_topic_that_is_muted_for_good_plans_no_digest_until_it_is_unmuted(
    storage, chat_id, subscribed
):
    topic = await subscribed("Taiwan")
    planned = await next_digest(storage, chat_id)

    muted = await mutes.mute(storage, chat_id, topic, Duration.FOREVER)
    then = await next_digest(storage, chat_id)
    await mutes.unmute(storage, chat_id, muted.mute_id)

    assert planned is not None
    assert then is None
    assert await next_digest(storage, chat_id) == planned


async def test_a_mute_that_ends_leaves_the_digest_planned(storage, chat_id, subscribed):
    topic = await subscribed("Taiwan")
    planned = await next_digest(storage, chat_id)

    await mutes.mute(storage, chat_id, topic, Duration.WEEK)

    assert await next_digest(storage, chat_id) == planned


async def test_a_topic_of_another_chat_cannot_be_muted(storage, arrive, subscribed):
    topic = await subscribed("Taiwan")

    with pytest.raises(NoSuchTopic):
        await mutes.mute(storage, await arrive(2), topic, Duration.DAY)
