"""A chat's own words: variables, the HTML that is kept, and the rest, which is escaped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.html import parse_page
from bot.rendering.own_words import filled, unknown_variables

VALUES = {"date": "3 March", "stories": 7, "publishers": 4, "minutes": "<2>"}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("{stories} stories on {date}", "7 stories on 3 March"),
        ("{ minutes } min", "&lt;2&gt; min"),
        ("{nobody}", "{nobody}"),
        ("<b>Desk</b> & <i>more</i>", "<b>Desk</b> &amp; <i>more</i>"),
        ("one\ntwo", "one<br>two"),
        (
            '<a href="https://a.example/?x=1&y">us</a>',
            '<a href="https://a.example/?x=1&amp;y">us</a>',
        ),
        (
            '<a href="javascript:alert(1)">x</a>',
            "&lt;a href=&#34;javascript:alert(1)&#34;&gt;x&lt;/a&gt;",
        ),
        ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
        ("<b onclick=x>", "&lt;b onclick=x&gt;"),
        ("<b>open", "<b>open</b>"),
        ("<b><i>x</b></i>", "<b><i>x&lt;/b&gt;</i></b>"),
        ("</b>", "&lt;/b&gt;"),
        ('<a href="https://{date}">x</a>', '<a href="https://{date}">x</a>'),
    ],
    ids=[
        *("variables", "spaces and a hostile value", "unknown", "markup", "lines", "link"),
        *("a script as a link", "a script", "attribute", "open", "crossed", "stray end"),
        "no variable in a link",
    ],
)
def test_words_keep_some_markup_and_escape_the_rest(text, html):
    assert filled(text, VALUES) == html


def test_unknown_variables_are_named_once():
    assert unknown_variables("{date} {dates} {dates} {} { stories }") == ["dates", ""]


_PIECES = st.sampled_from(
    ["<b>", "</b>", "<i>", "</i>", '<a href="https://a.b">', "</a>", "<", ">", "{date}", "{", "}"]
)


@given(st.lists(_PIECES | st.text(max_size=5)).map("".join))
def test_any_words_become_markup_that_messages_can_hold(text):
    page = parse_page(f"<p>x{filled(text, VALUES)}</p>")

    assert len(page.blocks) == 1
