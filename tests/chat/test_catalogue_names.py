"""Translated names of catalogue topics."""

from pathlib import Path

import pytest

from bot.chat import callbacks
from bot.rendering.environment import make_environment
from bot.rendering.renderer import Renderer
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
        message = renderer.message("chat/catalogue.html", press=callbacks, page=page)
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
