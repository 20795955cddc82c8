"""/broadcast: previewed, sent, reported and stopped in one message."""

from datetime import timedelta
from functools import partial

import pytest
from sqlmodel import select

from bot.chat.progress import report_broadcasts
from bot.publishing.broadcasts import publish_broadcasts
from bot.rendering.i18n import IN_ENGLISH
from bot.rendering.renderer import Renderer, Renderers
from storage.enums import DeliveryState
from storage.outbox import Delivery
from tests.catalogues.pseudo import pseudo, pseudo_translation
from tests.chat.conftest import House, labels
from tests.resources import ADMIN


@pytest.fixture
def step(house):
    return partial(publish_broadcasts, house.storage, Renderer(), "us")


async def deliveries(house: House) -> list[Delivery]:
    async with house.storage.reading() as tx:
        return list(await tx.session.exec(select(Delivery)))


async def test_a_draft_is_previewed_and_sent_by_a_tap(house, admin, ann, step, clock):
    await ann.says("/topics")
    bold = [{"type": "bold", "offset": 11, "length": 2}]

    looks = await admin.says("/broadcast We move on Monday.", entities=bold)
    draft = await admin.next()
    nothing_yet = await deliveries(house)
    running = await admin.presses(draft, "Send")
    made = await step()
    async with house.storage.writing() as tx:
        for row in await tx.session.exec(select(Delivery)):
            row.state = DeliveryState.SENT
            tx.session.add(row)
    await step()
    clock.turn(timedelta(seconds=3))
    await report_broadcasts(house.bot, Renderer(), house.storage)
    done = await admin.next()

    assert looks["text"] == "We move on Monday.\n\nFrom the operator of this bot"
    assert [(one["type"], one["offset"]) for one in looks["entities"]] == [
        ("bold", 0),
        ("italic", 20),
    ]
    assert draft["text"] == "Preview. It will be sent to 2 chats."
    assert nothing_yet == []
    assert running["text"] == "Broadcast: sending\n0 of 2 sent · 2 to go"
    assert labels(running) == ["Stop"]
    assert made == 2
    assert {row.body["text"] for row in await deliveries(house)} == {looks["text"]}
    assert done["text"] == "Broadcast: sent\n2 of 2 sent"
    assert draft["message_id"] == running["message_id"] == done["message_id"]


async def test_the_audience_is_chosen_by_buttons(admin, ann):
    await ann.says("/topics")
    await admin.says("/broadcast Hello")
    draft = await admin.next()

    chosen = await admin.presses(draft, "Private", "ja")

    assert chosen["text"] == "Preview. It will be sent to 1 chat."
    assert "✓ Private chats only" in labels(chosen)
    assert "✓ ja" in labels(chosen)


async def test_a_stopped_broadcast_reports_how_far_it_got(house, admin, step, clock):
    await admin.says("/broadcast Hello")
    running = await admin.presses(await admin.next(), "Send")
    await step()

    stopping = await admin.presses(running, "Stop")
    await step()
    clock.turn(timedelta(seconds=3))
    await report_broadcasts(house.bot, Renderer(), house.storage)
    stopped = await admin.next()

    assert stopping["text"].startswith("Broadcast: stopping")
    assert stopped["text"] == "Broadcast: stopped\n0 of 1 sent"
    assert [row.state for row in await deliveries(house)] == [DeliveryState.EXPIRED]


async def test_a_discarded_draft_goes_to_nobody(house, admin, step):
    await admin.says("/broadcast Hello")

    gone = await admin.presses(await admin.next(), "Discard")

    assert gone["text"] == "Discarded. Nothing was sent."
    assert await step() == 0
    assert await deliveries(house) == []


async def test_a_command_without_text_asks_for_the_text(house, admin):
    question = await admin.says("/broadcast")
    looks = await admin.replies(question, "Hello, all")

    assert labels(question) == ["Cancel"]
    assert looks["text"] == "Hello, all\n\nFrom the operator of this bot"


async def test_a_replied_to_message_becomes_the_draft(house, admin):
    forwarded = house.playground.send(admin.who, "A forwarded word")
    await admin.next()

    looks = await admin.replies(forwarded, "/broadcast")

    assert looks["text"] == "A forwarded word\n\nFrom the operator of this bot"


async def test_a_text_that_is_too_long_is_refused(admin):
    answer = await admin.says("/broadcast " + "x" * 4080)

    assert answer["text"].startswith("That must be text, and short enough")


class TestInAnotherLanguage:
    @pytest.fixture
    def renderer(self):
        return Renderers(translations={"en": IN_ENGLISH, "ja": pseudo_translation()}).of("en")

    async def test_progress_is_reported_in_the_language_of_the_sender(self, house, renderer, clock):
        admin = house.talk("Ada", id=ADMIN, language_code="ja")
        await admin.says("/broadcast Hello")
        draft = await admin.next()
        running = await admin.presses(draft, pseudo("Send"))
        clock.turn(timedelta(seconds=3))
        await publish_broadcasts(house.storage, renderer, "us")
        await report_broadcasts(house.bot, renderer, house.storage)
        async with house.storage.writing() as tx:
            for row in await tx.session.exec(select(Delivery)):
                row.state = DeliveryState.SENT
                tx.session.add(row)
        await publish_broadcasts(house.storage, renderer, "us")
        clock.turn(timedelta(seconds=3))
        await report_broadcasts(house.bot, renderer, house.storage)
        done = await admin.next()

        assert pseudo("Broadcast: sending") in running["text"]
        assert pseudo("Broadcast: sent") in done["text"]
