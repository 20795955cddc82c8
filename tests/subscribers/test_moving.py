"""What one thread watches is moved to another; what is there already takes its place."""

import pytest

from bot.subscribers.arrivals import Sender
from bot.subscribers.catalogue import Catalogue
from bot.subscribers.errors import NoSuchTopic
from bot.subscribers.moving import Moving
from bot.subscribers.topics import Topics
from storage.enums import ChatKind, Mode

GROUP = -1_000_000_000_007


@pytest.fixture
def thread(arrivals):
    """Return how to get our row of a thread of the group."""

    async def row(thread_id: int = 0, telegram_id: int = GROUP) -> int:
        sender = Sender(7, telegram_id, thread_id, ChatKind.SUPERGROUP, title="Newsroom")
        user = await arrivals.welcome(sender)
        assert user
        return int(user.chat_id)

    return row


@pytest.fixture
def moving(storage) -> Moving:
    return Moving(storage)


@pytest.fixture
def watched(storage):
    async def names(chat_id: int) -> list[tuple[str, Mode | None]]:
        page = await Topics(storage).watched(chat_id)
        return [(topic.name, topic.mode) for topic in page.items]

    return names


async def test_a_topic_of_its_own_moves_whole(thread, moving, watching, watched):
    general, elections = await thread(), await thread(5)
    topic = (await watching.watch_words(general, "Taiwan", Mode.BOTH)).topic_id

    (beside,) = (await moving.beside(elections)).items
    assert await moving.here(elections, general, topic) == "Taiwan"

    assert (beside.chat_id, beside.thread_id, beside.topic_id) == (general, 0, topic)
    assert await watched(general) == []
    assert await watched(elections) == [("Taiwan", Mode.BOTH)]
    assert (await moving.beside(elections)).total == 0
    assert (await moving.beside(general)).total == 1


async def test_a_topic_of_the_catalogue_moves(storage, thread, moving, watching, watched):
    await Catalogue(storage).load()
    general, elections = await thread(), await thread(5)
    public = (await Topics(storage).catalogue(general)).items[0]
    await watching.watch_topic(general, public.id, Mode.DIGEST)

    await moving.here(elections, general, public.id)

    assert await watched(general) == []
    assert await watched(elections) == [(public.name, Mode.DIGEST)]


async def test_what_is_there_already_stays_as_it_is(thread, moving, watching, watched):
    general, elections = await thread(), await thread(5)
    topic = (await watching.watch_words(general, "Taiwan", Mode.BOTH)).topic_id
    await watching.watch_words(elections, "taiwan", Mode.INSTANT)

    await moving.here(elections, general, topic)

    assert await watched(general) == []
    assert await watched(elections) == [("Taiwan", Mode.INSTANT)]


async def test_the_digest_comes_where_the_topic_went(storage, thread, moving, watching):
    general, elections = await thread(), await thread(5)
    topic = (await watching.watch_words(general, "Taiwan", Mode.DIGEST)).topic_id

    await moving.here(elections, general, topic)

    async with storage.reading() as tx:
        from storage.chats import Chat

        rows = [await tx.session.get_one(Chat, row) for row in (general, elections)]
    assert [row.next_digest_at is None for row in rows] == [True, False]


async def test_another_group_keeps_its_own(thread, moving, watching, watched):
    ours, theirs = await thread(), await thread(telegram_id=-1_000_000_000_008)
    topic = (await watching.watch_words(theirs, "Taiwan", Mode.BOTH)).topic_id

    with pytest.raises(NoSuchTopic):
        await moving.here(ours, theirs, topic)
    with pytest.raises(NoSuchTopic):
        await moving.here(ours, 999_999, topic)
    with pytest.raises(NoSuchTopic):
        await moving.here(ours, ours, topic)
    assert await watched(theirs) == [("Taiwan", Mode.BOTH)]
