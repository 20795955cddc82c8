from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.core import get_global
from hypothesis import given
from hypothesis import strategies as st

from bot.subscribers import timezones
from tests.conftest import MONDAY_NOON


def offset_of(zone: str) -> timedelta | None:
    return MONDAY_NOON.astimezone(ZoneInfo(zone)).utcoffset()


@pytest.mark.parametrize(
    ("language", "zone"),
    [
        ("ja", "Asia/Tokyo"),
        ("en", "UTC"),
        ("en-GB", "Europe/London"),
        ("en_US", "America/New_York"),
        ("zh-Hant-HK", "Asia/Hong_Kong"),
        ("zh-hans", "Asia/Shanghai"),
        ("de-LU", "Europe/Luxembourg"),
        ("de", "Europe/Berlin"),
        ("ar", "Asia/Riyadh"),
        ("ar-EG", "Africa/Cairo"),
        ("pt", "Europe/Lisbon"),
        ("pt-br", "America/Sao_Paulo"),
        ("uk", "Europe/Kyiv"),
        ("es-419", "Europe/Madrid"),
        ("tlh", "UTC"),
        ("", "UTC"),
    ],
)
def test_a_zone_is_guessed_from_the_language(language, zone):
    assert timezones.guess_zone(language) == zone


@given(st.text(max_size=20))
def test_any_tag_gives_a_zone_that_exists(language):
    assert timezones.is_zone(timezones.guess_zone(language))


@pytest.mark.parametrize("zone", timezones.SUGGESTED)
def test_every_zone_that_is_suggested_exists(zone):
    assert timezones.is_zone(zone)


@pytest.mark.parametrize("country", sorted(get_global("territory_zones")))
def test_any_country_gives_a_zone_that_exists(country):
    assert timezones.is_zone(timezones.guess_zone(f"en-{country}"))


@given(st.integers(-12, 14))
def test_an_offset_names_a_zone_that_many_hours_east(hours):
    offset = MONDAY_NOON.astimezone(
        ZoneInfo(timezones.zone_named(f"UTC{hours:+}") or "")
    ).utcoffset()

    assert offset is not None
    assert offset.total_seconds() == hours * 3600


@pytest.mark.parametrize("minutes", [-570, -210, 210, 270, 330, 345, 390, 525, 570, 765])
def test_an_offset_between_hours_names_a_zone_that_has_it(minutes):
    sign, (hours, rest) = "+" if minutes > 0 else "-", divmod(abs(minutes), 60)
    zone = ZoneInfo(timezones.zone_named(f"UTC{sign}{hours}:{rest:02}") or "")
    offset = MONDAY_NOON.replace(month=7 if minutes > 700 else 3).astimezone(zone).utcoffset()

    assert offset is not None
    assert offset.total_seconds() == minutes * 60


@pytest.mark.parametrize(
    "place", ["Delhi", "Hanoi", "JST", "St. Petersburg", "Hồ Chí Minh", "北京"]
)
def test_a_place_that_the_database_does_not_name_can_be_typed(place):
    assert timezones.zones_of_place(place)


@pytest.mark.parametrize(
    ("latitude", "longitude", "zone"),
    [
        pytest.param(35.7, 139.7, "Asia/Tokyo", id="Tokyo"),
        pytest.param(40.7, -74, "America/New_York", id="New York"),
        pytest.param(-33.9, 151.2, "Australia/Sydney", id="Sydney"),
        pytest.param(64.1, -21.9, "Atlantic/Reykjavik", id="Reykjavik"),
    ],
)
def test_the_nearest_zone_is_offered_first(latitude, longitude, zone):
    assert timezones.zones_near(latitude, longitude, MONDAY_NOON)[0] == zone


@pytest.mark.parametrize(
    ("latitude", "longitude", "zone"),
    [
        pytest.param(19.1, 72.9, "Asia/Kolkata", id="Mumbai, nearer to Karachi"),
        pytest.param(39.9, 116.4, "Asia/Shanghai", id="Beijing, nearer to Pyongyang"),
        pytest.param(48.1, 11.6, "Europe/Berlin", id="Munich, nearer to Vaduz"),
        pytest.param(90, 0, "Arctic/Longyearbyen", id="the pole"),
    ],
)
def test_the_right_time_is_among_those_near_a_location(latitude, longitude, zone):
    offsets = [offset_of(one) for one in timezones.zones_near(latitude, longitude, MONDAY_NOON)]

    assert offset_of(zone) in offsets
    assert len(set(offsets)) == len(offsets) == 4


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        pytest.param("Москва", "Europe/Moscow", id="Russian"),
        pytest.param("طوكيو", "Asia/Tokyo", id="Arabic"),
        pytest.param("東京", "Asia/Tokyo", id="Japanese"),
        pytest.param("Ciudad de México", "America/Mexico_City", id="Spanish"),
        pytest.param("нью-йорк", "America/New_York", id="small letters"),
        pytest.param("TP Hồ Chí Minh", "Asia/Ho_Chi_Minh", id="a zone that was renamed"),
    ],
)
def test_a_city_can_be_typed_in_any_offered_language(typed, zone):
    assert timezones.zones_of_place(typed)[0] == zone


@pytest.mark.parametrize(
    ("typed", "zones"),
    [
        pytest.param("Ottawa", ["America/Toronto"], id="a capital that is no zone"),
        pytest.param("bangalore", ["Asia/Kolkata"], id="a former name"),
        pytest.param("大阪", ["Asia/Tokyo"], id="another script"),
        pytest.param("Sao Paulo", ["America/Sao_Paulo"], id="without accents"),
        pytest.param("st. louis", ["America/Chicago"], id="a dot"),
        pytest.param("Manchester", ["Europe/London"], id="far larger than its namesakes"),
        pytest.param("Portland", ["America/Los_Angeles"], id="larger than the one in Maine"),
        pytest.param("Rome", ["Europe/Rome"], id="also a rare name of Lomé"),
        pytest.param("CET", ["Europe/Berlin"], id="an abbreviation that is an airport"),
        pytest.param("San José", ["America/Los_Angeles", "America/Costa_Rica"], id="two"),
        pytest.param(
            "Newcastle",
            ["Australia/Sydney", "Africa/Johannesburg", "Europe/London"],
            id="three, one with a longer name",
        ),
        pytest.param("semiconductors", [], id="no city"),
        pytest.param("", [], id="nothing"),
        pytest.param("Manchester " * 50, [], id="a long text"),
    ],
)
def test_a_city_is_the_largest_with_its_name_or_one_of_a_few(typed, zones):
    assert list(timezones.zones_of_place(typed)) == zones
