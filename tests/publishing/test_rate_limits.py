from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.publishing.rate_limits import HOUR, AlertHistory, LocalQuietHours, Postponement, postpone
from storage.schedules import MOST_ALERTS_PER_HOUR, QuietHours
from tests.publishing.zones import ZONES

ALWAYS = LocalQuietHours("UTC")
AT_NIGHT = LocalQuietHours("UTC", QuietHours(22 * 60, 7 * 60))
MINUTE = timedelta(minutes=1)


def at(clock: str, day: int = 2) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("recent", "now", "quiet", "waiting", "decision"),
    [
        pytest.param([], "9:00", ALWAYS, None, None, id="nothing sent yet: at once"),
        pytest.param(["8:01", "8:02"], "9:00", ALWAYS, None, None, id="fewer than three: at once"),
        pytest.param(["8:00", "8:01", "8:02"], "9:00", ALWAYS, None, None, id="an hour ago"),
        pytest.param(
            ["8:01", "8:02", "8:59"],
            "9:00",
            ALWAYS,
            None,
            Postponement(at("9:15")),
            id="a fourth within the hour: from the next quarter after there is room",
        ),
        pytest.param(
            ["8:15", "8:16", "8:17"],
            "8:18",
            ALWAYS,
            None,
            Postponement(at("9:15")),
            id="room on the quarter itself",
        ),
        pytest.param(
            ["7:59", "8:15", "8:16", "8:17", "8:18"],
            "8:19",
            ALWAYS,
            None,
            Postponement(at("9:30")),
            id="more were sent than are allowed now: room after the last three",
        ),
        pytest.param([], "9:05", ALWAYS, at("9:15"), Postponement(at("9:15")), id="joined"),
        pytest.param(
            [],
            "23:00",
            AT_NIGHT,
            None,
            Postponement(at("7:00", 3), is_quiet=True),
            id="in quiet hours",
        ),
        pytest.param([], "7:00", AT_NIGHT, None, None, id="quiet hours are just over"),
        pytest.param(
            ["21:30", "21:31", "21:32"],
            "21:33",
            AT_NIGHT,
            None,
            Postponement(at("7:00", 3), is_quiet=True),
            id="room in quiet hours: from their end",
        ),
        pytest.param(
            [],
            "23:00",
            AT_NIGHT,
            at("23:15"),
            Postponement(at("7:00", 3), is_quiet=True),
            id="quiet hours go before what waits",
        ),
    ],
)
def test_alerts_beyond_three_an_hour_wait(recent, now, quiet, waiting, decision):
    moments = [at(clock) for clock in recent]

    assert postpone(AlertHistory(moments, waiting=waiting), at(now), 3, quiet) == decision


@pytest.mark.parametrize(
    ("sent", "account", "decision"),
    [
        pytest.param(3, 3, None, id="beyond the chat's own limit: at once"),
        pytest.param(3, MOST_ALERTS_PER_HOUR, Postponement(at("9:15")), id="beyond all threads'"),
    ],
)
def test_a_widely_covered_story_breaks_only_the_limit_of_its_chat(sent, account, decision):
    moments = [at("8:01")] * account
    history = AlertHistory(moments[:sent], moments, waiting=at("9:15"))

    assert postpone(history, at("9:00"), 3, ALWAYS, is_widely_covered=True) == decision


@given(
    st.lists(st.integers(0, 40), max_size=80),
    st.integers(1, 8),
    st.sampled_from([ALWAYS, AT_NIGHT, LocalQuietHours("Europe/Berlin", QuietHours(60, 150))]),
)
def test_no_hour_exceeds_its_limit_and_nothing_waits_for_ever(pauses, limit, quiet):
    now, sent = at("20:00"), []
    waiting: datetime | None = None
    for pause in pauses:
        now += pause * MINUTE
        if waiting and waiting <= now:
            sent.append(waiting)
            waiting = None
        hold = postpone(AlertHistory(sent, waiting=waiting), now, limit, quiet)
        if hold is None:
            assert quiet.until(now) is None
            sent.append(now)
        else:
            assert waiting in {None, hold.release_at}
            assert now < hold.release_at
            assert quiet.until(hold.release_at) is None
            if waiting is None and not hold.is_quiet:
                assert hold.release_at <= now + HOUR + timedelta(minutes=15)
            waiting = hold.release_at

    assert all(len([one for one in sent if end - HOUR < one <= end]) <= limit for end in sent)


@pytest.mark.parametrize(
    ("hours_ago", "released"),
    [
        pytest.param([20, 10, 2], None, id="room: two of three are within the day, one was before"),
        pytest.param([23, 20, 10], "13:00", id="no room till the oldest is a day old"),
    ],
)
def test_a_daily_limit_applies_beside_the_hourly_one(hours_ago, released):
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    sent = [now - timedelta(hours=hours) for hours in hours_ago]
    limit = 4 if released is None else 3

    hold = postpone(AlertHistory(sent, sent), now, 6, LocalQuietHours("UTC", None), a_day=limit)

    assert (f"{hold.release_at:%H:%M}" if hold else None) == released


def test_the_limit_that_lasts_longer_decides():
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    sent = [now - timedelta(minutes=30), now - timedelta(hours=20)]

    hold = postpone(AlertHistory(sent, sent), now, 1, LocalQuietHours("UTC", None), a_day=2)

    assert hold is not None
    assert hold.release_at == now + timedelta(hours=4)


@pytest.mark.parametrize(
    ("own", "account", "is_postponed"),
    [
        pytest.param(5, MOST_ALERTS_PER_HOUR - 1, False, id="room for one more in the chat"),
        pytest.param(5, MOST_ALERTS_PER_HOUR, True, id="other threads have used up the hour"),
        pytest.param(0, MOST_ALERTS_PER_HOUR, True, id="a thread without alerts of its own"),
    ],
)
def test_the_threads_of_a_chat_share_the_highest_hourly_limit(own, account, is_postponed):
    now = at("12:00")
    minutes = [now - (number % 50) * MINUTE for number in range(account)]

    hold = postpone(AlertHistory(minutes[:own], minutes), now, MOST_ALERTS_PER_HOUR, ALWAYS)

    assert (hold is not None) == is_postponed


def test_the_threads_of_a_chat_share_the_daily_limit():
    now = at("12:00")
    elsewhere = [now - timedelta(hours=20), now - timedelta(hours=19)]

    assert postpone(AlertHistory([], elsewhere), now, 6, ALWAYS, a_day=2) is not None
    assert postpone(AlertHistory([], elsewhere), now, 6, ALWAYS, a_day=3) is None


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
def test_quiet_hours_end_at_their_end_time(zone, start, end, moment):
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


@pytest.mark.parametrize(
    ("of_topic", "more", "decision"),
    [
        pytest.param(["8:56", "8:57", "8:58"], {}, None, id="three of the topic"),
        pytest.param(
            ["8:56", "8:57", "8:58", "8:59"], {}, Postponement(at("9:05")), id="a burst of four"
        ),
        pytest.param(["8:50", "8:57", "8:58", "8:59"], {}, None, id="not within five minutes"),
        pytest.param(
            ["8:56", "8:57", "8:58", "8:59"], {"is_loud": True}, None, id="a burst of a loud topic"
        ),
        pytest.param(
            ["8:56", "8:57", "8:58", "8:59"],
            {"is_widely_covered": True},
            None,
            id="a large story in a burst",
        ),
    ],
)
def test_a_burst_of_one_topic_waits_a_little(of_topic, more, decision):
    moments = [at(clock) for clock in of_topic]
    history = AlertHistory(moments, of_topic=moments)

    assert postpone(history, at("9:00"), 20, ALWAYS, **more) == decision


@pytest.mark.parametrize(
    ("sent", "waiting", "decision"),
    [
        pytest.param([], None, None, id="at night"),
        pytest.param([], at("7:00", 3), None, id="while others wait"),
        pytest.param(
            ["22:58", "22:59"], None, Postponement(at("7:00", 3), is_quiet=True), id="many"
        ),
    ],
)
def test_a_loud_alert_waits_for_rate_limits_only(sent, waiting, decision):
    history = AlertHistory([at(clock) for clock in sent], waiting=waiting)

    assert postpone(history, at("23:00"), 2, AT_NIGHT, is_loud=True) == decision
