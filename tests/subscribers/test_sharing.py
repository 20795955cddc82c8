"""Topics are shared by links that hold their words, or lead to them."""

import pytest

from bot.subscribers import catalogue, deletion, share_links, subscriptions, topics
from bot.subscribers.errors import NoSuchTopic
from bot.subscribers.limits import USUAL_LIMITS
from bot.subscribers.share_links import LinkedQuery, LinkedShare, read_start
from storage.enums import Mode
from storage.sharing import Share

LONG = " OR ".join(f"word{number}" for number in range(20))


async def test_a_topic_of_the_catalogue_is_shared_by_its_name(storage, arrive):
    await catalogue.load_catalogue(storage)
    topic = (await topics.catalogue_page(storage, await arrive())).items[0]

    assert await share_links.share(storage, await arrive(), topic.id) == "topic_japan-china"


async def test_words_of_ones_own_are_shared_in_the_link(arrive, storage):
    chat = await arrive()
    topic = await subscriptions.subscribe(
        storage, chat, "Taiwan export", Mode.BOTH, limits=USUAL_LIMITS
    )

    start = await share_links.share(storage, chat, topic.topic_id)

    assert read_start(start) == LinkedQuery("Taiwan export")


async def test_long_words_are_kept_and_found_by_whoever_has_the_token(arrive, storage):
    chat = await arrive()
    topic = await subscriptions.subscribe(storage, chat, LONG, Mode.BOTH, limits=USUAL_LIMITS)

    shared = read_start(await share_links.share(storage, chat, topic.topic_id))

    assert isinstance(shared, LinkedShare)
    assert len(shared.token) >= 20
    assert await share_links.shared_query(storage, shared.token) == LONG


async def test_what_is_shared_twice_has_one_link(arrive, storage):
    chat = await arrive()
    topic = await subscriptions.subscribe(storage, chat, LONG, Mode.BOTH, limits=USUAL_LIMITS)

    links = {await share_links.share(storage, chat, topic.topic_id) for _ in range(2)}

    assert len(links) == 1


async def test_a_topic_of_another_chat_is_none(arrive, storage):
    topic = await subscriptions.subscribe(
        storage, await arrive(1), "Taiwan", Mode.BOTH, limits=USUAL_LIMITS
    )

    with pytest.raises(NoSuchTopic):
        await share_links.share(storage, await arrive(2), topic.topic_id)


async def test_a_token_that_was_guessed_opens_nothing(storage):
    with pytest.raises(NoSuchTopic):
        await share_links.shared_query(storage, "guessed")


async def test_what_a_chat_shared_goes_with_it(storage, arrive):
    chat = await arrive()
    topic = await subscriptions.subscribe(storage, chat, LONG, Mode.BOTH, limits=USUAL_LIMITS)
    await share_links.share(storage, chat, topic.topic_id)

    await deletion.delete_chat(storage, chat, None)

    async with storage.reading() as tx:
        assert await tx.session.get(Share, 1) is None
