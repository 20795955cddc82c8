"""The buttons under an alert: what each does, says and undoes."""

from datetime import timedelta

import pytest
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from sqlmodel import col, select

from bot.chat.alert_buttons import OnAlert, UndoMute, Wish
from bot.rendering.keyboards import on_alert
from bot.rendering.renderer import Renderer
from storage.articles import Article
from storage.enums import MuteKind, Stage
from storage.mutes import Mute
from storage.outbox import Delivery
from storage.queries import Match, Query
from tests.chat.conftest import labels
from tests.publishing.stages import Stages

DEFAULT = ["Less of this source", "Mute story", "⋯"]
TITLE = "Captain of sunken ferry Santa Rosalia detained over Taiwan trip"
FAR = 2**63 - 1


@pytest.fixture
async def alert(ann, house, news, one_storage, clock):
    """Ann is alerted to a story of the Sample Times; return the message."""
    await ann.presses(await ann.says("detained"), "Both")
    clock.turn(timedelta(minutes=1))
    await news(TITLE, "Police are questioning him.")
    async with one_storage.writing() as tx:
        (article,) = await tx.session.exec(select(Article))
        (query,) = await tx.session.exec(select(Query).where(Query.canonical == "detained"))
        article.stage = Stage.MATCHED
        facts = {"words": ["detained"], "news_at": tx.now, "found_at": tx.now}
        tx.session.add(Match(article_id=article.id, query_id=query.id, **facts))
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
    ("label", "said", "kind"),
    [
        pytest.param(
            "Less of this source",
            "From Sample Times in digests only, unless others tell it too.",
            MuteKind.LESS,
            id="less of the source",
        ),
        pytest.param("Mute story", "Muted: no more of this story.", MuteKind.STORY, id="story"),
    ],
)
async def test_a_press_says_what_it_did_and_can_be_undone(ann, alert, mutes, label, said, kind):
    assert await ann.presses_quietly(alert, label) == said
    muted = await ann.next()
    assert labels(muted) == ["Undo"]
    assert muted["text"] == alert["text"]
    assert await mutes() == [kind]

    assert await ann.presses_quietly(muted, "Undo") == "Undone."
    assert labels(await ann.next()) == DEFAULT
    assert await mutes() == []


@pytest.mark.parametrize(
    ("number", "said", "kind"),
    [
        pytest.param(1, "Sample Times is muted for a day.", MuteKind.SOURCE, id="source, a day"),
        pytest.param(2, "Sample Times is muted for a week.", MuteKind.SOURCE, id="source, a week"),
        pytest.param(3, "Detained is muted for a day.", MuteKind.TOPIC, id="topic, a day"),
        pytest.param(4, "Detained is muted for a week.", MuteKind.TOPIC, id="topic, a week"),
    ],
)
async def test_the_menu_mutes_for_a_time(ann, house, alert, mutes, number, said, kind):
    menu = await ann.presses(alert, "⋯")
    assert labels(menu) == [
        "More like this",
        "Mute Sample Times: a day",
        "a week",
        "Mute Detained: a day",
        "a week",
        "‹ Back",
    ]

    rows = menu["reply_markup"]["inline_keyboard"]
    data = [button["callback_data"] for row in rows for button in row][number]
    query = house.playground.press(ann.who, menu["message_id"], data)

    assert (await house.playground.wait_for_answer(query))["text"] == said
    assert labels(await ann.next()) == ["Undo"]
    assert await mutes() == [kind]


async def test_the_menu_leads_back(ann, alert):
    menu = await ann.presses(alert, "⋯")

    assert labels(await ann.presses(menu, "Back")) == DEFAULT


async def test_more_like_this_proposes_what_the_title_names_and_what_the_catalogue_has(ann, alert):
    menu = await ann.presses(alert, "⋯")
    card = await ann.presses(menu, "More like this")

    assert card["text"].startswith(f"More like this · {TITLE}")
    assert labels(card)[:5] == [
        "Watch Santa Rosalia", "Look first", "Watch Taiwan", "Look first", "Watch Taiwan Strait",
    ]  # fmt: skip

    watched = await ann.presses(card, "Watch Santa Rosalia")
    assert "Watching Santa Rosalia: alerts at once" in watched["text"]

    again = await ann.presses(menu, "More like this")
    assert "Watch Santa Rosalia" not in labels(again)
    looked = await ann.presses(again, "Look first")
    assert looked["text"].startswith("Taiwan · ")


async def test_what_is_muted_is_listed_and_lifted_there(ann, alert, mutes):
    await ann.presses(alert, "Less of this source")
    listed = await ann.says("/mutes")
    assert "1. Sample Times: in digests only, unless others tell it too" in listed["text"]

    lifted = await ann.presses(listed, "Lift 1: Sample Times")
    assert lifted["text"].startswith("Nothing is muted.")
    assert await mutes() == []

    settings = await ann.presses(lifted, "Settings")
    assert (await ann.presses(settings, "Muted"))["text"].startswith("Nothing is muted.")


@pytest.mark.parametrize("wish", list(Wish))
async def test_an_alert_of_another_chat_is_refused(ann, house, alert, mutes, wish):
    bob = house.talk("Bob")
    await bob.says("/start")
    bob.seen = max(message["version"] for message in bob.all())
    button = InlineKeyboardButton(text="Theirs", callback_data=on_alert(wish, 1, 1, 1))
    markup = InlineKeyboardMarkup(inline_keyboard=[[button]])
    await house.bot.send_message(bob.who.id, "by hand", reply_markup=markup)

    said = await bob.presses_quietly(await bob.next(), "Theirs")

    assert said.startswith("I know nothing of this alert any more")
    assert await mutes() == []


def test_whatever_the_row_the_data_fits_a_button():
    longest = OnAlert(wish=Wish.SOURCE, story_id=FAR, topic_id=FAR, days=7).pack()

    assert longest == on_alert("source", FAR, FAR, 7)
    assert len(longest) <= 64
    assert len(UndoMute(story_id=FAR, mute_id=FAR).pack()) <= 64
