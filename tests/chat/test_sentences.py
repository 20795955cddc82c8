"""Sentences and questions about the bot, typed in the chat."""

from dataclasses import replace
from typing import Any

import pytest

from bot.budgets import USUAL
from bot.chat import callbacks as press
from bot.rendering.renderer import Renderers
from bot.subscribers.intents import ALONE, Intent
from tests.chat.conftest import labels
from tests.chat.pressings import press as press_button


def lines_of(message: dict[str, Any]) -> list[str]:
    """Return the lines of the text, without the marks that isolate each query."""
    text: str = message["text"]
    return text.translate({0x2068: None, 0x2069: None}).splitlines()


@pytest.fixture
async def norwegian_news(news):
    await news("Oil fund of Norway sells", "The oil fund sold.", "https://news.example.org/1")
    for number in (2, 3):
        await news(f"Norway votes, day {number}", "A vote.", f"https://news.example.org/{number}")


@pytest.mark.usefixtures("norwegian_news")
async def test_a_sentence_offers_key_words_with_what_they_find(ann):
    offer = await ann.says("Show me everything about Norway's oil fund")
    card = await ann.presses(offer, "2")

    assert lines_of(offer) == [
        "Shall I look for this?",
        "",
        '1. "oil fund" Norway · 1 story in the last 7 days',
        "2. Norway · 3 stories in the last 7 days",
        '3. "oil fund" · 1 story in the last 7 days',
    ]
    assert labels(offer) == ["1", "2", "3", "Write it myself"]
    assert card["text"].startswith("Norway · 3 stories")


@pytest.mark.usefixtures("norwegian_news")
async def test_choices_that_find_nothing_are_left_out(ann):
    offer = await ann.says("news on chip exports to Norway please")

    assert offer["text"].startswith("No story has all of your words yet.")
    assert lines_of(offer)[2:] == ["1. Norway · 3 stories in the last 7 days"]
    assert labels(offer) == ["1", "Write it myself"]


async def test_choices_of_which_none_finds_anything_are_all_offered(ann):
    offer = await ann.says("news on chip exports please")
    card = await ann.presses(offer, "1")

    assert offer["text"].startswith("I found nothing with these words.")
    assert card["text"].startswith('"chip exports" · nothing')


async def test_a_sentence_about_one_thing_shows_its_card(ann):
    assert (await ann.says("Show me everything about Norway"))["text"].startswith("Norway · ")


async def test_small_words_are_dropped_from_a_query(ann):
    assert (await ann.says("Flights to Taiwan"))["text"].startswith("Flights Taiwan · ")


async def test_a_sentence_after_subscribe_is_understood_in_a_group(group, ann):
    card = await group.says("/subscribe tell me about Norway", from_id=ann.who.id)

    assert card["text"].startswith("Norway · ")


async def test_writing_it_oneself_asks_for_a_query(ann):
    question = await ann.says("news on chip exports please", "Write it myself")

    assert (await ann.replies(question, "Japan"))["text"].startswith("Japan · ")


async def test_a_choice_too_long_for_its_button_is_read_in_the_message(ann):
    first, second = "Übergangsgeldverordnung" * 2, "Gebäudeversicherung" * 3
    offer = await ann.says(f"news about {first} and {second} please")
    card = await ann.presses(offer, "2")

    assert card["text"].startswith(f"{first} OR {second} · ")


async def test_choices_count_as_one_search(house, ann):
    limits = replace(house.resources.limits, budgets=replace(USUAL, searches=1))
    object.__setattr__(house.resources, "limits", limits)

    offer = await ann.says("news on chip exports please")
    refused = await ann.says("news on chip exports please")

    assert labels(offer)[0] == "1"
    assert refused["text"].startswith("You have searched 1 time")


@pytest.mark.usefixtures("norwegian_news")
async def test_a_query_that_finds_nothing_offers_fewer_words(ann):
    card = await ann.says("Norway submarine")
    other = await ann.presses(card, "1")

    assert "Nothing has all these words yet. With fewer words:" in card["text"]
    assert "1. Norway · 3 stories in the last 7 days" in lines_of(card)
    assert "Rare words" not in card["text"]
    assert other["text"].startswith("Norway · 3 stories")


async def test_no_number_is_offered_in_place_of_the_words(ann, news):
    await news("Norway in 2026", "A vote in 2026.", "https://news.example.org/1")

    card = await ann.says("Norway submarine 2026")
    no_words = await ann.says("submarine 2026")

    assert lines_of(card)[-1] == "1. Norway · 1 story in the last 7 days"
    assert "With fewer words" not in no_words["text"]


@pytest.mark.usefixtures("norwegian_news")
async def test_a_rare_word_without_any_nearer_query_is_fine(ann):
    assert "Rare words are fine" in (await ann.says("okapi zebra"))["text"]


async def test_unsubscribing_is_explained_with_the_topics(ann):
    await ann.says("Taiwan", "Both")

    answer = await ann.says("How do I unsubscribe?")
    page = await ann.presses(answer, "Taiwan")

    assert "or tap one here" in answer["text"]
    assert page["text"].startswith("Taiwan · alerts and daily digest")


async def test_a_doubtful_text_gets_its_card_and_a_question(ann):
    card = await ann.says("stop smoking")
    answer = await ann.presses(card, "Pause everything")

    assert card["text"].startswith("stop smoking · nothing")
    assert "Or did you mean Pause everything?" in card["text"]
    assert answer["text"].startswith("Tap Pause to get nothing")


async def test_a_question_in_another_language_is_answered(house):
    ada = house.talk("Ada", language_code="es")

    answer = await ada.says("¿Cómo cambio el idioma?")

    assert press.ShowLanguages().pack() in str(answer["reply_markup"])


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("how much does it cost?", "Nothing: I have no paid plan"),
        ("who are you?", "Subscribe · type what you want"),
        ("Delete all my data", "/delete_me deletes all"),
        ("How can I export my topics?", "/export sends you"),
        ("What do you store about me?", "I store what I need"),
        ("What time does the digest come?", "When should your digest come?"),
        ("Can I change the time zone?", "I use the time of Tokyo"),
        ("Why didn't I get any alerts?", "Send me the link to the story"),
        ("How do I add a feed?", "Send me the address"),
        ("Where do you get your news?", "I read the feeds"),
        ("How do I write a query?", "Type the words"),
        ("I want to talk to a human", "I am a program"),
        ("too many notifications!", "Tap a topic to mute it"),
        ("which topics am I subscribed to?", "All that you subscribe to"),
        ("can I get it by e-mail?", "I can send your digest by e-mail"),
    ],
)
async def test_a_question_about_the_bot_is_answered(ann, typed, said):
    assert (await ann.says(typed))["text"].startswith(said)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("hi there", "Hello"),
        ("ok, thanks a lot!", "You're welcome!"),
        ("ok", "All right!"),
        ("great 👍", "All right!"),
        ("buenas tardes", "Hello"),
    ],
)
async def test_small_talk_gets_one_line_and_no_card(ann, typed, said):
    answer = await ann.says(typed)

    assert answer["text"].startswith(said)
    assert len(answer["text"].splitlines()) == 1
    assert "inline_keyboard" not in str(answer.get("reply_markup"))


@pytest.mark.usefixtures("norwegian_news")
async def test_either_of_two_places_is_looked_for(ann):
    card = await ann.says("votes in Norway or in Sweden")

    assert card["text"].startswith("votes (Norway OR Sweden) · 2 stories")


@pytest.mark.usefixtures("norwegian_news")
async def test_the_name_of_an_authority_is_a_phrase_and_its_words_come_next(ann):
    card = await ann.says("bank of norway")

    assert card["text"].startswith('"bank of norway" · nothing')
    assert "1. norway · 3 stories in the last 7 days" in lines_of(card)


async def test_every_intent_has_an_answer(house, ann):
    await ann.says("/start")

    for intent in Intent:
        await house.feed(press_button(ann.who.id, press.ShowIntent(intent=intent).pack()))
        assert (await ann.next())["text"]


@pytest.mark.parametrize("intent", sorted(set(Intent) - ALONE))
def test_every_doubtful_intent_has_a_label(intent):
    page = Renderers().of("en").message("chat/typed.html#no_keywords", press=press, intent=intent)

    assert page.keyboard[-1][0].text in page.text
