from zoneinfo import ZoneInfo

import pytest

from bot.sources.formats.places import clock_of, place_of


@pytest.mark.parametrize(
    ("tag", "host", "place"),
    [
        pytest.param("en-GB", "ex.org", "en-GB", id="the tag's country"),
        pytest.param("en_gb", "", "en-GB", id="as Open Graph writes it"),
        pytest.param("zh-Hant-TW", "ex.com", "zh-TW", id="a script in between"),
        pytest.param("en-US", "www.ex.co.uk", "en-GB", id="the host's country counts first"),
        pytest.param(None, "ex.in", "-IN", id="no language"),
        pytest.param("ja", "ex.com", "ja", id="no country"),
        pytest.param("en", "ex.io", "en", id="a country whose name is bought for its letters"),
        pytest.param("de", "ex.eu", "de", id="no country's name"),
        pytest.param("?", "127.0.0.1", "", id="nothing"),
    ],
)
def test_a_place_is_a_language_and_a_country(tag, host, place):
    assert place_of(tag, host) == place


@pytest.mark.parametrize(
    ("place", "clock"),
    [
        pytest.param("ja", "Asia/Tokyo", id="a language of one clock"),
        pytest.param("en-IN", "Asia/Kolkata", id="a country of one clock"),
        pytest.param("de-CH", "Europe/Zurich", id="the country counts before the language"),
        pytest.param("en-US", None, id="a country of many"),
        pytest.param("en", None, id="a language of many"),
        pytest.param("de-US", None, id="a language abroad"),
        pytest.param("", None, id="nowhere"),
    ],
)
def test_a_clock_is_known_where_there_is_one(place, clock):
    assert clock_of(place) == (clock and ZoneInfo(clock))
