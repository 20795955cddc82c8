from dataclasses import replace

import pytest

from bot.app.templates import make_renderer
from bot.publishing import samples
from bot.publishing.choice import Story
from bot.publishing.pages import alert_page, edition_page
from bot.publishing.samples import sample_edition
from bot.rendering.renderer import Renderer


@pytest.fixture
def folder(tmp_path):
    """Return how to put a template of one's own into a folder, which it returns."""

    def put(name: str, text: str):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return tmp_path

    return put


GOOD = """\
{% extends "edition/layout.html" %}
{% block heading %}<b>The {{ day|weekday }} gazette</b>{% endblock %}
{% block footer %}Good bye.{% endblock %}
"""


def test_a_template_of_ones_own_takes_the_place_of_the_shipped_one(folder):
    told: list[str] = []
    renderer = make_renderer(folder("edition/telegram.html", GOOD), told.append)

    (message,) = edition_page(renderer, sample_edition())

    assert message.text.startswith("The Wednesday gazette")
    assert message.text.endswith("Good bye.")
    assert told == []


def test_a_part_of_ones_own_is_used_by_the_shipped_templates(folder):
    part = '<nav><button url="https://a.example">Our site</button></nav>'
    renderer = make_renderer(folder("edition/keyboard.html", part), pytest.fail)

    (message,) = edition_page(renderer, sample_edition())

    assert message.keyboard[-1][0].text == "Our site"


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        pytest.param(
            "edition/telegram.html",
            "<p>\n{% if %}",
            "edition/telegram.html, line 2: Expected an expression, got 'end of statement block'.",
            id="what cannot be read",
        ),
        pytest.param(
            "edition/telegram.html",
            "<p>{{ choice.stories }}</p>\n<p>{{ chioce }}</p>",
            "edition/telegram.html, line 2: 'chioce' is undefined.",
            id="a name that there is not",
        ),
        pytest.param(
            "macros/story.html",
            "{% macro title(story, snippet=none) %}\n{{ story.headline }}{% endmacro %}\n"
            "{% macro outlets(story) %}{% endmacro %}{% macro line(s, t) %}{% endmacro %}"
            "{% macro item(story, snippet, zone, today) %}{{ title(story) }}{% endmacro %}",
            "macros/story.html, line 2: 'bot.publishing.choice.Look object' has no attribute "
            "'headline'.",
            id="a part that fails within a shipped one",
        ),
        pytest.param(
            "alert/telegram.html",
            "<p>a</p><h1>b</h1>",
            "alert/telegram.html: line 1: <h1> is not ours.",
            id="a tag that Telegram does not have",
        ),
        pytest.param(
            "chat/start.html",
            "<p>Hello</p>\n<p>{{ nmae }}</p>",
            "chat/start.html, line 2: 'nmae' is no value that this template is given.",
            id="a value that a template without a sample is not given",
        ),
        pytest.param(
            "edition/telegramm.html",
            "<p>Hello</p>",
            "edition/telegramm.html: it replaces nothing that is shipped, and no template of yours "
            "uses it.",
            id="a misspelt name",
        ),
    ],
)
def test_what_is_broken_is_told_at_the_start_and_left_out(folder, name, text, sentence):
    told: list[str] = []
    renderer = make_renderer(folder(name, text), told.append)

    (message,) = edition_page(renderer, sample_edition())

    assert told == [f"{sentence} The shipped one is used."]
    assert message.text.startswith("Your Wednesday digest")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "{% if guest %}{% set x = 1 %}{% endif %}{% if guest %}{{ x }}{% endif %}", id="set"
        ),
        pytest.param("{% if motto is defined %}{{ motto }}{% endif %}", id="asked for first"),
        pytest.param("{% for one in [1, 2] %}{{ one }}{% endfor %}", id="of a loop"),
    ],
)
def test_a_name_that_is_sure_to_be_there_is_nobodys_fault(folder, text):
    text = text.replace("guest", "press")
    make_renderer(folder("chat/settings.html", text), pytest.fail)


def test_one_broken_template_takes_no_other_with_it(folder):
    folder("alert/telegram.html", "{{ nothing }}")
    told: list[str] = []
    renderer = make_renderer(folder("edition/telegram.html", GOOD), told.append)

    (message,) = edition_page(renderer, sample_edition())

    assert len(told) == 1
    assert message.text.startswith("The Wednesday gazette")


def test_a_part_that_a_template_of_ones_own_uses_needs_no_shipped_twin(folder):
    folder("mine/greeting.html", "<p>Hello.</p>")
    text = '{% include "mine/greeting.html" %}'
    renderer = make_renderer(folder("edition/empty.html", text), pytest.fail)

    assert renderer.message("edition/empty.html").text == "Hello."


def test_what_fails_later_gives_its_place_to_the_shipped_one_and_is_told_once(folder):
    told: list[str] = []
    text = "<p>A seventh part: {{ 1 / (story.outlets|length - 7) }}</p>"
    renderer = make_renderer(folder("alert/telegram.html", text), told.append)
    seven = replace(samples.sample_story(0), outlets=tuple("ABCDEFG"))

    given = [alert(renderer, story) for story in (samples.sample_story(0), seven, seven)]

    assert [text.startswith("A seventh part") for text in given] == [True, False, False]
    assert told == [
        "alert/telegram.html, line 1: division by zero. The shipped one is used.",
    ]


def alert(renderer: Renderer, story: Story) -> str:
    snippet, zone = samples.sample_snippet(0), samples.PLAN.zone
    return alert_page(renderer, story, [], snippet, zone=zone, now=samples.NOW).text
