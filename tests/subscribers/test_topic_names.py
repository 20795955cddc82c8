"""Names of topics that no user has named."""

import pytest

from bot.subscribers.topics import LONGEST_NAME, name_of_query


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        pytest.param("Taiwan", "Taiwan", id="a word"),
        pytest.param("taiwan", "Taiwan", id="a word in small letters"),
        pytest.param("iPhone", "iPhone", id="a word with capitals of its own"),
        pytest.param('"consul-general"', "Consul-general", id="a phrase without its quotes"),
        pytest.param(
            '"interest rate" OR "central bank"', "Interest rate, central bank", id="alternatives"
        ),
        pytest.param("zebra AND ape", "Zebra ape", id="the order in which they were typed"),
        pytest.param("a secret of Bob's", "A secret of Bob's", id="plain words"),
        pytest.param('chip "export controls"', "Chip export controls", id="words and a phrase"),
        pytest.param("(a1 OR b2) c3 d4", "A1, b2, c3 …", id="no more than three terms"),
        pytest.param("apple -pie", "Apple", id="nothing that is excluded"),
        pytest.param("semiconduct*", "Semiconduct…", id="a beginning"),
        pytest.param("chip NEAR/5 export", "Chip … export", id="terms near each other"),
        pytest.param("title:Taiwan", "Taiwan", id="a field"),
        pytest.param("Taiwan source:example.com", "Taiwan example.com", id="a source"),
        pytest.param("臺灣 OR 台湾", "臺灣", id="two spellings of one word"),
        pytest.param("ÉLECTION", "ÉLECTION", id="capitals"),
        pytest.param('"unclosed', '"unclosed', id="what is no query"),
    ],
)
def test_a_name_is_made_from_the_terms(typed, name):
    assert name_of_query(typed) == name


def test_a_name_is_not_too_long():
    assert len(name_of_query(" OR ".join(f'"{"word " * 8}{n}"' for n in range(3)))) == LONGEST_NAME
