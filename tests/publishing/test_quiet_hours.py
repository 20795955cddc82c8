from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.publishing.rate_limits import LocalQuietHours
from storage.enums import QuietHours
from tests.publishing.test_calendar import ZONES

NIGHT = QuietHours(22 * 60, 7 * 60)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("quiet", "moment", "end"),
    [
        pytest.param(LocalQuietHours("UTC"), utc(2026, 3, 2, 3), None, id="no quiet hours"),
        pytest.param(LocalQuietHours("UTC", NIGHT), utc(2026, 3, 2, 21, 59), None, id="not yet"),
        pytest.param(
            LocalQuietHours("UTC", NIGHT), utc(2026, 3, 2, 22), utc(2026, 3, 3, 7), id="begun"
        ),
        pytest.param(
            LocalQuietHours("UTC", NIGHT),
            utc(2026, 3, 3, 6, 59),
            utc(2026, 3, 3, 7),
            id="after midnight",
        ),
        pytest.param(LocalQuietHours("UTC", NIGHT), utc(2026, 3, 3, 7), None, id="over"),
        pytest.param(
            LocalQuietHours("Asia/Tokyo", NIGHT),
            utc(2026, 3, 2, 13),
            utc(2026, 3, 2, 22),
            id="in its zone",
        ),
        pytest.param(
            LocalQuietHours("UTC", QuietHours(13 * 60, 14 * 60)),
            utc(2026, 3, 2, 13, 30),
            utc(2026, 3, 2, 14),
            id="at noon",
        ),
        pytest.param(
            LocalQuietHours("Europe/Berlin", NIGHT),
            utc(2026, 3, 28, 22),
            utc(2026, 3, 29, 5),
            id="a night an hour shorter",
        ),
        pytest.param(
            LocalQuietHours("Europe/Berlin", NIGHT),
            utc(2026, 10, 24, 21),
            utc(2026, 10, 25, 6),
            id="a night an hour longer",
        ),
        pytest.param(
            LocalQuietHours("Europe/Berlin", QuietHours(23 * 60, 150)),
            utc(2026, 3, 28, 23),
            utc(2026, 3, 29, 1),
            id="to a time that does not exist: to the end of the gap",
        ),
    ],
)
def test_quiet_hours_last_until(quiet, moment, end):
    assert quiet.until(moment) == end


@given(
    st.sampled_from(ZONES),
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants bounds without a zone
)
def test_quiet_hours_end_at_their_time_and_are_over_then(zone, start, end, moment):
    assume(start != end)
    quiet = LocalQuietHours(zone, QuietHours(start, end))

    until = quiet.until(moment)

    if until is None:
        return
    assert moment < until <= moment + timedelta(hours=26)
    assert quiet.until(until) is None or _clocks_changed(zone, until)


def _clocks_changed(zone: str, moment: datetime) -> bool:
    there = ZoneInfo(zone)
    before = (moment - timedelta(hours=26)).astimezone(there)
    return before.utcoffset() != (moment + timedelta(hours=2)).astimezone(there).utcoffset()
