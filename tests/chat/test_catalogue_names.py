"""Translated names of catalogue topics."""

from pathlib import Path

import pytest

from bot.chat import callbacks as press
from bot.rendering.environment import make_environment
from bot.rendering.renderer import Renderer, Renderers
from bot.subscribers.catalogue import starter_topics
from bot.subscribers.paging import ListPage
from bot.subscribers.topics import ChatTopic
from tests.catalogues.pseudo import pseudo, pseudo_translation

MARKS = "\u200e\u200f\u2068\u2069"
MACRO = Path("templates/macros/topic.html").read_text(encoding="utf-8")


@pytest.fixture
def shown():
    """Return the label of a topic's button in the catalogue."""
    renderer = Renderer(make_environment(pseudo_translation()))

    def label(topic: ChatTopic) -> str:
        page = ListPage([topic], 0, 1, 8)
        message = renderer.message("chat/catalogue.html", press=press, page=page)
        return message.keyboard[0][0].text.strip(MARKS)

    return label


@pytest.mark.parametrize("name", [topic["name"] for topic in starter_topics().values()])
def test_each_ready_made_topic_has_a_name_to_translate(name):
    assert f'"{name}": gettext("{name}")' in MACRO


@pytest.mark.parametrize(
    ("is_public", "expected"),
    [
        pytest.param(True, pseudo("Climate").strip(MARKS), id="of the catalogue"),
        pytest.param(False, "Climate", id="of the chat, by the same name"),
    ],
)
def test_names_are_translated_and_a_chats_own_are_not(shown, is_public, expected):
    assert shown(ChatTopic(1, "Climate", "climate", is_public, None)) == expected


@pytest.fixture
def renderer():
    return Renderers().of("en")


@pytest.mark.parametrize(
    ("language", "typed", "name"),
    [
        pytest.param("en", "climate", "Climate", id="English"),
        pytest.param("en", "Oil, gas and power", "Oil, gas and power", id="a list of names"),
        pytest.param("en", "Japan-China ties", "Japan–China ties", id="another dash"),
        pytest.param("de", "klima", "Klima", id="translated"),
        pytest.param("de", "Climate", "Klima", id="in English, in another language"),
        pytest.param("fr", "seismes et tempetes", "Séismes et tempêtes", id="without accents"),
        pytest.param("vi", "Dầu, khí đốt và điện", "Dầu, khí đốt và điện", id="like a sentence"),
    ],
)
async def test_a_topics_name_offers_the_topic(house, language, typed, name):
    ada = house.talk("Ada", language_code=language)

    card = await ada.says(typed)
    topic = await ada.presses(card, name)

    assert name in card["text"]
    assert topic["text"].startswith(f"{name} · ")
    assert press.SubscribeTopic.__prefix__ in str(topic["reply_markup"])


async def test_a_word_that_is_no_name_offers_no_topic(ann):
    assert "catalogue" not in (await ann.says("climate change"))["text"]
