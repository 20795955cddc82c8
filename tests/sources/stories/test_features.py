import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.stories.features import STEM, features_of, without_publisher
from bot.text.folding import fold


def test_title_and_lead_give_the_beginnings_of_their_words():
    features = features_of(
        "Brandl resigns after inquiry", "Karin Brandl announced her resignation on Wednesday."
    )

    assert features.title == ("brandl", "resign", "inquir")
    assert features.lead == ("karin", "announ", "wednes")


@pytest.mark.parametrize(
    ("title", "words"),
    [
        pytest.param("19 dead, 5 hurt in 2026", ("19", "dead", "hurt", "2026"), id="numbers"),
        pytest.param("The end of the war", ("end", "war"), id="stop words"),
        pytest.param("Plan B for X", ("plan",), id="single letters"),
        pytest.param("岬町の火災", ("岬町", "町の", "の火", "火灾"), id="words without spaces"),
        pytest.param("Orbán in Żory", ("orban", "zory"), id="marks"),
    ],
)
def test_titles_have_features(title, words):
    assert features_of(title, "").title == words


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("A quake shook Talcora on Monday.", {"talcor", "monday"}, id="inside"),
        pytest.param("It shook. Rescuers came.", set(), id="not where a sentence begins"),
        pytest.param("Leaders begin talks on NATO and the EU", {"nato", "eu"}, id="abbreviations"),
        pytest.param("NATO talks", {"nato"}, id="an abbreviation in front"),
        pytest.param("Bridge Collapses In Port Ellery", set(), id="not where all have capitals"),
        pytest.param("", set(), id="nothing"),
    ],
)
def test_names_have_a_capital_inside_a_sentence(text, names):
    assert features_of("", text).names == names


@pytest.mark.parametrize(
    ("title", "rest"),
    [
        pytest.param("Quake off Maruno - Example Wire", "Quake off Maruno", id="behind a dash"),
        pytest.param("Quake off Maruno | wire.example", "Quake off Maruno", id="the host"),
        pytest.param("Example Wire: Quake off Maruno", "Quake off Maruno", id="in front"),
        pytest.param("Quake off Maruno - 19 dead", "Quake off Maruno - 19 dead", id="no publisher"),
        pytest.param("Example Wire", "Example Wire", id="nothing but the publisher"),
    ],
)
def test_the_publishers_own_name_says_nothing_about_the_event(title, rest):
    cut = without_publisher(title, ("Example Wire", "wire.example"))

    assert cut.strip(" -|:") == rest


@given(st.text(max_size=600), st.text(max_size=900), st.lists(st.text(max_size=30), max_size=3))
def test_any_text_has_features(title, lead, publishers):
    features = features_of(title, lead, publishers)

    assert all(0 < len(word) <= STEM for word in (*features.title, *features.lead))
    assert not set(features.title) & set(features.lead)


_WRITTEN = st.text(alphabet=st.characters() | st.sampled_from("aB1.,'&+#- \t\u00a0\u0301ｶﾞ岬"))


@given(_WRITTEN)
def test_a_word_folds_by_itself_as_among_others(text):
    by_themselves = [folded for word in text.split() for folded in fold(word).words]

    assert by_themselves == list(fold(text).words)
