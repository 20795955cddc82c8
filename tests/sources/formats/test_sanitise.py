import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.formats.sanitise import one_line, one_lines, plain_text, plain_texts, tidy


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        pytest.param("Plain", "Plain", id="plain"),
        pytest.param("<b>Bold</b> &amp; more", "Bold & more", id="tags and entities"),
        pytest.param("AT&amp;amp;T", "AT&T", id="escaped twice"),
        pytest.param("a < b and c > d", "a < b and c > d", id="comparisons"),
        pytest.param("List<String> explained", "List<String> explained", id="no tag of HTML"),
        pytest.param("two\n lines\there", "two lines here", id="one line"),
        pytest.param("nul\0 and\x07 bell", "nul and bell", id="control characters"),
        pytest.param("it\x92s late", "it’s late", id="Windows-1252 in disguise"),
        pytest.param("x<script>alert(1)</script>", "x", id="scripts"),
        pytest.param("a<br>b", "a b", id="line breaks"),
        pytest.param("\u202egnp.exe", "gnp.exe", id="direction overrides"),
        pytest.param("\u200b\u2060 \ufe0f", "", id="nothing to be seen"),
    ],
)
def test_a_title_is_one_plain_line(markup, expected):
    assert one_line(markup) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        pytest.param("<p>One\ntwo</p><p>three</p>", "One two\n\nthree", id="paragraphs"),
        pytest.param("one<br/>two", "one\ntwo", id="line breaks"),
        pytest.param("<ul><li>a</li><li>b</li></ul>", "a\n\nb", id="lists"),
        pytest.param(
            "one\n\n\n\ntwo\r\nthree", "one\n\ntwo\nthree", id="plain text keeps its lines"
        ),
        pytest.param("&lt;p&gt;twice&lt;/p&gt;", "twice", id="markup escaped twice"),
        pytest.param('<img src="a>b" alt="c">d', "d", id="a bracket in an attribute"),
        pytest.param("<p>cut off <a href='x", "cut off", id="a tag cut off"),
        pytest.param("<!-- no --><p>yes</p>", "yes", id="comments"),
    ],
)
def test_a_body_is_plain_paragraphs(markup, expected):
    assert plain_text(markup) == expected


_MARKUP = st.text(alphabet="<>/pab&;'\"=! \n\0\x85-[]")


@given(st.one_of(st.text(), _MARKUP))
def test_any_markup_becomes_clean_text(markup):
    for text in (one_line(markup), plain_text(markup)):
        controls = {char for char in text if unicodedata.category(char) == "Cc"} - {"\n"}
        assert controls == set()
        assert text == text.strip()
    assert "\n" not in one_line(markup)
    assert "\n\n\n" not in plain_text(markup)


_TEXTS = st.lists(st.text(alphabet="<>/pab&;#x85Ã©é—\r \n\0\x85"))


@given(_TEXTS)
def test_many_together_read_as_each_alone(markups):
    assert one_lines(markups) == list(map(one_line, markups))
    assert plain_texts(markups) == list(map(plain_text, markups))


@given(st.text())
def test_tidying_twice_changes_nothing(text):
    assert tidy(tidy(text)) == tidy(text)
