from dataclasses import replace

import pytest
from sqlalchemy import event

from bot.subscribers import groups, settings, users
from bot.subscribers.access import Access
from bot.subscribers.digest_schedule import WeeklyTime
from bot.subscribers.users import Sender
from storage.access import add_admin
from storage.chats import Chat, chat_at, chats_of, schedule_of
from storage.enums import ChatKind, ChatState
from tests.resources import USUAL_LIMITS
from tests.subscribers.conftest import identify

ANN = Sender(user_id=7, telegram_id=7, name="Ann", language="ja")


async def chat_of(storage, telegram_id: int = 7) -> Chat | None:
    async with storage.reading() as tx:
        return await chat_at(tx, telegram_id)


async def test_the_first_update_makes_the_chats_row(storage, clock):
    user = await identify(storage, ANN)

    chat = await chat_of(storage)
    assert chat
    assert user.chat_id == chat.id
    assert (chat.zone, chat.zone_guessed, chat.language) == ("Asia/Tokyo", True, "ja")
    assert user.now == clock.now


async def test_the_second_update_finds_it(storage):
    assert await identify(storage, ANN) == await identify(storage, ANN)


async def test_a_new_name_and_language_are_kept_but_the_zone_stays(storage):
    await identify(storage, ANN)
    await identify(storage, Sender(7, 7, name="Anna", language="de"))

    chat = await chat_of(storage)
    assert chat
    assert (chat.name, chat.language, chat.zone) == ("Anna", "de", "Asia/Tokyo")


async def test_a_user_without_access_leaves_no_row(storage):
    assert await users.identify(storage, ANN, access=Access(is_open=False)) is None
    assert await chat_of(storage) is None


async def test_an_appointed_admin_has_access(storage):
    async with storage.writing() as tx:
        await add_admin(tx, 7)

    user = await users.identify(storage, ANN, access=Access(is_open=False))

    assert user
    assert user.is_admin


async def test_a_message_restores_the_chat(storage):
    await identify(storage, ANN)
    await users.suspend_chats(storage, 7, ChatState.BLOCKED)
    gone = await chat_of(storage)
    await identify(storage, ANN)
    back = await chat_of(storage)

    assert gone
    assert back
    assert (gone.state, back.state) == (ChatState.BLOCKED, ChatState.ACTIVE)


async def test_blocking_and_coming_back_does_not_end_a_pause(storage):
    user = await identify(storage, ANN)
    await settings.pause(storage, user.chat_id)
    await users.suspend_chats(storage, 7, ChatState.BLOCKED)
    await users.restore_chats(storage, 7)

    back = await identify(storage, ANN)
    assert back.is_paused


@pytest.mark.parametrize("event", ["gone", "back"])
async def test_events_of_an_unknown_chat_make_no_row(storage, event):
    await (
        users.suspend_chats(storage, 8, ChatState.BLOCKED)
        if event == "gone"
        else users.restore_chats(storage, 8)
    )

    assert await chat_of(storage, 8) is None


GROUP = -1_000_000_000_007
MEMBER = Sender(7, GROUP, kind=ChatKind.SUPERGROUP, name="Ann", title="Newsroom", language="ja")
EVE = replace(MEMBER, user_id=8, name="Eve", language="de", can_change=False)
ELECTIONS = replace(MEMBER, thread_id=5)


async def rows(storage, telegram_id: int = GROUP):
    async with storage.reading() as tx:
        return await chats_of(tx, telegram_id)


async def test_a_group_has_its_title_and_who_added_the_bot(storage):
    assert await users.join_group(storage, MEMBER, access=Access(is_open=True))

    (chat,) = await rows(storage)
    assert (chat.name, chat.kind, chat.invited_by) == ("Newsroom", ChatKind.SUPERGROUP, 7)
    assert (chat.zone, chat.language) == ("Asia/Tokyo", "ja")


async def test_a_user_without_access_adds_the_bot_to_nothing(storage):

    assert not await users.join_group(storage, MEMBER, access=Access(is_open=False))
    assert await users.identify(storage, MEMBER, access=Access(is_open=False)) is None
    assert await rows(storage) == []


async def test_in_a_known_group_every_member_has_access(storage):
    await users.join_group(storage, MEMBER, access=Access(is_open=False, allowed=frozenset({7})))

    user = await users.identify(storage, EVE, access=Access(is_open=False, allowed=frozenset({7})))

    assert user
    assert (user.name, user.kind, user.can_change) == ("Eve", ChatKind.SUPERGROUP, False)
    assert await users.join_group(
        storage, EVE, access=Access(is_open=False, allowed=frozenset({7}))
    )  # whoever lets it in again: it was known
    (chat,) = await rows(storage)
    assert chat.invited_by == 7


async def test_a_group_keeps_the_language_that_it_started_with(storage):
    await users.join_group(storage, MEMBER, access=Access(is_open=True))
    await identify(storage, replace(EVE, title="News desk"))

    (chat,) = await rows(storage)
    assert (chat.name, chat.language) == ("News desk", "ja")


async def test_a_new_thread_starts_with_the_settings_of_its_group(storage):
    group = await identify(storage, MEMBER)
    await settings.set_zone(storage, group.chat_id, "Asia/Taipei")
    await settings.set_times(storage, group.chat_id, [WeeklyTime(540), WeeklyTime(1080)])
    thread = await identify(storage, ELECTIONS)
    await settings.set_zone(storage, group.chat_id, "Europe/Berlin")

    assert thread.chat_id != group.chat_id
    again = await identify(storage, ELECTIONS)
    assert again.zone == "Asia/Taipei"
    async with storage.reading() as tx:
        assert [time.minutes for time in await schedule_of(tx, thread.chat_id)] == [540, 1080]


async def test_a_thread_that_is_used_first_makes_its_group_too(storage):
    await identify(storage, ELECTIONS)

    assert [chat.thread_id for chat in await rows(storage)] == [0, 5]


async def test_all_threads_are_suspended_and_restored_with_their_group(storage):
    await identify(storage, ELECTIONS)
    await users.suspend_chats(storage, GROUP, ChatState.KICKED)
    gone = [chat.state for chat in await rows(storage)]
    await users.restore_chats(storage, GROUP)

    assert gone == [ChatState.KICKED] * 2
    assert [chat.state for chat in await rows(storage)] == [ChatState.ACTIVE] * 2


async def test_a_closed_thread_is_restored_when_reopened_or_with_the_right_to_manage(storage):
    async def states() -> list[ChatState]:
        return [chat.state for chat in await rows(storage)]

    async def close() -> None:
        async with storage.writing() as tx:
            thread = await chat_at(tx, GROUP, 5)
            assert thread
            thread.state = ChatState.TOPIC_CLOSED
            await tx.add(thread)

    await identify(storage, ELECTIONS)
    await close()
    await users.restore_chats(storage, GROUP)
    waiting = await states()
    await groups.reopen_thread(storage, GROUP, 5)
    reopened = await states()
    await close()
    await users.restore_chats(storage, GROUP, closed_too=True)

    assert waiting == [ChatState.ACTIVE, ChatState.TOPIC_CLOSED]
    assert reopened == await states() == [ChatState.ACTIVE, ChatState.ACTIVE]


async def test_a_group_that_moves_takes_its_threads_along(storage):
    old = replace(MEMBER, telegram_id=-7, kind=ChatKind.GROUP)
    before = await identify(storage, old)
    await groups.migrate_group(storage, -7, GROUP, limits=USUAL_LIMITS)
    await groups.migrate_group(storage, -7, GROUP, limits=USUAL_LIMITS)

    after = await identify(storage, MEMBER)

    assert after.chat_id == before.chat_id
    assert await rows(storage, -7) == []
    assert [chat.kind for chat in await rows(storage)] == [ChatKind.SUPERGROUP]


async def test_an_update_loads_the_row_of_its_topic_and_no_other(storage):
    for thread_id in range(1, 9):
        sender = replace(ELECTIONS, thread_id=thread_id)
        await identify(storage, sender)
    loaded = []

    def note(chat: Chat, _context: object) -> None:
        loaded.append(chat.thread_id)

    event.listen(Chat, "load", note)
    try:
        await identify(storage, ELECTIONS)
    finally:
        event.remove(Chat, "load", note)

    assert loaded == [ELECTIONS.thread_id]
