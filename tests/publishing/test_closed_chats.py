"""The user who invited the bot to a group is notified once that it is closed."""

from datetime import timedelta
from typing import Any

import pytest

from bot.rendering.renderer import Renderer, Renderers
from storage.chats import Chat, record_chat_admin
from storage.enums import ChatKind, ChatState, DeliveryKind
from storage.outbox import Delivery
from storage.suspension import restore_chat, suspend_chat

GROUP = -1_000_000_000_007
ANN = 7
FACTS: dict[str, Any] = {"kind": ChatKind.SUPERGROUP, "name": "Newsroom", "invited_by": ANN}


@pytest.fixture
def renderer() -> Renderer:
    return Renderers().of("en")


@pytest.fixture
async def ann(newsroom):
    return await newsroom.chat(ANN)


@pytest.fixture
def close(newsroom):
    async def suspend(*chat_ids: int, state: ChatState = ChatState.KICKED) -> None:
        async with newsroom.storage.writing() as tx:
            for chat_id in chat_ids:
                await suspend_chat(tx, chat_id, state)

    return suspend


@pytest.fixture
def said(newsroom, publishing):
    async def texts() -> list[str]:
        await publishing.notices()
        rows = sorted(await newsroom.all(Delivery), key=lambda row: row.id)
        return [row.body["text"] for row in rows]

    return texts


async def test_the_user_who_invited_the_bot_is_notified_once(newsroom, ann, close, said):
    await close(await newsroom.chat(GROUP, **FACTS))

    first = await said()

    assert first == [
        ("I am no longer in Newsroom.\n\nIts subscriptions stay. Add me again, and they continue.")
    ]
    assert await said() == first
    (delivery,) = await newsroom.all(Delivery)
    assert (delivery.chat_id, delivery.kind, delivery.silent) == (ann, DeliveryKind.NOTICE, True)


@pytest.mark.usefixtures("ann")
async def test_a_group_is_reported_once_for_all_its_threads(newsroom, close, said, clock):
    rows = [await newsroom.chat(GROUP, thread_id=n, **FACTS) for n in (0, 5, 6)]
    await close(*rows[1:])
    assert len(await said()) == 1
    clock.turn(timedelta(minutes=1))

    await close(rows[0])

    assert len(await said()) == 1


@pytest.mark.usefixtures("ann")
async def test_each_closed_topic_is_reported(newsroom, close, said):
    rows = [await newsroom.chat(GROUP, thread_id=n, **FACTS) for n in (0, 5, 6)]
    await close(*rows[1:], state=ChatState.TOPIC_CLOSED)

    texts = await said()

    assert len(texts) == 2
    assert texts[0].startswith("A topic of Newsroom that I write to has been closed or deleted.")


@pytest.mark.usefixtures("ann")
async def test_a_group_that_closes_again_is_reported_again(newsroom, close, said, clock):
    group = await newsroom.chat(GROUP, **FACTS)
    await close(group)
    await said()
    clock.turn(timedelta(minutes=1))
    async with newsroom.storage.writing() as tx:
        await restore_chat(tx, group)
    clock.turn(timedelta(minutes=1))
    await close(group, state=ChatState.BLOCKED)

    assert (await said())[1].startswith("I may no longer write in Newsroom.")


@pytest.mark.usefixtures("ann")
async def test_a_paused_group_is_not_reported(newsroom, close, said):
    await close(await newsroom.chat(GROUP, **FACTS), state=ChatState.PAUSED)

    assert await said() == []


async def test_an_unreachable_user_is_not_notified_later(newsroom, close, said):
    group = await newsroom.chat(GROUP, **FACTS)
    await close(group)

    assert await said() == []
    await newsroom.chat(ANN)
    assert await said() == []
    async with newsroom.storage.reading() as tx:
        row = await tx.get_one(Chat, group)
    assert row.reported_since == row.state_since


@pytest.mark.usefixtures("ann")
async def test_the_notice_about_a_channel_speaks_of_posting(newsroom, close, said):
    channel = await newsroom.chat(GROUP, **(FACTS | {"kind": ChatKind.CHANNEL}))
    await close(channel, state=ChatState.BLOCKED)

    assert (await said())[0].startswith("I may no longer post in Newsroom.")


@pytest.fixture
def seen(newsroom, clock):
    """Return a function by which users change the settings of a group."""

    async def see(chat_id: int, *users: int) -> None:
        for user in users:
            async with newsroom.storage.writing() as tx:
                await record_chat_admin(tx, chat_id, user)
            clock.turn(timedelta(minutes=1))

    return see


async def sent(newsroom, said) -> set[int]:
    await said()
    return {row.chat_id for row in await newsroom.all(Delivery)}


async def test_the_last_three_chat_admins_are_notified_without_an_inviter(
    newsroom, close, said, seen
):
    private = {user: await newsroom.chat(user) for user in (11, 12, 13, 14)}
    general, thread = [await newsroom.chat(GROUP, thread_id=n, **FACTS) for n in (0, 5)]
    await seen(general, 11, 12, 13)
    await seen(thread, 11, 14, 15)

    await close(general)

    assert await sent(newsroom, said) == {private[user] for user in (11, 13, 14)}


async def test_only_the_user_who_invited_the_bot_is_notified(newsroom, ann, close, said, seen):
    await newsroom.chat(11)
    group = await newsroom.chat(GROUP, **FACTS)
    await seen(group, 11)

    await close(group)

    assert await sent(newsroom, said) == {ann}


async def test_an_old_chat_admin_is_not_notified(newsroom, close, said, seen, clock):
    await newsroom.chat(11)
    group = await newsroom.chat(GROUP, **FACTS)
    await seen(group, 11)
    clock.turn(timedelta(days=181))

    await close(group)

    assert await sent(newsroom, said) == set()


async def test_a_notice_is_in_the_language_of_its_user(newsroom, close, said):
    await newsroom.chat(ANN, language="de")
    await close(await newsroom.chat(GROUP, **FACTS))

    (text,) = await said()

    assert text.startswith("Ich bin nicht mehr in Newsroom")


@pytest.mark.usefixtures("ann")
async def test_a_notice_names_the_closed_topic_thread(newsroom, close, said):
    thread = await newsroom.chat(GROUP, thread_id=5, thread_name="Votes", **FACTS)

    await close(thread, state=ChatState.TOPIC_CLOSED)

    assert (await said())[0].startswith("Votes, a topic of Newsroom that I write to, has been")
