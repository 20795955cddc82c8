import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.formats.mojibake import repaired
from bot.sources.formats.sanitise import one_line, plain_text

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
def test_utf8_taken_for_a_western_charset_is_repaired(text: str, charset: str):
    assert repaired(mistaken(text, charset)) == text


@pytest.mark.parametrize(
    ("text", "charset"), [("Привет, мир", "cp1251"), ("Zażółć gęślą jaźń", "cp1250")]
)
def test_utf8_taken_for_another_charset_is_repaired(text: str, charset: str):
    assert repaired(mistaken(text, charset)) == text


def test_what_was_mistaken_twice_is_repaired():
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
def test_what_may_be_meant_stays(text: str):
    assert repaired(text) == text


LETTERS = st.characters(categories=["L", "Nd", "P", "Sc", "Zs"])


@given(st.text(LETTERS, max_size=30).filter(lambda text: repaired(text) == text))
def test_any_text_that_was_taken_for_latin_comes_back(text: str):
    assert repaired(mistaken(text, "latin-1")) == text


def test_titles_and_texts_are_repaired():
    broken = mistaken("Là où l’été", "cp1252")

    assert one_line(f"<b>{broken}</b>") == "Là où l’été"
    assert plain_text(f"<p>{broken}</p><p>{broken}</p>") == "Là où l’été\n\nLà où l’été"
