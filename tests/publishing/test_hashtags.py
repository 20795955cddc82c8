import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.publishing.hashtags import hashtag, hashtags


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("Taiwan", "Taiwan"), ("taiwan", "taiwan"), ("Central banks", "CentralBanks"),
        ("consul-general", "ConsulGeneral"), ("Norway's oil fund", "NorwaysOilFund"),
        ("Japan–China ties", "JapanChinaTies"), ("AT&T", "ATT"), ("台湾", "台湾"),
        ("日本 銀行", "日本銀行"), ("Центральный банк", "ЦентральныйБанк"), ("الصين", "الصين"),
        ("snake_case", "snake_case"), ("G20", "G20"), ("Cafe\u0301", "Café"),
        ("一", "一"), ("हिन्दी", ""), ("2026", ""), ("", ""), ("…", ""), ("x" * 90, ""),
    ],
)  # fmt: skip
def test_the_name_of_a_topic_becomes_one_word(name, tag):
    assert hashtag(name) == tag


def test_topics_with_the_same_hashtag_have_it_once():
    assert hashtags(["Oil fund", "oil-fund", "2026", "Taiwan"]) == ("OilFund", "Taiwan")


@given(st.text(max_size=80))
def test_any_name_gives_letters_digits_and_underscores_alone(name):
    tag = hashtag(name)

    assert not tag or (tag.replace("_", "a").isalnum() and any(map(str.isalpha, tag)))
