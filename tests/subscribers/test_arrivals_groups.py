"""Groups as arrivals keep them: one row for the group and one for each of its threads."""

from dataclasses import replace

from bot.subscribers.access import Access
from bot.subscribers.arrivals import Arrivals, Sender
from bot.subscribers.schedule import Schedule
from bot.subscribers.settings import ChatSettings
from bot.subscribers.slots import Times
from storage.chats import chat_at, chats_of, schedule_of
from storage.enums import ChatKind, ChatState

GROUP = -1_000_000_000_007
ANN = Sender(7, GROUP, kind=ChatKind.SUPERGROUP, name="Ann", title="Newsroom", language="ja")
EVE = replace(ANN, user_id=8, name="Eve", language="de", can_change=False)
ELECTIONS = replace(ANN, thread_id=5)


async def rows(storage, telegram_id: int = GROUP):
    async with storage.reading() as tx:
        return await chats_of(tx, telegram_id)


async def test_a_group_has_its_title_and_whoever_brought_the_bot(storage, arrivals):
    assert await arrivals.bring(ANN)

    (chat,) = await rows(storage)
    assert (chat.name, chat.kind, chat.invited_by) == ("Newsroom", ChatKind.SUPERGROUP, 7)
    assert (chat.zone, chat.language) == ("Asia/Tokyo", "ja")


async def test_a_stranger_brings_nothing(storage):
    arrivals = Arrivals(storage, Access(is_open=False))

    assert not await arrivals.bring(ANN)
    assert await arrivals.welcome(ANN) is None
    assert await rows(storage) == []


async def test_in_a_known_group_a_stranger_is_a_guest_who_may_not_change(storage):
    arrivals = Arrivals(storage, Access(is_open=False, allowed=frozenset({7})))
    await arrivals.bring(ANN)

    user = await arrivals.welcome(EVE)

    assert user
    assert (user.name, user.kind, user.can_change) == ("Eve", ChatKind.SUPERGROUP, False)
    assert await arrivals.bring(EVE)  # whoever lets it in again: it was known
    (chat,) = await rows(storage)
    assert chat.invited_by == 7


async def test_a_group_does_not_speak_as_whoever_was_last(storage, arrivals):
    await arrivals.bring(ANN)
    await arrivals.welcome(replace(EVE, title="News desk"))

    (chat,) = await rows(storage)
    assert (chat.name, chat.language) == ("News desk", "ja")


async def test_a_thread_begins_as_its_group_is_and_then_goes_its_own_way(storage, arrivals):
    group = await arrivals.welcome(ANN)
    await ChatSettings(storage).set_zone(group.chat_id, "Asia/Taipei")
    await Schedule(storage).set_all(group.chat_id, [Times(540), Times(1080)])
    thread = await arrivals.welcome(ELECTIONS)
    await ChatSettings(storage).set_zone(group.chat_id, "Europe/Berlin")

    assert thread.chat_id != group.chat_id
    assert (await arrivals.welcome(ELECTIONS)).zone == "Asia/Taipei"
    async with storage.reading() as tx:
        assert [slot.minutes for slot in await schedule_of(tx, thread.chat_id)] == [540, 1080]


async def test_a_thread_that_is_used_first_makes_its_group_too(storage, arrivals):
    await arrivals.welcome(ELECTIONS)

    assert [chat.thread_id for chat in await rows(storage)] == [0, 5]


async def test_all_threads_go_and_come_back_with_their_group(storage, arrivals):
    await arrivals.welcome(ELECTIONS)
    await arrivals.gone(GROUP, ChatState.KICKED)
    gone = [chat.state for chat in await rows(storage)]
    await arrivals.back(GROUP)

    assert gone == [ChatState.KICKED] * 2
    assert [chat.state for chat in await rows(storage)] == [ChatState.ACTIVE] * 2


async def test_a_closed_topic_waits_for_its_being_reopened_or_for_the_right(storage, arrivals):
    async def states() -> list[ChatState]:
        return [chat.state for chat in await rows(storage)]

    async def close() -> None:
        async with storage.writing() as tx:
            thread = await chat_at(tx, GROUP, 5)
            assert thread
            thread.state = ChatState.TOPIC_CLOSED
            tx.session.add(thread)

    await arrivals.welcome(ELECTIONS)
    await close()
    await arrivals.back(GROUP)
    waiting = await states()
    await arrivals.reopened(GROUP, 5)
    reopened = await states()
    await close()
    await arrivals.back(GROUP, closed_too=True)

    assert waiting == [ChatState.ACTIVE, ChatState.TOPIC_CLOSED]
    assert reopened == await states() == [ChatState.ACTIVE, ChatState.ACTIVE]


async def test_a_group_that_moves_takes_its_threads_along(storage, arrivals):
    old = replace(ANN, telegram_id=-7, kind=ChatKind.GROUP)
    before = await arrivals.welcome(old)
    await arrivals.moved(-7, GROUP)
    await arrivals.moved(-7, GROUP)

    after = await arrivals.welcome(ANN)

    assert after.chat_id == before.chat_id
    assert await rows(storage, -7) == []
    assert [chat.kind for chat in await rows(storage)] == [ChatKind.SUPERGROUP]
