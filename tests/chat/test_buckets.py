from itertools import pairwise
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.buckets import Bucket, Buckets, Size, Verdict

TWENTY = Size(burst=20, per_second=1)


def full(size: Size = TWENTY) -> Bucket:
    return Bucket(size, float(size.burst), at=0.0)


def asked(bucket: Bucket, times: int, now: float, again: float = inf) -> list[Verdict]:
    return [bucket.ask(now, again) for _ in range(times)]


def test_a_burst_is_handled_the_next_is_told_and_all_others_are_dropped():
    verdicts = asked(full(), 30, now=0.0)

    assert verdicts == [Verdict.HANDLE] * 20 + [Verdict.SAY] + [Verdict.DROP] * 9


def test_a_shut_bucket_is_open_again_when_it_said_and_not_before():
    bucket = full()
    asked(bucket, 21, now=0.0)

    seconds = bucket.seconds_shut()

    assert seconds == 10
    assert asked(bucket, 5, now=9.9) == [Verdict.DROP] * 5
    assert asked(bucket, 12, now=10.0)[:11] == [Verdict.HANDLE] * 10 + [Verdict.SAY]


def test_one_a_second_is_never_too_much():
    bucket = full()

    assert all(bucket.ask(float(second)) is Verdict.HANDLE for second in range(1000))


def test_presses_are_told_again_after_a_while():
    bucket = full()
    asked(bucket, 21, now=0.0, again=1.0)

    told = [bucket.ask(now, 1.0) for now in (0.5, 1.0, 1.5, 2.0)]

    assert told == [Verdict.DROP, Verdict.SAY, Verdict.DROP, Verdict.SAY]


@given(st.lists(st.floats(0, 30), max_size=200))
def test_nobody_gets_more_than_a_burst_and_the_rate(pauses):
    bucket, now, handled = full(), 0.0, 0

    for pause in pauses:
        now += pause
        handled += bucket.ask(now) is Verdict.HANDLE

    assert handled <= TWENTY.burst + now * TWENTY.per_second + 1e-6


@given(st.lists(st.floats(0, 3), max_size=200))
def test_between_two_sentences_there_is_the_time_they_name(pauses):
    bucket, now, told = full(), 0.0, []

    for pause in pauses:
        now += pause
        if bucket.ask(now) is Verdict.SAY:
            told.append((now, bucket.seconds_shut()))

    assert all(later >= said + seconds - 1 for (said, seconds), (later, _) in pairwise(told))


def test_no_more_persons_are_kept_than_there_is_room_for():
    buckets = Buckets(most=3)
    for person in range(10):
        buckets.of((person, False), TWENTY, now=0.0)

    assert len(buckets) == 3


def test_who_was_seen_last_is_kept():
    buckets = Buckets(most=2)
    flooder = buckets.of((1, False), TWENTY, now=0.0)
    for other in (2, 3, 4):
        buckets.of((other, False), TWENTY, now=0.0)
        assert buckets.of((1, False), TWENTY, now=0.0) is flooder
