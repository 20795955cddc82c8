from html import escape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.html import Attributes, MarkupReader, TemplateError


class Recorder(MarkupReader):
    """Records the tags and text that it reads, with adjacent text joined."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[object] = []

    def handle_start(self, tag: str, attributes: Attributes) -> None:
        self.events.append((tag, attributes))

    def handle_end(self, tag: str) -> None:
        self.events.append(f"/{tag}")

    def handle_text(self, text: str) -> None:
        self.events.append([text])


class Library(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.events: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.events.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.events.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.events.append([data])


def read(html: str) -> list[object]:
    reader = Recorder()
    reader.feed(html)
    return reader.events


@pytest.mark.parametrize(
    ("html", "events"),
    [
        pytest.param("<P>a</P>", [("p", {}), ["a"], "/p"], id="small letters"),
        pytest.param("1 < 2 &lt; 3", [["1 < 2 < 3"]], id="a stray bracket is text"),
        pytest.param("a<", [["a<"]], id="a bracket at the end"),
        pytest.param("a<!-- <b> -->b", [["a"], ["b"]], id="a comment is nothing"),
        pytest.param("<br/>", [("br", {})], id="closed at once"),
        pytest.param(
            """<a href="x?a=1&amp;b=2" title='>' open>""",
            [("a", {"href": "x?a=1&b=2", "title": ">", "open": None})],
            id="attributes",
        ),
        pytest.param("<a href=x>", [("a", {"href": "x"})], id="without quotes"),
        pytest.param('<a href="">', [("a", {"href": ""})], id="an empty one"),
    ],
)
def test_tags_and_text_are_read_in_their_order(html, events):
    assert read(html) == events


tags = st.sampled_from(["p", "b", "li", "tg-time", "blockquote"])
values = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(escape)
starts = st.builds(
    lambda tag, name, value: f'<{tag} {name}="{value}">',
    tags,
    st.sampled_from(["href", "x"]),
    values,
)
ends = tags.map(lambda tag: f"</{tag}>")


@given(st.lists(st.one_of(starts, ends, values.filter(bool).map(lambda text: f" {text} "))))
def test_the_reader_agrees_with_the_standard_library(parts):
    html = "".join(parts)
    library = Library()
    library.feed(html)
    library.close()

    assert joined(read(html)) == joined(library.events)


def joined(events: list[object]) -> list[object]:
    """Join adjacent pieces of text."""
    whole: list[object] = []
    for one in events:
        if isinstance(one, list) and whole and isinstance(whole[-1], list):
            whole[-1] = [whole[-1][0] + one[0]]
        else:
            whole.append(one)
    return whole


def test_a_tag_without_an_end_is_an_error_that_names_its_line():
    with pytest.raises(TemplateError, match="line 2: a tag is never ended"):
        read("<p>\n<b </p")
