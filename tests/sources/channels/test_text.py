"""The titles of posts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.channels.posts import LONGEST_POST_TITLE, title_and_text

LONG = "The harbour stays closed until further notice. " + "It rained. " * 30


@pytest.mark.parametrize(
    ("text", "title"),
    [
        pytest.param("", "", id="empty"),
        pytest.param(" \n\t\n", "", id="blank"),
        pytest.param("A storm\n\nIt rained.", "A storm", id="the first line"),
        pytest.param("\n\n  A   storm \nIt rained.", "A storm", id="white space"),
        pytest.param("⚡️⚡️\nA storm", "A storm", id="a line of emoji"),
        pytest.param("#news #sea\nA storm", "A storm", id="a line of hashtags"),
        pytest.param("https://a.example/x\nA storm", "A storm", id="a line with an address"),
        pytest.param("@desk\n#news", "@desk", id="nothing else"),
        pytest.param("⚡️ A storm #news\nIt rained.", "⚡️ A storm #news", id="words beside emoji"),
        pytest.param(LONG, "The harbour stays closed until further notice.", id="a long line"),
        pytest.param("東京" * 100, "東京" * 74 + "東…", id="a script without blanks"),
    ],
)
def test_title_of_a_post(text: str, title: str) -> None:
    assert title_and_text(text)[0] == title


def test_long_sentence_is_cut_at_a_word() -> None:
    title = title_and_text("word, " * 60)[0]
    assert title.endswith("word…")
    assert len(title) <= LONGEST_POST_TITLE


@given(st.text(max_size=600))
def test_title_is_one_short_line(text: str) -> None:
    title = title_and_text(text)[0]
    assert len(title) <= LONGEST_POST_TITLE
    assert "\n" not in title
    assert bool(title) == bool(text.strip())


@pytest.mark.parametrize(
    ("words", "title", "text"),
    [
        ("One sentence of a post.", "One sentence of a post.", ""),
        ("The ferry is late again. It waits.", "The ferry is late again.", "It waits."),
        ("Breaking. The ferry sinks. Help.", "Breaking. The ferry sinks.", "Help."),
        (
            "#news\nThe ferry is late today.\nIt waits.",
            "The ferry is late today.",
            "#news\nIt waits.",
        ),
        (
            "地震が発生しました。津波の心配はありません。",
            "地震が発生しました。津波の心配はありません。",
            "",
        ),
    ],
)
def test_the_title_is_the_first_sentence_that_says_something(words, title, text):
    assert title_and_text(words) == (title, text)


def test_a_long_sentence_is_cut_for_the_title():
    words = "ferry " * 100

    title, text = title_and_text(words.strip())

    assert len(title) <= LONGEST_POST_TITLE + 1
    assert title.endswith("…")
    assert text == words.strip()
