"""Hostile names, queries and buttons: shown as plain text, refused or ignored."""

import pytest

from tests.chat.conftest import buttons, labels
from tests.chat.pressings import press

OLD = "This button no longer does anything."
GONE = "This topic is no longer there."


@pytest.fixture
def pressing(house, ann):
    """Return a function that presses a button with forged data and returns the toast."""

    async def pressed(data: str):
        if not ann.seen:
            await ann.says("/start")
        return await ann.presses_quietly(await house.show_button(ann, data), "By hand")

    return pressed


async def test_html_in_a_name_is_plain_text(house):
    eve = house.talk('<b>Eve</b> & <a href="tg://user?id=1">co</a>')

    hello = await eve.says("/start")

    assert hello["text"].startswith('Hello, <b>Eve</b> & <a href="tg://user?id=1">co</a>.')
    assert all(e["type"] != "text_link" for e in hello["entities"])


async def test_a_name_cannot_reverse_the_text(house):
    eve = house.talk("\u202eevE\u2066")

    assert (await eve.says("/start"))["text"].startswith("Hello, evE.")


async def test_an_invisible_name_is_left_out(house):
    eve = house.talk("\u200b\u202e")

    assert (await eve.says("/start"))["text"].startswith("Hello. I read")


async def test_html_in_a_query_is_plain_text(ann):
    card = await ann.says('"<b>bold</b>" &amp; <script>')

    assert card["text"].startswith('"<b>bold</b>" &amp; <script> · nothing')


@pytest.mark.parametrize(
    "data",
    [
        "x",
        "watch",
        "words|never|Taiwan",
        "words|both|Taiwan|Japan",
        "watch:1",
        "watch:1:never",
        "watch:-1:both",
        f"watch:{2**63}:both",
        "watch:1:both:more",
        "topics:-1",
        "topics:99999999",
        "topics:one",
        "empty:perhaps",
        "ask:password",
        "zone:",
        "zone:../../etc/passwd",
        "zone:Asia/Atlantis",
        "time:1440",
        f"time:{2**40}",
        "erase:now",
        "\u202e",
    ],
)
async def test_forged_data_is_answered_and_does_nothing(pressing, data):
    assert (await pressing(data)).startswith(OLD)


@pytest.mark.parametrize("data", ["words|both|", "try|"])
async def test_a_card_without_its_query_explains_why(pressing, data):
    assert (await pressing(data)).startswith("This card is too old")


@pytest.mark.parametrize(
    "data", ["topic:{}", "card:{}", "subscribe:{}:both", "mode:{}:instant", "stop:{}"]
)
async def test_a_topic_of_another_chat_looks_like_a_missing_one(house, pressing, data):
    bob = house.talk("Bob")
    await bob.says("Bob's secret", "Both")
    topics = await bob.says("/topics")
    (opens,) = (data for text, data in buttons(topics) if text.startswith("Bob's secret"))
    topic_id = opens.partition(":")[2]

    told = await pressing(data.format(topic_id))

    assert told.startswith(GONE)
    assert (await bob.says("/topics"))["text"] == topics["text"]


@pytest.mark.parametrize("data", ["topic:424242", "subscribe:424242:both", "stop:1"])
async def test_a_missing_topic_is_reported(pressing, data):
    assert (await pressing(data)).startswith(GONE)


@pytest.mark.parametrize("data", ["sources:0", "source:1", "unsource:1"])
async def test_admin_buttons_are_refused_to_others(pressing, data):
    assert (await pressing(data)).startswith("Only admins of this bot can do that.")


async def test_a_page_beyond_the_end_shows_the_last_one(ann, pressing):
    await pressing("topics:5000")

    assert (await ann.next())["text"].startswith("You haven't subscribed to anything yet.")


async def test_a_card_that_telegram_forgot_is_too_old(house, ann):
    await ann.says("/start")

    await house.feed(press(ann.who.id, "words|both|", date=0, text=None, entities=None))

    (answer,) = house.playground.journal("answerCallbackQuery")
    assert "too old" in answer["params"]["text"]


async def test_the_same_update_twice_makes_one_topic(house, ann):
    card = await ann.says("Taiwan")
    shown = {key: card[key] for key in ("message_id", "date", "chat", "text", "entities")}
    pressed = press(ann.who.id, dict(buttons(card))["Both"], **shown)

    await house.feed(pressed)
    await house.feed(pressed)
    ann.seen = max(message["version"] for message in ann.all())

    assert (await ann.says("/topics"))["text"].startswith("Your topics")


async def test_button_data_fits_telegrams_limit(ann):
    for message in (await ann.says("/start"), await ann.says("Taiwan"), await ann.says("/topics")):
        assert labels(message)
        assert all(1 <= len(data.encode()) <= 64 for _, data in buttons(message))
