"""The daily budget of searches counts every way to search."""

from dataclasses import replace

import pytest

from bot.budgets import USUAL
from tests.chat.conftest import House

REFUSED = (
    "You have searched 2 times today, which is the limit for a day. Try again after midnight (UTC)."
)


@pytest.fixture
def two_searches(house: House) -> None:
    limits = replace(house.resources.limits, budgets=replace(USUAL, searches=2))
    object.__setattr__(house.resources, "limits", limits)


@pytest.mark.usefixtures("two_searches")
@pytest.mark.parametrize(
    "third",
    [
        pytest.param("Fiji", id="a query"),
        pytest.param("/search Fiji", id="search"),
        pytest.param("/test Fiji", id="test"),
        pytest.param("https://paper.example/", id="a link"),
    ],
)
async def test_a_search_beyond_the_budget_is_refused(ann, third):
    await ann.says("Taiwan")
    await ann.says("/search Taiwan")

    assert (await ann.says(third))["text"] == REFUSED


@pytest.mark.usefixtures("two_searches")
async def test_another_account_may_search(house, ann):
    for query in ("Taiwan", "Korea", "Japan"):
        await ann.says(query)
    bob = house.talk("Bob")
    await bob.says("/start")

    assert (await bob.says("Taiwan"))["text"] != REFUSED
