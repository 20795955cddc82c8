import unicodedata
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.feeds.text import cleaned, one_line, plain_text, possible, repaired, tidy


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


@given(_TEXTS, _TEXTS)
def test_texts_are_cleaned_alike_together_and_alone(titles, bodies):
    alone = (list(map(one_line, titles)), list(map(plain_text, bodies)))

    assert cleaned(titles, bodies) == alone


@given(st.text())
def test_tidying_twice_changes_nothing(text):
    assert tidy(tidy(text)) == tidy(text)


MEANT = [
    "Café à la crème", "“Déjà vu” – 100 €", "Größe", "Zażółć gęślą jaźń", "Привет, мир",
    "Ελλάδα", "日本語の見出し", "한국어", "İstanbul’da yağmur", "Đà Nẵng",
]  # fmt: skip


def mistaken(text: str, charset: str) -> str:
    """What the UTF-8 of *text* looks like in *charset*; bytes that it leaves out as they are."""
    return "".join(
        bytes([byte]).decode(charset, "ignore") or chr(byte) for byte in text.encode("utf-8")
    )


@pytest.mark.parametrize("charset", ["cp1252", "latin-1"])
@pytest.mark.parametrize("text", MEANT)
def test_utf8_taken_for_a_western_charset_is_repaired(text, charset):
    assert repaired(mistaken(text, charset)) == text


@pytest.mark.parametrize(
    ("text", "charset"), [("Привет, мир", "cp1251"), ("Zażółć gęślą jaźń", "cp1250")]
)
def test_utf8_taken_for_another_charset_is_repaired(text, charset):
    assert repaired(mistaken(text, charset)) == text


def test_text_mistaken_twice_is_repaired():
    assert repaired(mistaken(mistaken("Café", "cp1252"), "cp1252")) == "Café"


@pytest.mark.parametrize(
    "text",
    [
        *MEANT,
        pytest.param("A broken é looks like Ã©", id="one that speaks of it"),
        pytest.param("Ã, Â and Ñ", id="capitals alone"),
        pytest.param("ÃA", id="a letter behind it"),
        pytest.param("Р°", id="two characters in Cyrillic"),
        "",
    ],
)
def test_text_that_may_be_meant_stays(text):
    assert repaired(text) == text


LETTERS = st.characters(categories=["L", "Nd", "P", "Sc", "Zs"])


@given(st.text(LETTERS, max_size=30).filter(lambda text: repaired(text) == text))
def test_any_text_that_was_taken_for_latin_comes_back(text):
    assert repaired(mistaken(text, "latin-1")) == text


def test_titles_and_texts_are_repaired():
    broken = mistaken("Là où l’été", "cp1252")

    assert one_line(f"<b>{broken}</b>") == "Là où l’été"
    assert plain_text(f"<p>{broken}</p><p>{broken}</p>") == "Là où l’été\n\nLà où l’été"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param("a&#65;b", "a&#65;b", id="a letter stays as it is written"),
        pytest.param("a&#x1F600;b", "a&#x1F600;b", id="an emoji too"),
        pytest.param("a&#0;b", "ab", id="NUL"),
        pytest.param("a&#xD800;b", "ab", id="half a character"),
        pytest.param("a&#x110000;b", "ab", id="beyond the last character"),
        pytest.param(f"a&#{'9' * 5000};b", "ab", id="a number without end"),
        pytest.param(f"a&#{'0' * 5000}65;b", f"a&#{'0' * 5000}65;b", id="zeros without end"),
        pytest.param("a&amp;#xDFFF;b", "ab", id="escaped"),
        pytest.param("a&#xD83D;&#xDE00;b", "a😀b", id="an emoji in two halves"),
        pytest.param("a&#55357;&#56832;b", "a😀b", id="the halves in decimals"),
        pytest.param("R&D #1; a&b", "R&D #1; a&b", id="no reference at all"),
    ],
)
def test_only_references_to_characters_are_left(text, left):
    assert possible(text) == left


@given(st.integers(0, 0x120000), st.sampled_from(["&#{};", "&#x{:x};", "&#X{:08X};", "&amp;#{}"]))
def test_remaining_references_can_be_unescaped(number, written):
    left = possible(written.format(number))

    assert "\ufffd" not in unescape(unescape(left)) or number == 0xFFFD
    assert bool(left) is (0 < number < 0xD800 or 0xDFFF < number < 0x110000)


@pytest.mark.parametrize("read", [one_line, plain_text])
def test_a_text_with_impossible_references_is_read(read):
    assert read(f"Fog &#{'9' * 5000}; &#xD83D;&#xDE00; &amp;#{'9' * 5000}; late") == "Fog 😀 late"
