"""Topics are shared by links that hold their words, or lead to them."""

import pytest

from bot.subscribers.catalogue import Catalogue
from bot.subscribers.erasing import Erasing
from bot.subscribers.errors import NoSuchTopic
from bot.subscribers.sharing import Sharing
from bot.subscribers.starting import LinkedShare, LinkedWords, read_start
from bot.subscribers.topics import Topics
from storage.enums import Mode
from storage.sharing import Share

LONG = " OR ".join(f"word{number}" for number in range(20))


@pytest.fixture
def sharing(storage) -> Sharing:
    return Sharing(storage)


async def test_a_topic_of_the_catalogue_is_shared_by_its_name(storage, sharing, arrive):
    await Catalogue(storage).load()
    topic = (await Topics(storage).catalogue(await arrive())).items[0]

    assert await sharing.start_of(await arrive(), topic.id) == "topic_japan-china"


async def test_words_of_ones_own_are_shared_in_the_link(sharing, watching, arrive):
    chat = await arrive()
    topic = await watching.watch_words(chat, "Taiwan export", Mode.BOTH)

    start = await sharing.start_of(chat, topic.topic_id)

    assert read_start(start) == LinkedWords("Taiwan export")


async def test_long_words_are_kept_and_found_by_whoever_has_the_token(sharing, watching, arrive):
    chat = await arrive()
    topic = await watching.watch_words(chat, LONG, Mode.BOTH)

    shared = read_start(await sharing.start_of(chat, topic.topic_id))

    assert isinstance(shared, LinkedShare)
    assert len(shared.token) >= 20
    assert await sharing.words(shared.token) == LONG


async def test_what_is_shared_twice_has_one_link(sharing, watching, arrive):
    chat = await arrive()
    topic = await watching.watch_words(chat, LONG, Mode.BOTH)

    links = {await sharing.start_of(chat, topic.topic_id) for _ in range(2)}

    assert len(links) == 1


async def test_a_topic_of_another_chat_is_none(sharing, watching, arrive):
    topic = await watching.watch_words(await arrive(1), "Taiwan", Mode.BOTH)

    with pytest.raises(NoSuchTopic):
        await sharing.start_of(await arrive(2), topic.topic_id)


async def test_a_token_that_was_guessed_opens_nothing(sharing):
    with pytest.raises(NoSuchTopic):
        await sharing.words("guessed")


async def test_what_a_chat_shared_goes_with_it(storage, sharing, watching, arrive):
    chat = await arrive()
    topic = await watching.watch_words(chat, LONG, Mode.BOTH)
    await sharing.start_of(chat, topic.topic_id)

    await Erasing(storage).erase(chat, None)

    async with storage.reading() as tx:
        assert await tx.session.get(Share, 1) is None
