import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.model.measure import by_hand, by_rules, problem_of, shares, translations
from bot.model.checks import (
    LONGEST_SENTENCE,
    DropReason,
    check_summary,
    sentence_problem,
    translation_problem,
)
from bot.model.evidence import ModelReport, consonants

REPORTS = {
    1: ModelReport(
        "Example Times",
        "en",
        "Taiwan opens consulate in Fukuoka",
        "Taiwan opened a consulate in Fukuoka on Monday. Consul-general Chen Mei said that 12 "
        'officials will work there. The mayor called it "a good day".',
    ),
    2: ModelReport("Beispiel", "de", "Taiwan eröffnet Konsulat", "Taiwan eröffnet ein Konsulat."),
}
OPENED = "Taiwan opened a consulate in Fukuoka."


@pytest.mark.parametrize("told", [*by_hand()], ids=lambda told: told.text[:40])
def test_sentences_written_by_hand_are_kept_or_caught(told):
    assert (problem_of(told) is None) is told.is_honest


def test_sentences_with_one_changed_fact_are_caught():
    table = list(by_rules())
    kept, caught = shares(table)

    assert len(table) + len(list(by_hand())) >= 200
    assert kept >= 0.95
    assert caught >= 0.95


def test_most_right_translations_are_kept_and_all_wrong_ones_are_caught():
    table = list(translations())
    right = [problem is None for _, is_right, problem in table if is_right]

    assert [text for text, is_right, problem in table if not is_right and problem is None] == []
    assert sum(right) >= 0.7 * len(right)


@pytest.mark.parametrize(
    ("sentence", "cited", "reason"),
    [
        pytest.param(OPENED, [], DropReason.UNCITED, id="without reports"),
        pytest.param(OPENED, [7], DropReason.UNCITED, id="reports that are not there"),
        pytest.param("…", [1], DropReason.EMPTY, id="no words"),
        pytest.param(f"{OPENED} See evil.example", [1], DropReason.UNCLEAN, id="domain"),
        pytest.param(f"{OPENED} https://a.b/c", [1], DropReason.UNCLEAN, id="link"),
        pytest.param(f"{OPENED} Ask @someone", [1], DropReason.UNCLEAN, id="user name"),
        pytest.param(f"<b>{OPENED}</b>", [1], DropReason.UNCLEAN, id="tags"),
        pytest.param(f"**{OPENED}**", [1], DropReason.UNCLEAN, id="markdown"),
        pytest.param(f"[{OPENED}](x)", [1], DropReason.UNCLEAN, id="markdown link"),
        pytest.param(f"\u202e{OPENED}", [1], DropReason.UNCLEAN, id="bidirectional override"),
        pytest.param(f"{OPENED}\u200b", [1], DropReason.UNCLEAN, id="zero width"),
        pytest.param(f"{OPENED}\U000e0041", [1], DropReason.UNCLEAN, id="tag character"),
        pytest.param(f"{OPENED}\x07", [1], DropReason.UNCLEAN, id="control character"),
        pytest.param(f"{OPENED} \U0001f4b0", [1], DropReason.UNCLEAN, id="emoji"),
        pytest.param(f"{OPENED} Click here.", [1], DropReason.REFUSED, id="advice"),
        pytest.param(OPENED * 20, [1], DropReason.LENGTH, id="long"),
        pytest.param("Taiwan eröffnet ein Konsulat.", [2], None, id="same word order"),
    ],
)
def test_sentences_that_are_not_clean_are_dropped(sentence, cited, reason):
    language = "de" if cited == [2] else "en"

    assert sentence_problem(sentence, cited, REPORTS, language) == reason


def test_at_most_three_sentences_are_kept_each_with_its_publishers():
    texts = (
        OPENED,
        'The mayor called it "a good day".',
        "The 12 officials will work there.",
        "Taiwan opened a consulate on Monday.",
    )
    told = [(text, [1]) for text in texts]

    kept, dropped = check_summary(told, REPORTS, "en")

    assert [each.publishers for each in kept] == [("Example Times",)] * 3
    assert dropped == []


@pytest.mark.parametrize(
    ("text", "original", "source", "language", "reason"),
    [
        pytest.param(
            "Taiwan eröffnet ein Konsulat in Fukuoka", "Taiwan opens consulate in Fukuoka",
            "en", "de", None, id="german",
        ),
        pytest.param(
            "トランプ氏、台湾総統と会談", "Trump meets president of Taiwan", "en", "ja", None,
            id="japanese",
        ),
        pytest.param(
            "A quake of magnitude 5.4, trains stopped", "熊本でＭ５．４の地震　新幹線が一時停止",
            "ja", "en", None, id="from japanese",
        ),
        pytest.param(
            "Inflation rises more than expected", "La inflación sube más de lo previsto",
            "es", "en", None, id="cognate",
        ),
        pytest.param(
            "Neun Firmen eröffnen in Taiwan", "12 companies open in Taiwan", "en", "de",
            DropReason.NUMBER, id="another number",
        ),
        pytest.param(
            "Firmen eröffnen in Taiwan", "12 companies open in Taiwan", "en", "de",
            DropReason.NUMBER, id="a missing number",
        ),
        pytest.param(
            "Japan eröffnet ein Konsulat in Fukuoka", "Taiwan opens consulate in Fukuoka",
            "en", "de", DropReason.PLACE, id="another country",
        ),
        pytest.param(
            "Taiwan opens consulate in Fukuoka", "台湾が福岡に領事館を開設", "ja", "ja",
            DropReason.LANGUAGE, id="another language",
        ),
        pytest.param(
            "All is well now", "熊本で地震が発生", "ja", "en", DropReason.UNCHECKED,
            id="nothing to compare",
        ),
        pytest.param(
            "Taiwan", "Taiwan opens a consulate-general in the city of Fukuoka", "en", "de",
            DropReason.LENGTH, id="too short",
        ),
    ],
)  # fmt: skip
def test_translations_keep_the_facts_of_the_original(text, original, source, language, reason):
    assert translation_problem(text, original, source, language) == reason


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("Trump", "トランプ", "Трамп", "트럼프", "ترامب"), id="Trump"),
        pytest.param(("Zelensky", "ゼレンスキー", "Зеленский"), id="Zelensky"),
        pytest.param(("missile", "ミサイル"), id="missile"),
    ],
)
def test_names_in_other_scripts_share_their_consonants(words):
    first, *others = (set(consonants(word)) for word in words)

    assert all(first & other for other in others)


@given(st.text(max_size=2 * LONGEST_SENTENCE))
def test_any_text_is_checked_without_an_error(text):
    sentence_problem(text, [1, 2], REPORTS, "en")
    translation_problem(text, "Taiwan opens 2 offices", "en", "ja")
