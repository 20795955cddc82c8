from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.articles.intake import url_hash
from bot.sources.finding.searchplan import addresses, plan

ONE = ("https://s.example/rss?q={query}",)
TWO = (*ONE, "https://t.example/feed/{query}")


@dataclass(frozen=True)
class Old:
    id: int
    query: str
    is_retired: bool = False

    @property
    def url_hash(self) -> str:
        return url_hash(f"https://s.example/rss?q={self.query}")


def test_a_query_is_searched_for_at_every_service():
    assert addresses('"green tea" cocoa', TWO) == [
        "https://s.example/rss?q=%22green%20tea%22%20cocoa",
        "https://t.example/feed/%22green%20tea%22%20cocoa",
    ]


@pytest.mark.parametrize("query", ["lang:en source:a.example", "tea*", "tea AND AND"])
def test_what_no_search_can_ask_for_has_none(query: str):
    assert addresses(query, TWO) == []


@pytest.mark.parametrize(
    ("watched", "old", "budget", "start", "revive", "retire"),
    [
        pytest.param(["tea", "rain"], [], 9, ["tea", "rain"], [], [], id="new ones"),
        pytest.param(["tea"], [Old(1, "tea")], 9, [], [], [], id="nothing to do"),
        pytest.param(["tea", "rain", "fog"], [], 2, ["tea", "rain"], [], [], id="budget"),
        pytest.param([], [Old(1, "tea"), Old(2, "fog", True)], 9, [], [], [1], id="none watched"),
        pytest.param(["tea"], [Old(1, "tea", True)], 9, [], [1], [], id="watched again"),
        pytest.param(["rain", "tea"], [Old(1, "tea")], 1, [], [], [], id="a place is kept"),
        pytest.param(
            ["fog", "tea"], [Old(1, "tea"), Old(2, "fog")], 1, [], [], [2], id="less room"
        ),
        pytest.param(["tea"], [Old(1, "tea")], 0, [], [], [1], id="no room"),
        pytest.param(["lang:en"], [], 9, [], [], [], id="no search for it"),
    ],
)
def test_searches_follow_what_is_watched(watched, old, budget, start, revive, retire):
    wanted = plan(watched, old, ONE, budget)

    assert wanted.start == tuple(f"https://s.example/rss?q={query}" for query in start)
    assert (wanted.revive, wanted.retire) == (tuple(revive), tuple(retire))


words = st.sampled_from(["tea", "rain", "fog", "snow", "cocoa"])


@given(
    st.lists(words, unique=True),
    st.lists(st.tuples(words, st.booleans()), unique_by=lambda old: old[0]),
    st.integers(0, 6),
)
def test_what_is_made_so_needs_nothing_more(watched, old, budget):
    existing = [Old(at, query, retired) for at, (query, retired) in enumerate(old)]
    wanted = plan(watched, existing, ONE, budget)

    after = [
        Old(one.id, one.query, (one.is_retired or one.id in wanted.retire))
        for one in existing
        if one.id not in wanted.revive
    ]
    after += [Old(one.id, one.query) for one in existing if one.id in wanted.revive]
    after += [Old(100 + at, url.rpartition("=")[2]) for at, url in enumerate(wanted.start)]

    assert not plan(watched, after, ONE, budget)
    assert sum(not one.is_retired for one in after) <= budget
