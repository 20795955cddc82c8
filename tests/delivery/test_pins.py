"""Pins: the newest digest of a channel is pinned, the one before is unpinned."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.delivery.errors import ChatBlocked, FloodWait, NeverSent, Refused, rejection
from bot.delivery.pace import Pacer
from bot.delivery.pins import PATIENCE, PinStage
from bot.delivery.telegram import Telegram
from bot.rendering.renderer import Renderer
from bot.subscribers import settings
from storage.chats import Chat
from storage.enums import ChatState, DeliveryKind
from storage.outbox import Delivery
from storage.pace import chat_pace_key, lock_pace, pause, paused_until
from storage.pins import Pin, pin_of
from tests.delivery.conftest import PACE_KEY, TurnedTimer, send_all

NO_RIGHTS = ChatBlocked("not enough rights to manage pinned messages in the chat")
GONE = Refused("message to pin not found")
SLOW = FloodWait("Too Many Requests", timedelta(seconds=30))
AWAY = NeverSent("no connection")


class FakePinning:
    """Pins messages, except that each call that pins takes the next of its *errors*."""

    def __init__(self) -> None:
        self.pinned: list[int] = []
        self.errors: list[Exception | None] = []
        self.unpin_fails = False

    async def pin(self, _chat_id: int, message_id: int) -> None:
        if self.errors and (error := self.errors.pop(0)):
            raise error
        self.pinned.append(message_id)

    async def unpin(self, _chat_id: int, message_id: int) -> None:
        self.pinned.remove(message_id)
        if self.unpin_fails:
            raise GONE


@pytest.fixture
def fake():
    return FakePinning()


@pytest.fixture
def pacer(storage, clock):
    return Pacer(storage, TurnedTimer(clock), PACE_KEY, per_second=20)


@pytest.fixture
def pins(storage, fake, pacer):
    return PinStage(storage, fake, Renderer, "me", pacer)


@pytest.fixture
async def channel(outbox, storage):
    chat = await outbox.chat(-5, invited_by=7)
    await settings.set_pinning(storage, chat, wanted=True)
    return chat


@pytest.fixture
def digest(outbox, sending, channel, clock):
    async def send(**columns):
        clock.turn(timedelta(minutes=1))  # so that the chat has room for a pin
        await outbox.add(channel, kind=DeliveryKind.EDITION, **columns)
        await send_all(sending)

    return send


@pytest.fixture
def row(storage, channel):
    async def read():
        async with storage.reading() as tx:
            return await pin_of(tx, channel)

    return read


async def test_the_newest_digest_replaces_the_pinned_one(digest, pins, fake, row):
    await digest()
    await pins.run_once()
    first = list(fake.pinned)
    await digest()
    await pins.run_once()

    assert (first, fake.pinned) == ([1], [2])
    assert ((await row()).pinned_id, (await row()).wanted_id) == (2, None)
    assert await pins.run_once() == 0


@pytest.mark.parametrize(
    "columns", [{"part": 2}, {"kind": DeliveryKind.ALERT}], ids=["a second part", "an alert"]
)
async def test_only_the_first_message_of_a_digest_is_pinned(
    outbox, sending, channel, pins, columns
):
    await outbox.add(channel, **{"kind": DeliveryKind.EDITION} | columns)
    await send_all(sending)

    assert await pins.run_once() == 0


async def test_a_chat_that_did_not_ask_gets_no_pin(outbox, sending, pins, storage, channel):
    await settings.set_pinning(storage, channel, wanted=False)
    await outbox.add(channel, kind=DeliveryKind.EDITION)
    await send_all(sending)

    assert await pins.run_once() == 0


async def test_a_private_chat_cannot_ask_for_pins(outbox, storage):
    chat = await outbox.chat(5)

    assert not (await settings.set_pinning(storage, chat, wanted=True)).pins


async def test_a_missing_right_is_told_once_and_the_next_digest_is_tried(
    digest, pins, fake, row, outbox, storage, channel
):
    user = await outbox.chat(7)
    fake.errors = [NO_RIGHTS, NO_RIGHTS]
    for _ in range(2):
        await digest()
        await pins.run_once()
    refused = await settings.get_settings(storage, channel)
    await digest()
    await pins.run_once()

    async with storage.reading() as tx:
        sent = await tx.rows(select(Delivery).where(Delivery.notice == "unpinned"))
    assert [delivery.chat_id for delivery in sent] == [user]
    assert "I'm not allowed to pin messages there" in sent[0].body["text"]
    assert refused.may_not_pin
    assert fake.pinned == [4]  # the notice was the third message
    assert not (await settings.get_settings(storage, channel)).may_not_pin


async def test_a_rate_limit_is_waited_for(digest, pins, fake, clock):
    fake.errors = [SLOW]
    await digest()
    await pins.run_once()
    early = await pins.run_once()
    clock.turn(timedelta(seconds=31))
    await pins.run_once()

    assert (early, fake.pinned) == (0, [1])


async def test_a_rate_limit_pauses_the_deliveries_to_the_chat_too(
    digest, pins, fake, storage, clock
):
    fake.errors = [SLOW]
    await digest()
    await pins.run_once()

    async with storage.reading() as tx:
        until = await paused_until(tx, await chat_pace_key(tx, -5))
    assert until == clock.now + SLOW.pause


async def test_pinning_and_unpinning_take_a_permit_each(digest, pins, storage, pacer):
    await digest()
    await pins.run_once()
    await digest()
    async with storage.writing() as tx:
        before = max((await lock_pace(tx, PACE_KEY)).tat, tx.now)
    await pins.run_once()

    async with storage.writing() as tx:
        assert (await lock_pace(tx, PACE_KEY)).tat >= before + 2 * pacer.interval


@pytest.mark.parametrize("is_paused", ["token", "chat"])
async def test_a_pin_waits_for_the_end_of_a_pause(digest, pins, fake, storage, clock, is_paused):
    await digest()
    async with storage.writing() as tx:
        key = PACE_KEY if is_paused == "token" else await chat_pace_key(tx, -5)
        await pause(tx, key, tx.now + timedelta(seconds=50))
    await pins.run_once()
    during = list(fake.pinned)
    clock.turn(timedelta(seconds=51))
    await pins.run_once()

    assert (during, fake.pinned) == ([], [1])


async def test_a_pin_counts_as_a_message_to_its_channel(digest, pins, storage):
    await digest()
    async with storage.writing() as tx:
        before = (await lock_pace(tx, await chat_pace_key(tx, -5))).tat
    await pins.run_once()

    async with storage.writing() as tx:
        assert (await lock_pace(tx, await chat_pace_key(tx, -5))).tat > before


async def test_an_unreachable_telegram_is_tried_a_few_times(digest, pins, fake, clock, row):
    fake.errors = [AWAY] * (PATIENCE + 9)
    await digest()
    for _ in range(PATIENCE + 3):
        await pins.run_once()
        clock.turn(timedelta(hours=1))

    assert len(fake.errors) == 9
    assert (await row()).wanted_id is None


@pytest.mark.parametrize("unpins", [True, False])
async def test_a_message_that_is_gone_stops_nothing(digest, pins, fake, unpins):
    fake.errors, fake.unpin_fails = ([] if unpins else [GONE]), unpins
    for _ in range(2):
        await digest()
        await pins.run_once()

    assert fake.pinned == [2]


async def test_a_closed_chat_is_not_called(digest, pins, fake, storage, channel, row):
    await digest()
    async with storage.writing() as tx:
        (await tx.get_one(Chat, channel)).state = ChatState.KICKED
    await pins.run_once()

    assert fake.pinned == []
    assert ((await row()).wanted_id, (await row()).pinned_id) == (None, None)


async def test_a_digest_sent_while_another_is_pinned_is_pinned_next(digest, pins, fake, storage):
    pin = fake.pin

    async def pin_late(*where):
        fake.pin = pin
        await digest()
        await pin(*where)

    await digest()
    fake.pin = pin_late
    await pins.run_once()
    await pins.run_once()

    assert fake.pinned == [2]
    async with storage.reading() as tx:
        (row,) = await tx.rows(select(Pin))
    assert row.pinned_id == 2


@pytest.mark.parametrize(
    "sentence",
    ["Bad Request: not enough rights to manage pinned messages in the chat", "CHAT_ADMIN_REQUIRED"],
)
def test_a_missing_right_is_recognised(sentence):
    assert isinstance(rejection(400, sentence), ChatBlocked)


async def test_a_group_of_the_playground_has_the_newest_digest_pinned(
    storage, playground, bot, sending_there, outbox, pacer, clock
):
    user = playground.user("Ann")
    group = playground.chat("supergroup", "Desk", [user], bot="administrator")
    chat = await outbox.chat(group.id)
    await settings.set_pinning(storage, chat, wanted=True)
    stage = PinStage(storage, Telegram(bot), Renderer, "me", pacer)
    for text in ("one", "two"):
        clock.turn(timedelta(minutes=1))
        await outbox.add(chat, text, kind=DeliveryKind.EDITION)
        await send_all(sending_there)
        await stage.run_once()

    (pinned,) = group.pinned
    assert group.messages[pinned].content["text"] == "two"
