import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.allowances import Allowances, client_of


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.floats(0, 20), max_size=200))
def test_no_more_pass_than_a_burst_and_then_the_pace(pauses):
    seconds = Seconds()
    allowances = Allowances(per_minute=30, at_once=5, clock=seconds)
    passed = 0

    for pause in pauses:
        seconds.now += pause
        passed += allowances.take("a") == 0

    assert passed <= 5 + seconds.now / 2 + 1


def test_who_waits_as_long_as_it_is_told_may_go_on():
    seconds = Seconds()
    allowances = Allowances(at_once=2, clock=seconds)
    waits = [allowances.take("a") for _ in range(3)]

    seconds.now += waits[-1]

    assert waits == [0, 0, 2]
    assert allowances.take("a") == 0


def test_it_remembers_a_bounded_number_of_clients():
    allowances = Allowances(most=10, clock=Seconds())

    for number in range(1000):
        allowances.take(str(number))

    assert len(allowances._arrivals) == 10


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        pytest.param("203.0.113.7", "", "203.0.113.7", id="it came by itself"),
        pytest.param("8.8.8.8", "9.9.9.9", "8.8.8.8", id="a stranger says what it likes"),
        pytest.param("127.0.0.1", "9.9.9.9", "9.9.9.9", id="our proxy names it"),
        pytest.param("10.0.0.2", "1.2.3.4, 9.9.9.9", "9.9.9.9", id="our proxy's word is the last"),
        pytest.param("127.0.0.1", "nonsense", "127.0.0.1", id="no address"),
        pytest.param("127.0.0.1", "", "127.0.0.1", id="on this machine"),
        pytest.param("2001:4860:4860::8888", "", "2001:4860:4860::/64", id="its own network"),
        pytest.param("::1", "2001:4860:1:2:3::4", "2001:4860:1:2::/64", id="proxied, IPv6"),
        pytest.param("fe80::1%eth0", "", "fe80::/64", id="with its interface"),
        pytest.param(None, "", "None", id="a socket without addresses"),
    ],
)
def test_whom_a_request_is_counted_for(remote, forwarded, client):
    assert client_of(remote, forwarded) == client
