import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from bot.playground.text.rich import rich_message
from bot.rendering.html import TemplateError
from bot.rendering.messages import Button
from bot.rendering.rich import MAX_BLOCKS, MAX_CHARACTERS, parse_rich


@pytest.mark.parametrize(
    ("html", "written"),
    [
        pytest.param("<p>\n  a\n  b\n</p>\n", "<p>a b</p>", id="white space as a browser has it"),
        pytest.param("<p>a <b>b</b> c</p>", "<p>a <b>b</b> c</p>", id="spaces around words stay"),
        pytest.param("<p>1 &lt; 2 &amp; 3</p>", "<p>1 &lt; 2 &amp; 3</p>", id="text is escaped"),
        pytest.param(
            '<ul> <li> <a href="https://a.example/?a=1&amp;b=2">t</a> </li> </ul>',
            '<ul><li><a href="https://a.example/?a=1&amp;b=2">t</a></li></ul>',
            id="a list of links",
        ),
        pytest.param('<p><a href="javascript:x">t</a></p>', "<p>t</p>", id="no such link"),
        pytest.param(
            '<p><tg-time unix="1" format="t">now</tg-time></p>',
            '<p><tg-time unix="1" format="t">now</tg-time></p>',
            id="a moment",
        ),
        pytest.param("<p class='x'>a<br> b</p>", "<p>a<br>b</p>", id="unknown attributes go"),
        pytest.param(
            "<details open> <summary>s</summary> <p>a</p> </details>",
            "<details open><summary>s</summary><p>a</p></details>",
            id="details",
        ),
    ],
)
def test_rich_html_has_no_needless_white_space(html, written):
    assert parse_rich(html).html == written


def test_buttons_become_the_keyboard():
    page = parse_rich('<p>a</p><nav><button data="x:1"> One\n two </button></nav>')

    assert page.html == "<p>a</p>"
    assert page.keyboard == ((Button("One two", data="x:1"),),)


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<table></table>", id="not ours"),
        pytest.param("<p>a", id="never closed"),
        pytest.param("<p>a</div>", id="closes nothing"),
        pytest.param("<b><p>a</p></b>", id="a block in text"),
        pytest.param("<button>a</button>", id="a button outside its row"),
    ],
)
def test_forbidden_rich_html_is_an_error(html):
    with pytest.raises(TemplateError):
        parse_rich(html)


@pytest.mark.parametrize(
    ("html", "fits"),
    [
        pytest.param(f"<p>{'x' * (MAX_CHARACTERS - 7)}</p>", True, id="full"),
        pytest.param(f"<p>{'x' * (MAX_CHARACTERS - 6)}</p>", False, id="one character more"),
        pytest.param("<p>a</p>" * MAX_BLOCKS, True, id="all blocks"),
        pytest.param("<p>a</p>" * (MAX_BLOCKS + 1), False, id="a block more"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_pages_within_telegrams_limits_fit(html, fits):
    assert parse_rich(html).fits is fits


words = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20)


@given(st.lists(words, min_size=1, max_size=5))
def test_text_of_users_cannot_become_a_tag(texts):
    html = "".join(f"<p>x {escape(text)}</p>" for text in texts)

    blocks = rich_message(parse_rich(html).html)["rich_message"]["blocks"]

    assert len(blocks) == len(texts)
    assert all(isinstance(block["text"], str) for block in blocks)
