from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.getting.wishes import Wishes, pause_of_host, wishes_of

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("headers", "wished"),
    [
        pytest.param({}, Wishes(), id="nothing"),
        pytest.param({"cache-control": "public, max-age=600"}, Wishes(10 * MINUTE), id="max-age"),
        pytest.param({"cache-control": "s-maxage=600"}, Wishes(), id="s-maxage is for proxies"),
        pytest.param({"cache-control": "no-cache, max-age=600"}, Wishes(), id="no-cache"),
        pytest.param(
            {"expires": "Mon, 02 Mar 2026 13:00:00 GMT"}, Wishes(expires=HOUR), id="Expires"
        ),
        pytest.param(
            {"expires": "Mon, 02 Mar 2026 09:30:00 GMT", "date": "Mon, 02 Mar 2026 09:00:00 GMT"},
            Wishes(expires=30 * MINUTE),
            id="Expires by a clock that is slow",
        ),
        pytest.param({"expires": "-1"}, Wishes(), id="Expires: never"),
        pytest.param({"retry-after": "120"}, Wishes(retry_after=2 * MINUTE), id="Retry-After"),
        pytest.param(
            {"retry-after": "Tue, 03 Mar 2026 12:00:00 GMT"}, Wishes(retry_after=DAY), id="a date"
        ),
        pytest.param(
            {
                "retry-after": "Mon, 02 Mar 2026 09:30:00 GMT",
                "date": "Mon, 02 Mar 2026 09:00:00 GMT",
            },
            Wishes(retry_after=30 * MINUTE),
            id="a date by a clock that is slow",
        ),
        pytest.param({"retry-after": "soon"}, Wishes(), id="Retry-After: words"),
        pytest.param(
            {"cache-control": "max-age=99999999999999"},
            Wishes(timedelta(seconds=9999999999)),
            id="an absurd max-age",
        ),
    ],
)
def test_what_headers_ask(headers: dict[str, str], wished: Wishes):
    assert wishes_of(headers, NOW) == wished


@given(st.dictionaries(st.sampled_from(["cache-control", "expires", "retry-after"]), st.text()))
def test_any_header_can_be_read(headers: dict[str, str]):
    wishes_of(headers, NOW)


@pytest.mark.parametrize(
    ("status", "asked", "paused"),
    [
        pytest.param(429, "600", 10 * MINUTE, id="too many requests"),
        pytest.param(503, "600", 10 * MINUTE, id="busy"),
        pytest.param(429, "9999999", 7 * DAY, id="a week at most"),
        pytest.param(200, "600", None, id="an answer speaks for its feed alone"),
        pytest.param(304, "600", None, id="so does a 304"),
        pytest.param(429, "soon", None, id="words"),
        pytest.param(429, "0", None, id="no time at all"),
    ],
)
def test_when_a_whole_host_wants_to_be_left_alone(
    status: int, asked: str, paused: timedelta | None
):
    assert pause_of_host(status, {"retry-after": asked}, NOW) == paused
    assert pause_of_host(status, {}, NOW) is None
