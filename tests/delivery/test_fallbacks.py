"""The fallback replaces a refused body when the response is stored."""

from dataclasses import replace
from datetime import timedelta

from bot.delivery.errors import BadMarkup, Refused
from bot.delivery.outcomes import fallback_columns
from bot.rendering.messages import Entity, Message
from storage.chats import Chat
from storage.editions import make_editions
from storage.enums import DeliveryKind, DeliveryState, Layout
from tests.delivery.conftest import Outbox, send_all

SECOND = timedelta(seconds=1)

BOLD = (Entity("bold", 0, 3),)
RICH = Message(
    "Your digest",
    rich="<h2>Your digest</h2>",
    classic=(Message("one 1/2", BOLD), Message("two 2/2", BOLD)),
)


async def enqueue(outbox: Outbox, message: Message, chat: int, **facts) -> int:
    body, fallback = message.to_json(), message.fallback()
    return await outbox.add(chat, kind=DeliveryKind.EDITION, body=body, fallback=fallback, **facts)


async def send_for_seconds(sending, clock, seconds: int) -> None:
    """A chat gets one message a second."""
    for _ in range(seconds):
        await send_all(sending)
        clock.turn(SECOND)


async def rich_digest(outbox: Outbox) -> int:
    """Enqueue a rich digest to a new chat; return the chat."""
    chat = await outbox.chat(7, layout=Layout.RICH)
    async with outbox.storage.writing() as tx:
        row = {"chat_id": chat, "local_date": tx.now.date(), "schedule_number": 0, "stories": 0}
        row |= {"due_at": tx.now, "made_at": tx.now, "since": tx.now, "topics": []}
        edition = (await make_editions(tx, [(row, [])]))[chat]
    await enqueue(outbox, RICH, chat, edition_id=edition)
    return chat


async def layout_of(outbox: Outbox, chat: int) -> Layout:
    async with outbox.storage.reading() as tx:
        return (await tx.get_one(Chat, chat)).layout


async def test_classic_parts_replace_a_refused_rich_message(outbox, sending, telegram, clock):
    chat = await rich_digest(outbox)
    telegram.errors[7] = [Refused("RICH_MESSAGE_CONTENT_REQUIRED")]

    await send_for_seconds(sending, clock, 15)

    assert telegram.texts == ["Your digest", "one 1/2", "two 2/2"]
    assert await outbox.states(1, 2) == [DeliveryState.SENT] * 2
    first, second = await outbox.get(1), await outbox.get(2)
    assert (second.edition_id, second.part) == (first.edition_id, 2)
    assert await layout_of(outbox, chat) is Layout.REFUSED
    assert [silent for *_, silent in telegram.calls] == [False, False, True]  # it rings once


async def test_a_refused_rich_message_is_first_sent_without_its_picture(
    outbox, sending, telegram, clock
):
    chat = await outbox.chat(7, layout=Layout.RICH)
    await enqueue(outbox, replace(RICH, preview="https://pictures.example/1.jpg"), chat)
    telegram.errors[7] = [Refused("failed to get HTTP URL content")]

    await send_for_seconds(sending, clock, 5)

    sent = await outbox.get(1)
    assert telegram.texts == ["Your digest", "Your digest"]
    assert (sent.body["rich"], sent.body.get("preview")) == (RICH.rich, None)
    assert await layout_of(outbox, chat) is Layout.RICH


async def test_classic_parts_replace_a_rich_message_that_is_refused_without_its_picture_too(
    outbox, sending, telegram, clock
):
    chat = await outbox.chat(7, layout=Layout.RICH)
    await enqueue(outbox, replace(RICH, preview="https://pictures.example/1.jpg"), chat)
    telegram.errors[7] = [Refused("failed to get HTTP URL content"), Refused("rich")]

    await send_for_seconds(sending, clock, 15)

    assert telegram.texts == ["Your digest", "Your digest", "one 1/2", "two 2/2"]
    assert await layout_of(outbox, chat) is Layout.REFUSED


async def test_each_part_has_its_plain_text_to_fall_back_to(outbox, sending, telegram, clock):
    await rich_digest(outbox)
    telegram.errors[7] = [Refused("rich"), BadMarkup("entities"), None, BadMarkup("entities")]

    await send_for_seconds(sending, clock, 15)

    assert telegram.texts == ["Your digest", "one 1/2", "one 1/2", "two 2/2", "two 2/2"]
    assert await outbox.states(1, 2) == [DeliveryState.SENT] * 2


async def test_a_refused_picture_leaves_its_caption(outbox, sending, telegram, clock):
    chat = await outbox.chat(7)
    await enqueue(outbox, Message("Your week", BOLD, photo="aGVsbG8="), chat)
    telegram.errors[7] = [Refused("not enough rights to send photos to the chat")]

    await send_for_seconds(sending, clock, 15)

    assert telegram.texts == ["Your week", "Your week"]
    assert "photo" not in (await outbox.get(1)).body
    assert await layout_of(outbox, chat) is Layout.CLASSIC


def test_plain_text_has_nothing_to_fall_back_to():
    swapped = fallback_columns(Message("plain").to_json())

    assert swapped == {"body": Message("plain").to_json(), "fallback": None}
    assert Message("plain", BOLD).fallback() is None


async def test_a_refused_text_goes_without_its_entities_but_with_its_links(
    outbox, sending, telegram, clock
):
    chat = await outbox.chat(7)
    link = Entity("text_link", 0, 3, "https://wire.example/1")
    await enqueue(outbox, Message("one", (link,)), chat)
    telegram.errors[7] = [BadMarkup("entities")]

    await send_for_seconds(sending, clock, 15)

    assert telegram.texts == ["one", "one (https://wire.example/1)"]
    assert (await outbox.get(1)).body["entities"] == []


async def test_a_refused_plain_text_is_not_sent_again(outbox, sending, telegram, clock):
    await enqueue(outbox, Message("plain"), await outbox.chat(7))
    telegram.errors[7] = [BadMarkup("entities")]

    await send_for_seconds(sending, clock, 15)

    assert telegram.texts == ["plain"]
    assert await outbox.states(1) == [DeliveryState.FAILED]
