"""The buttons under an alert: their actions, confirmations and undo."""

import pytest
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from sqlmodel import col, select, update

from bot.chat.callbacks import AlertAction, OnAlert, OpenAlert, UndoMute, UndoSilence
from bot.rendering.keyboards import on_alert
from bot.rendering.renderer import Renderer
from bot.subscribers.mutes import Duration
from storage.enums import DeliveryState, MuteKind, Sound
from storage.mutes import Mute
from storage.outbox import Delivery
from storage.subscriptions import Subscription
from tests.chat.conftest import labels
from tests.publishing.stages import Stages

DEFAULT = ["Less from Sample Times", "Mute story", "⋯"]
TITLE = "Captain of sunken ferry Santa Rosalia detained over Taiwan trip"
FAR = 2**63 - 1


@pytest.fixture
async def alert(ann, house, detained, one_storage):
    """Return an alert to Ann about a story of the Sample Times."""
    await detained(TITLE, "Police are questioning him.")
    await Stages(one_storage, Renderer(), "us").alerts()
    async with one_storage.reading() as tx:
        (sent,) = await tx.session.exec(select(Delivery))
    markup = InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=each["text"], callback_data=each["data"]) for each in row]
            for row in sent.body["keyboard"]
        ]
    )
    await house.bot.send_message(ann.who.id, sent.body["text"], reply_markup=markup)
    return await ann.next()


@pytest.fixture
def mutes(one_storage):
    async def kinds() -> list[MuteKind]:
        async with one_storage.reading() as tx:
            return [row.kind for row in await tx.session.exec(select(Mute).order_by(col(Mute.id)))]

    return kinds


async def test_an_alert_has_three_buttons(alert):
    assert labels(alert) == DEFAULT


@pytest.mark.parametrize(
    ("label", "said", "left", "kind"),
    [
        pytest.param(
            "Less from Sample Times",
            "From Sample Times you'll get only what others report too; the rest comes in digests.",
            "Less from Sample Times · Undo",
            MuteKind.LESS,
            id="less from the publisher",
        ),
        pytest.param(
            "Mute story",
            f"Muted: you'll get nothing more about “{TITLE}”.",
            "Muted: Captain of sunken... · Undo",
            MuteKind.STORY,
            id="story",
        ),
    ],
)
async def test_a_mute_is_confirmed_and_can_be_undone(ann, alert, mutes, label, said, left, kind):
    assert await ann.presses_quietly(alert, label) == said
    muted = await ann.next()
    assert labels(muted) == [left]
    assert muted["text"] == alert["text"]
    assert await mutes() == [kind]

    assert await ann.presses_quietly(muted, "Undo") == "Undone."
    assert labels(await ann.next()) == DEFAULT
    assert await mutes() == []


@pytest.mark.parametrize(
    ("number", "said", "kind"),
    [
        pytest.param(
            2, "Sample Times is muted until tomorrow, 21:01.", MuteKind.SOURCE, id="source, a day"
        ),
        pytest.param(
            3, "Sample Times is muted until 9 Mar 21:01.", MuteKind.SOURCE, id="source, a week"
        ),
        pytest.param(
            5, "Detained is muted until tomorrow, 21:01.", MuteKind.TOPIC, id="topic, a day"
        ),
        pytest.param(6, "Detained is muted until 9 Mar 21:01.", MuteKind.TOPIC, id="topic, a week"),
    ],
)
async def test_the_menu_mutes_for_a_limited_time(ann, house, alert, mutes, number, said, kind):
    menu = await ann.presses(alert, "⋯")
    assert labels(menu) == [
        "Save",
        "More like this",
        "Mute Sample Times: a day",
        "a week",
        "Silent",
        "Mute Detained: a day",
        "a week",
        "Silent",
        "‹ Back",
    ]

    rows = menu["reply_markup"]["inline_keyboard"]
    data = [button["callback_data"] for row in rows for button in row][number]
    query = house.playground.press(ann.who, menu["message_id"], data)

    assert (await house.playground.wait_for_answer(query))["text"] == said
    assert labels(await ann.next()) == [f"Muted: {said.partition(' is ')[0]} · Undo"]
    assert await mutes() == [kind]


async def press_in_menu(ann, house, alert, number: int) -> str:
    """Press the button with this number in the menu of the alert; return what was said."""
    menu = await ann.presses(alert, "⋯")
    rows = menu["reply_markup"]["inline_keyboard"]
    data = [button["callback_data"] for row in rows for button in row][number]
    query = house.playground.press(ann.who, menu["message_id"], data)
    return str((await house.playground.wait_for_answer(query))["text"])


async def test_the_publisher_of_an_alert_is_made_silent_and_that_is_undone(
    ann, house, alert, mutes
):
    said = await press_in_menu(ann, house, alert, 4)
    silent = await ann.next()

    assert said == "Alerts from Sample Times make no sound now."
    assert labels(silent) == ["Silent: Sample Times · Undo"]
    assert await mutes() == [MuteKind.SILENT]
    assert "Sample Times: alerts without a sound" in (await ann.says("/mutes"))["text"]
    assert await ann.presses_quietly(silent, "Undo") == "Undone."
    assert await mutes() == []


async def test_the_topic_of_an_alert_is_made_silent(ann, house, alert):
    said = await press_in_menu(ann, house, alert, 7)

    assert said == "Alerts on Detained make no sound now."
    silenced = await ann.next()
    assert labels(silenced) == ["Silent: Detained · Undo"]
    topic = await ann.says("/topics", "Detained")
    assert "Its alerts make no sound." in topic["text"]

    assert await ann.presses_quietly(silenced, "Undo") == "Undone."
    assert labels(await ann.next()) == DEFAULT
    topic = await ann.says("/topics", "Detained")
    assert "no sound" not in topic["text"]


async def test_undoing_silence_keeps_a_sound_that_was_chosen_since(ann, house, alert, one_storage):
    await press_in_menu(ann, house, alert, 7)
    silenced = await ann.next()
    async with one_storage.writing() as tx:
        await tx.session.exec(update(Subscription).values(sound=Sound.LOUD))

    await ann.presses_quietly(silenced, "Undo")

    async with one_storage.reading() as tx:
        (subscription,) = await tx.session.exec(select(Subscription))
        assert subscription.sound is Sound.LOUD


async def test_the_menu_leads_back(ann, alert):
    assert labels(await ann.presses(alert, "⋯", "Back")) == DEFAULT


async def test_more_like_this_proposes_names_from_the_title_and_catalogue_topics(ann, alert):
    menu = await ann.presses(alert, "⋯")
    card = await ann.presses(menu, "More like this")

    assert card["text"].startswith(f"More like this · {TITLE}")
    assert labels(card)[:3] == ["Santa Rosalia", "Taiwan", "Taiwan Strait"]

    found = await ann.presses(card, "Santa Rosalia")
    subscribed = await ann.presses(found, "Both")
    assert "Subscribed to Santa Rosalia: alerts at once" in subscribed["text"]

    again = await ann.presses(menu, "More like this")
    assert "Santa Rosalia" not in labels(again)
    found = await ann.presses(again, "Taiwan")
    assert found["text"].startswith("Taiwan · ")


async def test_mutes_are_listed_and_lifted_in_the_list(ann, alert, mutes):
    await ann.presses(alert, "Less from Sample Times")
    listed = await ann.says("/mutes")
    assert "1. Sample Times: in digests only, unless others report it too" in listed["text"]

    lifted = await ann.presses(listed, "Unmute Sample Times")
    assert lifted["text"].startswith("Nothing is muted.")
    assert await mutes() == []

    assert (await ann.presses(lifted, "Settings", "Muted"))["text"].startswith("Nothing is muted.")


@pytest.mark.parametrize("action", list(AlertAction))
async def test_an_alert_of_another_chat_is_refused(ann, house, alert, mutes, action):
    bob = house.talk("Bob")
    await bob.says("/start")
    bob.seen = max(message["version"] for message in bob.all())
    theirs = await house.show_button(bob, on_alert(action, 1, 1, "day"))

    said = await bob.presses_quietly(theirs, "By hand")

    assert said.startswith(("I no longer know this alert", "I no longer have this story"))
    assert await mutes() == []


async def test_alerts_that_were_sent_are_listed_and_shown_again(ann, one_storage, alert, mutes):
    async with one_storage.writing() as tx:
        await tx.change(update(Delivery).values(state=DeliveryState.SENT))

    listed = await ann.says("/recent")
    again = await ann.presses(listed, "1")

    assert f"1. {TITLE}\nSample Times · " in listed["text"]
    assert "Detained" in listed["text"]
    assert labels(listed) == ["1"]
    assert again["message_id"] != listed["message_id"]
    assert again["text"] == alert["text"]
    assert labels(again) == DEFAULT
    await ann.presses_quietly(again, "Mute story")
    assert await mutes() == [MuteKind.STORY]


async def test_an_alert_that_was_not_sent_is_not_listed(ann, alert):
    empty = await ann.says("/recent")

    assert empty["text"].startswith("You have had no alerts lately.")
    assert labels(empty) == ["Your topics"]


async def test_an_alert_of_another_chat_is_not_shown_again(ann, house, one_storage, alert):
    async with one_storage.writing() as tx:
        await tx.change(update(Delivery).values(state=DeliveryState.SENT))
    bob = house.talk("Bob")
    await bob.says("/start")
    bob.seen = max(message["version"] for message in bob.all())
    theirs = await house.show_button(bob, OpenAlert(story_id=1).pack())

    assert (await bob.presses_quietly(theirs, "By hand")).startswith("I no longer know this alert")


def test_button_data_fits_with_the_largest_ids():
    longest = OnAlert(
        action=AlertAction.SOURCE, story_id=FAR, topic_id=FAR, duration=Duration.WEEK
    ).pack()

    assert longest == on_alert("source", FAR, FAR, "week")
    assert len(longest) <= 64
    assert len(UndoMute(story_id=FAR, mute_id=FAR).pack()) <= 64
    assert len(UndoSilence(story_id=FAR, topic_id=FAR, before=Sound.NORMAL).pack()) <= 64


async def test_a_story_is_saved_from_the_menu_of_an_alert(ann, alert):
    menu = await ann.presses(alert, "⋯")

    assert await ann.presses_quietly(menu, "Save") == "Saved. Your list: /saved"
    assert labels(await ann.next()) == DEFAULT
    assert TITLE in (await ann.says("/saved"))["text"]
