import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from bot.rendering.html import TemplateError, parse_page, to_html
from bot.rendering.messages import Button, Entity, Message, cut_units
from bot.rendering.packing import pack


def read(html: str) -> tuple[str, list[tuple[str, str]]]:
    (block,) = parse_page(html).blocks
    return block.text, [(e.type, cut_units(block.text, e.offset, e.length)) for e in block.entities]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param("  a \n  b\t c ", "a b c", id="white space becomes one space"),
        pytest.param("a<br>b<br>\n  c", "a\nb\nc", id="br breaks a line, source lines do not"),
        pytest.param("a<br/>b", "a\nb", id="br may close itself"),
        pytest.param("a&nbsp; b", "a\u00a0 b", id="a no-break space is kept"),
        pytest.param("a &lt;b&gt; &amp;amp;", "a <b> &amp;", id="escaped text comes back once"),
        pytest.param("a <b>b </b> c", "a b c", id="one space around a tag, not two"),
        pytest.param("<div>a<div>b</div>c</div>", "a\nb\nc", id="a block inside begins a line"),
        pytest.param("<div>a<p>b</p>c</div>", "a\n\nb\nc", id="a paragraph inside, after a gap"),
        pytest.param("<li>one <b>two</b></li>", "• one two", id="an item has its bullet"),
        pytest.param("<pre>a\n   ^</pre>", "a\n   ^", id="pre keeps its spaces"),
        pytest.param("<pre>\na\n</pre>", "a", id="pre drops the line breaks at its ends"),
    ],
)
def test_html_reads_as_in_a_browser(html, text):
    assert read(html)[0] == text


@pytest.mark.parametrize(
    ("html", "entities"),
    [
        pytest.param("𝔘 <b>x</b>", [("bold", "x")], id="offsets count UTF-16 units"),
        pytest.param("a<b> x </b>b", [("bold", "x")], id="no space at the edge of an entity"),
        pytest.param("a <b></b> b", [], id="an empty tag leaves nothing"),
        pytest.param("<b>a <b>b</b></b>", [("bold", "a b")], id="bold in bold is bold"),
        pytest.param("<i>a <b>b</b></i>", [("italic", "a b"), ("bold", "b")], id="outer first"),
        pytest.param(
            "<blockquote expandable>a<br><b>b</b></blockquote>",
            [("expandable_blockquote", "a\nb"), ("bold", "b")],
            id="a folded quote over two lines",
        ),
        pytest.param("<a href='javascript:x()'>a</a>", [], id="a script is no link"),
        pytest.param("<a href='/news'>a</a>", [], id="a relative address is no link"),
        pytest.param("<a href='http://['>a</a>", [], id="a broken address is no link"),
    ],
)
def test_tags_become_entities(html, entities):
    assert read(html)[1] == entities


def test_a_link_and_a_time_keep_what_they_name():
    link = '<a href="https://example.org/?a=1&amp;b=2">t</a>'

    (block,) = parse_page(f'{link} <tg-time unix="60" format="t">0:01</tg-time>').blocks

    assert block.entities == (
        Entity("text_link", 0, 1, url="https://example.org/?a=1&b=2"),
        Entity("date_time", 2, 4, unix_time=60, date_time_format="t"),
    )


def test_blocks_know_their_margins_and_sections():
    blocks = parse_page("a<p>b</p><hr><div>c</div><ul><li>d</li><li>e</li></ul>").blocks

    assert [(b.text, b.margin, b.opens_section) for b in blocks] == [
        ("a", False, False),
        ("b", True, False),
        ("c", False, True),
        ("• d", False, False),
        ("• e", False, False),
    ]


@pytest.mark.parametrize(
    ("html", "sentence"),
    [
        pytest.param("a\n<h1>b</h1>", "line 2: <h1> is not ours", id="an unknown tag"),
        pytest.param("<b>a", "<b> is never closed", id="an open tag"),
        pytest.param("<b>a</i></b>", "</i> closes nothing", id="tags that cross"),
        pytest.param("<b><p>a</p></b>", "<p> stands inside <b>", id="a block in a word"),
        pytest.param("<p>a<hr></p>", "<hr> stands inside <p>", id="a section in a paragraph"),
        pytest.param("<tg-time unix='now'>a</tg-time>", "is no timestamp", id="a time without one"),
    ],
)
def test_forbidden_html_is_an_error(html, sentence):
    with pytest.raises(TemplateError, match=sentence):
        parse_page(html)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_escaped_text_is_only_text(text):
    blocks = parse_page(f"<p><b>{escape(text)}</b></p>").blocks

    written = "".join(block.text for block in blocks)
    assert "".join(written.split()) == "".join(text.split())


def test_entities_become_tags_again():
    link = '<a href="https://a.example/?x=1&amp;y=2">c</a>'
    html = f"<blockquote>𝔘 <b>a <i>b</i></b>{link} &lt;</blockquote>"

    (message,) = pack(parse_page(html).blocks)

    assert to_html(message) == html


def test_plain_text_is_escaped():
    assert to_html(Message("a < b & c")) == "a &lt; b &amp; c"


def test_a_button_copies_a_text_and_stays_as_it_is_when_stored():
    page = parse_page('<nav><button copy="a&amp;b@mail.example">Copy</button></nav>')
    stored = Message("x", (), page.keyboard).to_json()

    assert page.keyboard == ((Button("Copy", copy="a&b@mail.example"),),)
    assert stored["keyboard"] == [[{"text": "Copy", "copy": "a&b@mail.example"}]]
    assert Message.from_json(stored).keyboard == page.keyboard


# Rows of buttons that a phone shows whole.


def rows(*labels: str) -> list[list[str]]:
    buttons = "".join(f'<button data="a">{label}</button>' for label in labels)
    return [[button.text for button in row] for row in parse_page(f"<nav>{buttons}</nav>").keyboard]


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param(["Change time", "Change zone", "Layout"], id="three short ones"),
        pytest.param(["Mon", "✓ Tue", "Wed", "Thu"], id="four short ones"),
        pytest.param(["A label that is long", "Another that is long"], id="two long ones"),
        pytest.param(["設定時間", "時區", "版面"], id="short ones of signs"),
    ],
)
def test_a_row_that_fits_stays(labels):
    assert rows(*labels) == [labels]


@pytest.mark.parametrize(
    ("labels", "split"),
    [
        pytest.param(["a" * 17, "b", "c"], [["a" * 17, "b"], ["c"]], id="17 columns in three"),
        pytest.param(["a" * 12, "b", "c", "d"], [["a" * 12, "b"], ["c", "d"]], id="12 in four"),
        pytest.param(
            ["変" * 9, "b", "c"], [["変" * 9, "b"], ["c"]], id="nine signs are 18 columns"
        ),
    ],
)
def test_a_row_with_a_long_label_becomes_pairs(labels, split):
    assert rows(*labels) == split
