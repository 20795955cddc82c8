from hypothesis import given
from hypothesis import strategies as st

from bot.web.requests import RateLimit


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.floats(0, 20), max_size=200))
def test_no_more_pass_than_a_burst_and_then_the_pace(pauses):
    seconds = Seconds()
    rate_limit = RateLimit(per_minute=30, at_once=5, clock=seconds)
    passed = 0

    for pause in pauses:
        seconds.now += pause
        passed += rate_limit.take("a") == 0

    assert passed <= 5 + seconds.now / 2 + 1


def test_a_client_that_waits_as_asked_may_go_on():
    seconds = Seconds()
    rate_limit = RateLimit(at_once=2, clock=seconds)
    waits = [rate_limit.take("a") for _ in range(3)]

    seconds.now += waits[-1]

    assert waits == [0, 0, 2]
    assert rate_limit.take("a") == 0


def test_it_remembers_a_bounded_number_of_clients():
    rate_limit = RateLimit(most=10, clock=Seconds())

    for number in range(1000):
        rate_limit.take(str(number))

    assert len(rate_limit._arrivals) == 10
