from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pytest

from bot.publishing.pages import edition_page
from bot.publishing.samples import sample_edition
from bot.rendering.environment import Overrides, make_environment
from bot.rendering.html import Page, TemplateError, parse_page
from bot.rendering.messages import Button
from bot.rendering.renderer import MOST_KEPT, Parts, Renderer, Renderers

PAGE = """
<p>Hello {{ name }}</p>
<hr>
{{ part("part.html", title=title, link=link) }}
<p>Bye</p>
"""
PART = """<p>• <a href="{{ link }}">{{ title }}</a></p><li>one more</li>"""
WHOLE = PAGE.replace('{{ part("part.html", title=title, link=link) }}', PART)
VALUES: dict[str, Any] = {"name": "Ann", "title": "Bread & butter", "link": "https://example.org/1"}


def renderer(folder: Path, **templates: str) -> Renderer:
    folder.mkdir()
    for name, text in templates.items():
        (folder / f"{name}.html").write_text(text)
    return Renderer(make_environment(overrides=Overrides(folder)))


def test_a_page_of_parts_reads_as_if_it_were_one(tmp_path):
    parted = renderer(tmp_path / "parted", page=PAGE, part=PART)
    whole = renderer(tmp_path / "whole", page=WHOLE)

    first, again = (parted.messages("page.html", **VALUES) for _ in range(2))

    assert first == again == whole.messages("page.html", **VALUES)


NEWS = """<hr>
<div>{{ title }}</div>
{% for number in range(12) %}
{{ part("part.html", title=title ~ number, link=link) }}
{% endfor %}"""


@pytest.mark.parametrize("topics", [1, 4], ids=["one message", "several messages"])
def test_a_part_of_parts_reads_and_splits_as_if_it_were_one(tmp_path, topics):
    page = """{% for topic in range(topics) %}
    {{ part("news.html", title=title * 12 ~ topic, link=link) }}
    <p>more</p>
    {% endfor %}"""
    whole_page = page.replace(
        '{{ part("news.html", title=title * 12 ~ topic, link=link) }}',
        "{% set title = title * 12 ~ topic %}" + NEWS,
    )
    parted = renderer(tmp_path / "parted", page=page, news=NEWS, part=PART)
    whole = renderer(tmp_path / "whole", page=whole_page, part=PART)

    first, again = (parted.messages("page.html", topics=topics, **VALUES) for _ in range(2))

    assert first == again == whole.messages("page.html", topics=topics, **VALUES)
    assert (len(first) > 1) == (topics > 1)


def test_a_part_is_rendered_once_for_all_readers():
    made: list[object] = []

    def make(template, values):
        made.append((template, *values.values()))
        return parse_page(f"<p>{values['title']}</p>")

    kept: dict[Hashable, Page] = {}
    for title in ("a", "b", "a", "a"):
        Parts("en", kept, make)("part.html", title=title)

    assert made == [("part.html", "a"), ("part.html", "b")]


def test_the_cache_of_parts_is_bounded():
    kept: dict[Hashable, Page] = {}
    parts = Parts("en", kept, lambda _template, _values: Page(()))

    for number in range(MOST_KEPT + 1):
        parts("part.html", number=number)

    assert len(kept) == 1
    assert len(parts.taken) == MOST_KEPT + 1


def test_each_language_has_its_own_parts_in_the_shared_cache():
    renderers = Renderers()
    english, german = renderers.of("en"), renderers.of("de")
    edition = sample_edition()

    texts = [edition_page(one, edition)[0].text for one in (english, german, english)]

    assert english.kept is german.kept
    assert texts[0] == texts[2] != texts[1]
    assert {key[0] for key in english.kept if isinstance(key, tuple)} == {"en", "de"}


@pytest.mark.parametrize(
    ("html", "sentence"),
    [
        pytest.param('<p><tg-part id="0"></p>', "stands inside <p>", id="inside a block"),
        pytest.param('<tg-part id="7">', "stands for nothing", id="one that there is not"),
        pytest.param("<tg-part>", "stands for nothing", id="without a number"),
    ],
)
def test_a_misplaced_part_is_an_error(html, sentence):
    with pytest.raises(TemplateError, match=sentence):
        parse_page(html, [Page(())])


def test_the_buttons_of_a_part_are_below_the_page(tmp_path):
    buttons = '<nav><button data="{{ link }}">{{ title }}</button></nav>'
    page = '{{ part("buttons.html", title=title, link=link) }}<p>Hello</p>'
    parted = renderer(tmp_path / "parted", page=page, buttons=buttons)

    first, again = (parted.messages("page.html", **VALUES)[0] for _ in range(2))

    assert first == again
    assert first.keyboard == ((Button(VALUES["title"], VALUES["link"]),),)
