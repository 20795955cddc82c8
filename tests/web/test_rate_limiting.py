"""No page can be asked for without end by one client, and none is kept from the rest by it."""

import pytest

from bot.web.requests import CALLS_AT_ONCE, RateLimit

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
async def test_so_has_all_that_is_sent(visitor, path):
    answer = await visitor.client.post(path, headers=ONE)

    assert answer.status == 429


@pytest.mark.usefixtures("one_too_many")
async def test_probes_have_none(visitor):
    assert (await visitor.client.get("/healthz", headers=ONE)).status == 200


async def test_who_waits_may_go_on(visitor, clock, one_too_many):
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
