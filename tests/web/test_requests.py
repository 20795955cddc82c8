"""Which requests are counted, for whom, how many pass, and in which language they are answered."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.requests import CALLS_AT_ONCE, RateLimit, client_of, preferred_language

OURS = (ip_network("127.0.0.0/8"), ip_network("::1/128"), ip_network("10.0.0.0/24"))


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        pytest.param("203.0.113.7", "", "203.0.113.7", id="it came by itself"),
        pytest.param("8.8.8.8", "9.9.9.9", "8.8.8.8", id="a stranger says what it likes"),
        pytest.param("127.0.0.1", "9.9.9.9", "9.9.9.9", id="our proxy names it"),
        pytest.param("10.0.0.2", "1.2.3.4, 9.9.9.9", "9.9.9.9", id="our proxy's word is the last"),
        pytest.param("10.0.0.2", "9.9.9.9, 10.0.0.3", "9.9.9.9", id="one proxy behind another"),
        pytest.param("10.0.1.2", "9.9.9.9", "10.0.1.2", id="a neighbour that is no proxy"),
        pytest.param("127.0.0.1", "10.0.0.2", "10.0.0.2", id="the proxy's own machine"),
        pytest.param("127.0.0.1", "nonsense", "127.0.0.1", id="no address"),
        pytest.param("127.0.0.1", "9.9.9.9, nonsense", "127.0.0.1", id="no address at the end"),
        pytest.param("127.0.0.1", "", "127.0.0.1", id="on this machine"),
        pytest.param("2001:4860:4860::8888", "", "2001:4860:4860::/64", id="its own network"),
        pytest.param("::1", "2001:4860:1:2:3::4", "2001:4860:1:2::/64", id="proxied, IPv6"),
        pytest.param("::ffff:8.8.8.8", "", "8.8.8.8", id="IPv4 at a socket for both"),
        pytest.param("::ffff:127.0.0.1", "9.9.9.9", "9.9.9.9", id="our proxy, at such a socket"),
        pytest.param("fe80::1%eth0", "", "fe80::/64", id="with its interface"),
        pytest.param(None, "9.9.9.9", "None", id="a socket without addresses"),
    ],
)
def test_a_request_is_counted_for_its_client(remote, forwarded, client):
    assert client_of(remote, forwarded, OURS) == client


def test_a_long_list_of_proxies_is_cut():
    assert (
        client_of("127.0.0.1", "9.9.9.9," + "127.0.0.1," * 1000 + "10.0.0.1", OURS) == "127.0.0.1"
    )


OFFERED = ("en", "zh-Hant", "ar", "pt")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        pytest.param("ar", "ar", id="one"),
        pytest.param("pt-BR,pt;q=0.9,en;q=0.8", "pt", id="a browser's usual list"),
        pytest.param("en-GB,ar;q=0.9", "en", id="English before another"),
        pytest.param("ja,ar;q=0.5,en;q=0.1", "ar", id="the first that is offered"),
        pytest.param("en;q=0.2, zh-TW;q=0.7", "zh-Hant", id="by weight, not by place"),
        pytest.param("ar;q=0, pt;q=0.1", "pt", id="not wanted"),
        pytest.param("nl, *;q=0.5", "en", id="anything"),
        pytest.param("", "en", id="nothing said"),
        pytest.param("ar;q=very, ,;;,=;q", "en", id="no header at all"),
    ],
)
def test_the_language_of_a_browser_is_chosen_by_weight(header: str, code: str):
    assert preferred_language(header, OFFERED) == code


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.floats(0, 20), max_size=200))
def test_a_burst_passes_and_then_an_even_rate(pauses):
    seconds = Seconds()
    rate_limit = RateLimit(per_minute=30, at_once=5, clock=seconds)
    passed = 0

    for pause in pauses:
        seconds.now += pause
        passed += rate_limit.take("a") == 0

    assert passed <= 5 + seconds.now / 2 + 1


def test_a_client_that_waits_as_told_passes():
    seconds = Seconds()
    rate_limit = RateLimit(at_once=2, clock=seconds)
    waits = [rate_limit.take("a") for _ in range(3)]

    seconds.now += waits[-1]

    assert waits == [0, 0, 2]
    assert rate_limit.take("a") == 0


def test_the_number_of_remembered_clients_is_bounded():
    rate_limit = RateLimit(most=10, clock=Seconds())

    for number in range(1000):
        rate_limit.take(str(number))

    assert len(rate_limit._arrivals) == 10


ONE, OTHER = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}


@pytest.fixture
async def one_too_many(visitor):
    """Use up what one client may ask for."""
    for _ in range(CALLS_AT_ONCE):
        await visitor.client.get("/robots.txt", headers=ONE)


@pytest.mark.parametrize(
    "path", ["/robots.txt", "/e/x", "/e/x/week.png", "/f/x.atom", "/m/x", "/u/x", "/c/x", "/none"]
)
@pytest.mark.usefixtures("one_too_many")
async def test_every_page_has_a_limit_for_each_client(visitor, path):
    answer = await visitor.client.get(path, headers=ONE)
    other = await visitor.client.get(path, headers=OTHER)

    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Please wait a minute" in await answer.text()
    assert other.status != 429


@pytest.mark.parametrize("path", ["/m/x", "/c/x", "/b/x", "/hub/x"])
@pytest.mark.usefixtures("one_too_many")
async def test_post_requests_are_limited_too(visitor, path):
    answer = await visitor.client.post(path, headers=ONE)

    assert answer.status == 429


@pytest.mark.usefixtures("one_too_many")
async def test_probes_have_no_limit(visitor):
    assert (await visitor.client.get("/healthz", headers=ONE)).status == 200


async def test_a_limited_client_passes_after_waiting(visitor, clock, one_too_many):
    wait = int((await visitor.client.get("/robots.txt", headers=ONE)).headers["Retry-After"])
    clock.now = clock.now.replace(second=wait)

    assert (await visitor.client.get("/robots.txt", headers=ONE)).status == 200


async def test_one_mailbox_is_unsubscribed_a_bounded_number_of_times(visitor):
    link = visitor.links.unsubscribe(3)
    allowed = RateLimit().at_once

    answers = [await visitor.sends(link) for _ in range(allowed + 1)]
    another = await visitor.sends(visitor.links.unsubscribe(4))

    assert [answer.status for answer in answers] == [200] * allowed + [429]
    assert another.status == 200
