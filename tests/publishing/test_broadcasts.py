"""Broadcasts are sent to each chat once, shortly ahead of the pace, until done or stopped."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import delete
from sqlmodel import col, select

from bot.publishing.broadcasts import publish_broadcasts
from bot.publishing.pages import signed, signed_in
from bot.rendering.messages import Entity, Message
from bot.rendering.renderer import Renderer, Renderers
from bot.subscribers import audit, broadcasts
from bot.subscribers.broadcasts import StatusMessage, most_spoken
from bot.subscribers.errors import NoSuchBroadcast, NotOneMessage
from storage.broadcasts import Broadcast
from storage.enums import (
    Audience,
    AuditAction,
    BroadcastState,
    ChatState,
    DeliveryKind,
    DeliveryState,
)
from storage.outbox import Delivery
from storage.suspension import suspend_chat
from tests.delivery.conftest import Outbox

SAID = Message("We move on Monday.", (Entity("bold", 3, 4),))
DESK = StatusMessage(900, 5)


@pytest.fixture
def outbox(storage) -> Outbox:
    return Outbox(storage)


@pytest.fixture
def step(storage):
    return partial(publish_broadcasts, storage, Renderer(), "us", per_second=0.25)  # two at a time


@pytest.fixture
def begin(storage):
    """Return a function that begins a broadcast and returns its id."""

    async def begun(audience: Audience = Audience.ALL, language: str = "") -> int:
        seen, _ = await broadcasts.draft(storage, SAID, by=900, renderer=Renderer())
        await broadcasts.choose_audience(storage, seen.id, audience, language)
        await broadcasts.send(storage, seen.id, DESK, by=900)
        number: int = seen.id
        return number

    return begun


@pytest.fixture
def rows(storage):
    async def read() -> list[Delivery]:
        async with storage.reading() as tx:
            return list(await tx.rows(select(Delivery).order_by(col(Delivery.id))))

    return read


@pytest.fixture
def become(storage):
    """Return a function that moves pending deliveries to another state."""

    async def became(state: DeliveryState) -> None:
        async with storage.writing() as tx:
            for row in await tx.rows(select(Delivery)):
                if row.state is DeliveryState.PENDING:
                    row.state = state

    return became


@pytest.fixture
def state_of(storage):
    async def state(broadcast_id: int) -> BroadcastState:
        async with storage.reading() as tx:
            found: BroadcastState = (await tx.get_one(Broadcast, broadcast_id)).state
            return found

    return state


async def test_each_chat_gets_a_broadcast_once(step, begin, outbox, rows, become, state_of):
    chats = [await outbox.chat(number) for number in (11, 12, 13)]
    broadcast = await begin()

    made = []
    for _ in range(4):
        made.append(await step())
        await become(DeliveryState.SENT)

    assert made == [2, 1, 0, 0]
    assert [row.chat_id for row in await rows()] == chats
    assert [(row.broadcast_id, row.chat_id) for row in await rows()] == [
        (broadcast, chat) for chat in chats
    ]
    assert {row.kind for row in await rows()} == {DeliveryKind.BROADCAST}
    assert await state_of(broadcast) is BroadcastState.DONE


async def test_the_footer_is_in_the_language_of_each_chat(storage, begin, outbox, rows):
    speaking = partial(publish_broadcasts, storage, Renderers().of("en"), "us")
    await outbox.chat(11, language="en")
    await outbox.chat(12, language="de-AT")
    await begin()

    await speaking()

    english, german = [row.body["text"] for row in await rows()]
    assert english == "We move on Monday.\n\nFrom the operator of this bot"
    assert german.startswith("We move on Monday.\n\n")
    assert german != english


def test_a_footer_that_does_not_fit_is_in_english():
    english, german = Renderers().of("en"), Renderers().of("de")
    line = {one: signed(Message("x"), one).text for one in (english, german)}
    longest = Message("x" * (4097 - len(line[english])))

    assert len(line[german]) > len(line[english])
    assert signed_in(english, "de", longest) == signed(longest, english)


async def test_deliveries_are_enqueued_shortly_ahead_of_the_pace(step, begin, outbox, rows):
    for number in range(11, 31):
        await outbox.chat(number)
    await begin()

    made = [await step() for _ in range(3)]

    assert made == [2, 0, 0]
    assert len(await rows()) == 2


async def test_another_process_continues_a_broadcast(storage, step, begin, outbox, rows, become):
    for number in (11, 12, 13):
        await outbox.chat(number)
    broadcast = await begin()
    await step()
    await become(DeliveryState.SENT)
    async with storage.writing() as tx:  # as if the first process had stored less progress
        (await tx.get_one(Broadcast, broadcast)).through = 0

    other = partial(publish_broadcasts, storage, Renderer(), "them", per_second=0.25)
    for _ in range(3):
        await other()
        await become(DeliveryState.SENT)

    assert len(await rows()) == 3


async def test_stopping_a_broadcast_releases_deliveries_behind_it(
    step, begin, outbox, rows, state_of, storage
):
    chats = [await outbox.chat(number) for number in (11, 12, 13)]
    broadcast = await begin()
    await step()
    await outbox.add(chats[0], "an alert", state=DeliveryState.QUEUED)

    await broadcasts.stop(storage, broadcast, by=900)
    await step()
    await step()

    found = await rows()
    assert [row.state for row in found if row.kind is DeliveryKind.BROADCAST] == [
        DeliveryState.EXPIRED,
        DeliveryState.EXPIRED,
    ]
    assert [row.state for row in found if row.kind is DeliveryKind.ALERT] == [DeliveryState.PENDING]
    assert await state_of(broadcast) is BroadcastState.STOPPED


async def test_only_active_chats_of_the_audience_get_a_broadcast(
    storage, step, begin, outbox, rows
):
    await outbox.chat(11, language="ja")
    await outbox.chat(12, language="ja-JP")
    await outbox.chat(13, language="en")
    await outbox.chat(14, language="ja", state=ChatState.PAUSED)
    await outbox.chat(-15, language="ja")

    await begin(Audience.PRIVATE, "ja")
    for _ in range(3):
        await step()

    assert [row.chat_id for row in await rows()] == [1, 2]


async def test_a_group_with_threads_gets_a_broadcast_once(step, begin, outbox, rows):
    for thread in (0, 4, 5):
        await outbox.chat(-15, thread_id=thread)

    await begin()
    await step()

    assert [row.chat_id for row in await rows()] == [1]


async def test_sent_deliveries_count_without_their_rows(
    storage, step, begin, outbox, become, clock
):
    for number in (11, 12, 13):
        await outbox.chat(number)
    await begin()
    await step()
    await become(DeliveryState.SENT)
    async with storage.writing() as tx:
        await tx.change(delete(Delivery))
    clock.turn(timedelta(seconds=3))

    ((_, shown),) = await broadcasts.progress_due(storage)

    assert (shown.counts.sent, shown.due) == (2, 1)


async def test_progress_is_reported_and_the_end_once(storage, step, begin, outbox, become, clock):
    for number in (11, 12, 13):
        await outbox.chat(number)
    await begin()
    await step()
    await become(DeliveryState.SENT)

    at_once = await broadcasts.progress_due(storage)
    clock.turn(timedelta(seconds=3))
    ((desk, later),) = await broadcasts.progress_due(storage)
    again = await broadcasts.progress_due(storage)
    await step()
    await become(DeliveryState.FAILED)
    await step()
    clock.turn(timedelta(seconds=3))
    ((_, end),) = await broadcasts.progress_due(storage)
    clock.turn(timedelta(hours=1))

    assert at_once == again == []
    assert desk == DESK
    assert (later.state, later.counts.sent, later.due) == (BroadcastState.RUNNING, 2, 1)
    assert (end.state, end.counts.failed, end.due) == (BroadcastState.DONE, 1, 0)
    assert await broadcasts.progress_due(storage) == []


async def test_a_chat_that_leaves_does_not_block_a_broadcast(
    storage, step, begin, outbox, state_of
):
    chat = await outbox.chat(11)
    broadcast = await begin()
    await step()
    async with storage.writing() as tx:
        await suspend_chat(tx, chat, ChatState.BLOCKED)

    await step()

    assert await state_of(broadcast) is BroadcastState.DONE


async def test_a_broadcast_is_sent_once_however_often_send_is_pressed(storage, begin):
    broadcast = await begin()

    for act in (
        broadcasts.send(storage, broadcast, DESK, by=900),
        broadcasts.discard(storage, broadcast),
        broadcasts.choose_audience(storage, broadcast, Audience.ALL, ""),
    ):
        with pytest.raises(NoSuchBroadcast):
            await act
    (event,) = await audit.newest_events(storage, 5)
    assert (event.user_id, event.action) == (900, AuditAction.BROADCAST)


async def test_an_empty_or_too_long_broadcast_is_refused(storage):
    for said in (Message(" "), Message("x" * 4090)):
        with pytest.raises(NotOneMessage):
            await broadcasts.draft(storage, said, by=900, renderer=Renderer())


def test_the_footer_names_the_sender():
    message = signed(Message("🎈 Hi", (Entity("bold", 0, 5),)), Renderer())

    assert message.text == "🎈 Hi\n\nFrom the operator of this bot"
    assert message.entities == (Entity("bold", 0, 5), Entity("italic", 7, 29))


def test_languages_are_offered_if_chats_have_several():
    assert most_spoken({"en": 2, "en-GB": 3, "ja": 4}) == ["en", "ja"]
    assert most_spoken({"en": 2, "en-GB": 3}) == []
