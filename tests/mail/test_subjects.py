import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.compose import LONGEST_SUBJECT, subject_of


def written(heads):
    """Write it as a template is: no space is left at its ends."""
    return f"9 stories: {'; '.join(heads)}".strip() if heads else "9 stories"


@pytest.mark.parametrize(
    ("titles", "subject"),
    [
        pytest.param([], "9 stories", id="no title"),
        pytest.param(["Fees fall"], "9 stories: Fees fall", id="one"),
        pytest.param(
            ["Fees fall", "Envoy flies in", "Concert is off"],
            "9 stories: Fees fall; Envoy flies in",
            id="two at most",
        ),
        pytest.param(
            ["Ministry asks for the third time", "The envoy who was called in flies home tonight"],
            "9 stories: Ministry asks for the third time; The envoy who was called in…",
            id="the last is cut at a word",
        ),
        pytest.param(
            ["Ministry asks consul-general to explain what was meant", "Fees fall at last"],
            "9 stories: Ministry asks consul-general to explain what was meant",
            id="no room that is worth it",
        ),
        pytest.param(["a" * 200], "9 stories: " + "a" * 66 + "…", id="one word that is too long"),
        pytest.param(["Two\nlines\u202e"], "9 stories: Two lines", id="made one line"),
    ],
)
def test_a_subject_says_what_is_new(titles, subject):
    assert subject_of(written, titles)[0] == subject


@pytest.mark.parametrize(
    ("titles", "following"),
    [
        pytest.param(["Fees fall"], [], id="nothing is left"),
        pytest.param(["A", "B", "C"], ["C"], id="one"),
        pytest.param(["A", "B", "C", "D", "E"], ["C", "D"], id="two at most"),
        pytest.param(["a" * 70, "Fees fall", "C"], ["Fees fall", "C"], id="no room for the second"),
    ],
)
def test_no_headline_stands_in_both_the_subject_and_what_follows_it(titles, following):
    assert subject_of(written, titles)[1] == following


@given(st.lists(st.text(max_size=120), max_size=5))
def test_no_subject_is_too_long_or_breaks_its_line(titles):
    subject, _following = subject_of(written, titles)

    assert len(subject) <= LONGEST_SUBJECT
    assert len(subject.splitlines()) <= 1
    assert subject.startswith("9 stories")
