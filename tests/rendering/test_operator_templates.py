from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from jinja2 import Environment, TemplateNotFound
from jinja2.exceptions import SecurityError
from pydantic import BaseModel

from bot.app.resources import make_renderer
from bot.chat import callbacks
from bot.publishing import samples
from bot.publishing.pages import alert_page, edition_page
from bot.publishing.samples import sample_edition
from bot.publishing.selection import SelectedStory
from bot.rendering.environment import Overrides, make_environment
from bot.rendering.html import parse_page
from bot.rendering.renderer import Parts, Renderer

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path):
    """Return a function that writes a template of the operator's, and returns its folder."""

    def put(name: str, text: str):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return tmp_path

    return put


GOOD = """\
<p><b>The {{ day|weekday }} gazette</b></p>
{% for section in choice.sections %}
<hr>
<p><b>{{ section.topic.name }}</b></p>
{% for story in section.listed %}
{% set values = {"style": "brief", "most": 1, "zone": plan.zone, "today": today} %}
{{ part("edition/story.html", shown=edition.shown[story.id], **values) }}
{% endfor %}
{% endfor %}
<p>Good bye.</p>
{% include "edition/keyboard.html" %}
"""


def test_an_operators_template_replaces_the_shipped_one(folder):
    reported: list[str] = []
    renderer = make_renderer(folder("edition/telegram.html", GOOD), reported.append)

    (message,) = edition_page(renderer, sample_edition())

    assert message.text.startswith("The Wednesday gazette")
    assert message.text.endswith("Good bye.")
    assert reported == []


def test_one_message_of_a_file_is_replaced_and_the_others_stay(folder):
    text = "{% block banned %}<p>Bye.</p>{% endblock %}"
    renderer = make_renderer(folder("chat/errors.html", text), pytest.fail)

    banned, too_much = (
        renderer.message(f"chat/errors.html#{name}", seconds=2).text
        for name in ("banned", "too_much")
    )

    assert banned == "Bye."
    assert too_much.endswith("I'll answer again in 2 seconds.")


def test_a_broken_message_does_not_affect_others_of_its_file(folder):
    reported: list[str] = []
    text = (
        "{% block banned %}{{ nothing }}{% endblock %}\n"
        "{% block old_button %}<p>Old.</p>{% endblock %}"
    )
    renderer = make_renderer(folder("chat/errors.html", text), reported.append)

    assert renderer.message("chat/errors.html#old_button").text == "Old."
    assert "has banned you" in renderer.message("chat/errors.html#banned").text
    assert len(reported) == 1


def test_shipped_templates_use_an_operators_part(folder):
    part = '<nav><button url="https://a.example">Our site</button></nav>'
    renderer = make_renderer(folder("edition/adjust.html", part), pytest.fail)

    (message,) = edition_page(renderer, sample_edition())

    assert "Our site" in [button.text for row in message.keyboard for button in row]


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
            "{% macro publishers(story) %}{% endmacro %}{% macro line(s, t) %}{% endmacro %}"
            "{% macro item(story, snippet, zone, today) %}{{ title(story) }}{% endmacro %}",
            "macros/story.html, line 2: 'bot.publishing.pages.ShownStory object' has "
            "no attribute 'headline'.",
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
            "chat/errors.html",
            "{% block away %}<p>Hello</p>{% endblock %}",
            "chat/errors.html#away: it replaces nothing that is shipped, and no template of yours "
            "uses it.",
            id="a message that there is not",
        ),
        pytest.param(
            "chat/errors.html",
            "{% block banned %}Hello{% endblock %}\n\n"
            "{% block too_much %}\n{{ count }}{% endblock %}",
            "chat/errors.html, line 4: 'count' is no value that this template is given.",
            id="a value that only another message is given",
        ),
        pytest.param(
            "notices.html",
            "\n{% block allowed %}{{ 1 + }}{% endblock %}",
            "notices.html, line 2: unexpected 'end of print statement'.",
            id="a message that cannot be read",
        ),
        pytest.param(
            "chat/errors.html",
            "<p>Hello</p>",
            "chat/errors.html: it replaces nothing that is shipped, and no template of yours uses "
            "it.",
            id="a file of messages without any",
        ),
        pytest.param(
            "web/feed.html",
            "{% block story %}<p>{{ publishers|joined }}</p>{% endblock %}\n"
            "{% block digest %}\n{{ 1 // choice.none }}{% endblock %}",
            "web/feed.html, line 3: 'bot.publishing.selection.Choice object' has no attribute "
            "'none'.",
            id="a message that its sample cannot be shown with",
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
def test_broken_templates_are_reported_at_the_start_and_left_out(folder, name, text, sentence):
    reported: list[str] = []
    renderer = make_renderer(folder(name, text), reported.append)

    (message,) = edition_page(renderer, sample_edition())

    assert reported == [f"{sentence} The shipped one is used."]
    assert message.text.startswith("Envoy flies in")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "{% if user %}{% set x = 1 %}{% endif %}{% if user %}{{ x }}{% endif %}", id="set"
        ),
        pytest.param("{% if motto is defined %}{{ motto }}{% endif %}", id="asked for first"),
        pytest.param("{% for one in [1, 2] %}{{ one }}{% endfor %}", id="of a loop"),
    ],
)
def test_a_name_that_is_certainly_defined_is_no_error(folder, text):
    text = text.replace("user", "press")
    make_renderer(folder("chat/settings.html", text), pytest.fail)


def test_a_broken_template_does_not_affect_others(folder):
    folder("alert/telegram.html", "{{ nothing }}")
    reported: list[str] = []
    renderer = make_renderer(folder("edition/telegram.html", GOOD), reported.append)

    (message,) = edition_page(renderer, sample_edition())

    assert len(reported) == 1
    assert message.text.startswith("The Wednesday gazette")


def test_a_part_of_an_operators_template_needs_no_shipped_twin(folder):
    folder("mine/greeting.html", "<p>Hello.</p>")
    text = '{% include "mine/greeting.html" %}'
    renderer = make_renderer(folder("edition/empty.html", text), pytest.fail)

    assert renderer.message("edition/empty.html").text == "Hello."


def test_a_template_that_fails_later_is_replaced_and_reported_once(folder):
    reported: list[str] = []
    text = "<p>A seventh part: {{ 1 / (story.publishers|length - 7) }}</p>"
    renderer = make_renderer(folder("alert/telegram.html", text), reported.append)
    seven = replace(samples.sample_story(0), publishers=tuple("ABCDEFG"))

    given = [alert(renderer, story) for story in (samples.sample_story(0), seven, seven)]

    assert [text.startswith("A seventh part") for text in given] == [True, False, False]
    assert reported == [
        "alert/telegram.html, line 1: division by zero. The shipped one is used.",
    ]


def alert(renderer: Renderer, story: SelectedStory) -> str:
    snippet, zone = samples.sample_snippet(0), samples.PLAN.zone
    return alert_page(renderer, story, [], snippet, zone=zone, now=samples.NOW).text


# What a template might try beyond showing what it is given.
REACHING_OUT = [
    "{{ gettext.__globals__ }}",
    "{{ gettext['__globals__'] }}",
    "{{ gettext|attr('__globals__') }}",
    "{{ [gettext]|map(attribute='__globals__')|first }}",
    "{{ [gettext]|map('attr', '__globals__')|first }}",
    "{{ cycler.__init__.__globals__.os.popen('touch ' ~ here).read() }}",
    "{{ lipsum.__globals__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ('_' ~ '_class__')|list|join|string and ''['__cla' ~ 'ss__'] }}",
    "{{ '{0.__class__}'.format(story) }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(story) }}",
    "{{ '{a.__class__}'.format_map({'a': story}) }}",
    "{{ ('{0.__class__}'|safe).format(story) }}",
    "{{ '{0[__class__]}'.format(story) }}",
    "{% set f = '{0.__class__}'.format %}{{ f(story) }}",
    "{{ part.render.__self__ }}",
    "{{ part.__call__.__globals__ }}",
    "{{ part.kept.clear() }}",
    "{{ part.taken.append(1) }}",
    "{{ namespace.mro() }}",
    "{{ dict.fromkeys('ab') }}",
    "{{ range(10 ** 6)|list }}",
    "{% include '../secret.html' %}",
    "{% include '/etc/passwd' %}",
]


@pytest.mark.parametrize("text", REACHING_OUT)
def test_a_template_reaches_only_its_values(tmp_path, text):
    (tmp_path / "secret.html").write_text("a secret")
    (tmp_path / "own").mkdir()
    parts = Parts("en", {}, lambda _template, _values: parse_page(""))
    given = {"story": samples.sample_story(0), "part": parts, "here": tmp_path / "own" / "new"}

    with pytest.raises((SecurityError, OverflowError, TemplateNotFound)):
        sandbox(tmp_path / "own").from_string(text).render(given)
    assert not (tmp_path / "own" / "new").exists()


def test_a_template_that_reaches_out_is_reported_and_replaced(folder, tmp_path):
    run = f"<p>Mine</p>{{{{ cycler.__init__.__globals__.os.mkdir('{tmp_path / 'new'}') }}}}"
    reported: list[str] = []
    renderer = make_renderer(folder("alert/telegram.html", run), reported.append)

    assert not alert(renderer, samples.sample_story(0)).startswith("Mine")
    assert [sentence.partition(" The shipped")[0] for sentence in reported] == [
        "alert/telegram.html, line 1: access to attribute '__init__' of 'type' object is unsafe."
    ]
    assert not (tmp_path / "new").exists()


class Page(BaseModel):
    number: int


@pytest.mark.parametrize(
    "text",
    [
        "{{ press.CallbackData.__class__ }}",
        "{{ press.TopicsPage.parse_file('/etc/hostname', allow_pickle=True) }}",
        "{{ press.TopicsPage(page=1).model_construct() }}",
        "{{ press.CallbackData.__mro__ }}",
        "{{ press.Annotated() }}",
        "{{ page.parse_file('/etc/hostname') }}",
        "{{ folder.write_text('x') }}",
        "{{ folder.parent.iterdir()|list }}",
    ],
)
def test_values_are_read_and_never_called(tmp_path, text):
    given = {"press": callbacks, "page": Page(number=1), "folder": tmp_path / "new"}

    with pytest.raises(SecurityError):
        sandbox(tmp_path).from_string(text).render(given)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ press.TopicsPage(page=2).pack() }}", callbacks.TopicsPage(page=2).pack()),
        ("{{ press.try_words('a b') }}", callbacks.try_words("a b")),
        ("{{ page.number + 1 }}", "2"),
        ("{{ 'a-b'.upper().split('-')|join }}", "AB"),
        ("{{ '{:,} {}'.format(1000, page.number) }}", "1,000 1"),
        ("{{ day.strftime('%Y') }} {{ {'a': 1}.items()|list }}", "2026 [(&#39;a&#39;, 1)]"),
        ("{% set n = namespace(x=1) %}{% set n.x = 2 %}{{ n.x }}{{ range(3)|list }}", "2[0, 1, 2]"),
        ("{% for a in 'ab' %}{{ loop.cycle(1, 2) }}{{ loop.index }}{% endfor %}", "1122"),
        ("{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}x{% endcall %}", "x"),
        ("{% import 'macros/story.html' as look %}{{ look.title is callable }}", "True"),
    ],
    ids=[
        "callback data",
        "function of ours",
        "arithmetic",
        "methods of strings",
        "format",
        "methods of dates and mappings",
        "namespace",
        "loop",
        "macro",
        "import",
    ],
)
def test_ordinary_jinja_works_in_the_sandbox(tmp_path, text, shown):
    given = {"press": callbacks, "page": Page(number=1), "day": date(2026, 3, 4)}

    assert sandbox(tmp_path).from_string(text).render(given) == shown


def sandbox(folder: Path) -> Environment:
    """Return a renderer that does not fall back to shipped templates."""
    environment = make_environment(overrides=Overrides(folder))
    environment.shipped = None
    return environment


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path):
    (tmp_path / "dotenv").write_text("BOT_TOKEN=1:secret")
    own = folder("own/mine.html", '<p>Mine</p>{% include "alias.html" %}').joinpath("own")
    (own / "alias.html").symlink_to(tmp_path / "dotenv")
    (own / "alert").mkdir()
    (own / "alert" / "telegram.html").symlink_to(own / "mine.html")
    reported: list[str] = []
    renderer = make_renderer(own, reported.append)

    assert not alert(renderer, samples.sample_story(0)).startswith("Mine")
    assert [sentence for sentence in reported if sentence.startswith("alias.html")] == [
        "alias.html: it is a link to a file outside of the folder. The shipped one is used."
    ]
    (own / "alias.html").unlink()
    (own / "alias.html").write_text("and yours")
    renderer = make_renderer(own, reported.append)
    assert alert(renderer, samples.sample_story(0)) == "Mine\n\nand yours"


def test_shipped_templates_alone_need_no_sandbox():
    assert make_renderer(None, pytest.fail).environment.sandboxed is False
