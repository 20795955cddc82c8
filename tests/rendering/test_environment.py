from unittest.mock import Mock

import jinja2
import pytest
from babel import Locale

from bot.rendering.environment import make_environment
from bot.rendering.html import TemplateError
from bot.rendering.i18n import LANGUAGES, Translation
from bot.rendering.messages import Button, Message
from bot.rendering.renderer import Renderer


def renderer(**templates: str) -> Renderer:
    environment = make_environment().overlay(loader=jinja2.DictLoader(templates))
    return Renderer(environment)


def test_shipped_templates_are_compiled_once():
    assert make_environment() is make_environment()
    assert make_environment(Translation(LANGUAGES["ar"])) is not make_environment()


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda one: one.code)
def test_making_an_environment_loads_no_cldr_data(language, monkeypatch):
    """CLDR takes time at the start for each language, and megabytes for all of them."""
    parse = Mock()
    monkeypatch.setattr(Locale, "parse", parse)

    make_environment(Translation(language))

    parse.assert_not_called()


def test_every_template_can_be_read():
    environment = make_environment()

    names = [name for name in environment.list_templates() if name.endswith(".html")]

    assert {"alert/telegram.html", "edition/telegram.html"} <= set(names)
    for name in names:
        environment.get_template(name)


def test_text_of_users_is_escaped():
    message = renderer(it="<b>{{ name }}</b>").message("it", name="<i>Ann</i> & Co")

    assert message.text == "<i>Ann</i> & Co"
    assert [entity.type for entity in message.entities] == ["bold"]


def test_a_missing_name_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        renderer(it="{{ name }}").messages("it")


def test_an_unknown_tag_is_an_error():
    with pytest.raises(TemplateError):
        renderer(it="<h1>a</h1>").messages("it")


@pytest.mark.parametrize(("count", "text"), [(1, "1 story"), (2, "2 stories")])
def test_plurals_follow_the_number(count, text):
    template = (
        "{% trans count=n %}{{ count }} story{% pluralize %}{{ count }} stories{% endtrans %}"
    )

    assert renderer(it=template).message("it", n=count).text == text


def test_code_may_add_buttons_to_those_of_a_template():
    template = 'a<nav><button data="x:1"> One\n two </button><button url="https://a.example">B</button></nav>'

    message = renderer(it=template).message("it", keyboard=((Button("C", "c"),),))

    assert message == Message(
        "a",
        (),
        (
            (Button("One two", data="x:1"), Button("B", url="https://a.example")),
            (Button("C", data="c"),),
        ),
    )


def test_a_button_outside_its_row_is_an_error():
    with pytest.raises(TemplateError, match="outside <nav>"):
        renderer(it="<button>a</button>").messages("it")


def test_a_template_of_several_parts_is_not_one_message():
    with pytest.raises(ValueError, match="unpack"):
        renderer(it="{{ text }}").message("it", text="word " * 2000)
