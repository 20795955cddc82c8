from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.formats.charrefs import possible
from bot.sources.formats.sanitise import one_line, plain_text


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
def test_only_references_to_characters_are_left(text: str, left: str):
    assert possible(text) == left


@given(st.integers(0, 0x120000), st.sampled_from(["&#{};", "&#x{:x};", "&#X{:08X};", "&amp;#{}"]))
def test_what_is_left_can_be_unescaped(number: int, written: str):
    left = possible(written.format(number))

    assert "\ufffd" not in unescape(unescape(left)) or number == 0xFFFD
    assert bool(left) is (0 < number < 0xD800 or 0xDFFF < number < 0x110000)


@pytest.mark.parametrize("read", [one_line, plain_text])
def test_a_text_with_impossible_references_is_read(read):
    assert read(f"Fog &#{'9' * 5000}; &#xD83D;&#xDE00; &amp;#{'9' * 5000}; late") == "Fog 😀 late"
