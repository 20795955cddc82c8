from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.drafts import (
    Identity,
    folded_guid,
    identify,
    is_another,
    moments_of,
    seen_entries,
)
from bot.sources.feeds.model import Document, DocumentKind, Item, SeenEntry

FEED = "https://a.example/feed"
HOME = "https://a.example/"


def hashes(
    *items: Item, kind: DocumentKind = DocumentKind.FEED, source: str = FEED
) -> list[tuple[str, str]]:
    found = identify(Document(kind, items=items), source)
    return [(identity.guid_hash, identity.url_hash) for _, identity in found]


def guids(*items: Item) -> list[str]:
    return [guid for guid, _ in hashes(*items)]


def articles(*items: Item) -> list[str]:
    return [article for _, article in hashes(*items)]


def identity_beside(shown: Item, items: tuple[Item, ...], seen: tuple[SeenEntry, ...]) -> Identity:
    """Return the identity of *shown*, if its neighbours are new *items*, or were *seen* before."""
    document = Document(DocumentKind.FEED, items=(shown, *items), seen=seen)
    (found,) = [identity for each, identity in identify(document, FEED) if each is shown]
    return found


def item(number: int, *, guid: str = "", title: str = "") -> Item:
    return Item(guid, f"https://a.example/{number}", title or f"News {number}")


@pytest.mark.parametrize(
    ("guid", "other"),
    [
        pytest.param("http://a.example/1", "https://a.example/1", id="scheme"),
        pytest.param("https://www.a.example/1", "https://a.example/1", id="www"),
        pytest.param("https://a.example/1/", "https://a.example/1", id="a slash at the end"),
        pytest.param("https://A.Example/1", "https://a.example/1", id="capitals of the host"),
        pytest.param("https://a.example/1?utm_source=rss", "https://a.example/1", id="a tracker"),
        pytest.param("https://a.example/?p=1", "http://www.a.example/?p=1", id="with a query"),
        pytest.param("17 at http://a.example", "17 at https://a.example", id="an address inside"),
    ],
)
def test_a_guid_that_was_written_otherwise_is_the_same(guid, other):
    assert folded_guid(guid) == folded_guid(other)


@pytest.mark.parametrize(
    ("guid", "other"),
    [
        pytest.param("https://a.example/1#2", "https://a.example/1#3", id="a fragment"),
        pytest.param("https://a.example/A", "https://a.example/a", id="capitals of the path"),
        pytest.param("https://a.example/?p=1", "https://a.example/?p=2", id="a query"),
        pytest.param("tag:a.example,2026:1", "tag:a.example,2026:2", id="tags"),
        pytest.param("X1", "x1", id="capitals"),
    ],
)
def test_guids_that_differ_stay_different(guid, other):
    assert folded_guid(guid) != folded_guid(other)


@given(st.text() | st.from_regex(r"(https?://|//)?(www\.)?[a-z./?&=#]*", fullmatch=True))
def test_folding_a_guid_twice_is_folding_it_once(guid):
    assert folded_guid(folded_guid(guid)) == folded_guid(guid)


def test_an_entry_is_known_by_its_guid_else_its_link_else_its_title():
    assert guids(item(1, guid="g")) == guids(item(2, guid="g"))
    assert guids(item(1)) == guids(item(1, title="New title"))
    assert guids(Item(title="t")) == guids(Item(title="t", summary="more"))
    assert guids(Item(title="t")) != guids(Item(title="u"))
    assert guids(Item(text="t")) != guids(Item(text="u"))


def test_a_link_that_has_moved_to_https_is_the_same_entry():
    old = Item(url="http://www.a.example/1/?utm_source=rss", title="a")

    assert guids(old) == guids(Item(url="https://a.example/1", title="a"))


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param([item(1, guid="g"), item(2, guid="g")], id="by their links"),
        pytest.param([Item("g", "", "One"), Item("g", "", "Two")], id="by their titles"),
        pytest.param([Item("g", HOME, "One"), Item("g", HOME, "Two")], id="all lead home"),
        pytest.param([Item("", HOME, "One"), Item("", HOME, "Two")], id="no guid, all lead home"),
        pytest.param([item(1, guid="g"), Item("g", "", "Two")], id="one has a link"),
    ],
)
def test_entries_of_one_guid_are_distinguished(shown):
    assert len(set(guids(*shown))) == 2
    assert len(set(articles(*shown))) == 2


def test_items_that_are_the_same_in_all_are_one_entry_and_the_first_counts():
    newest, older = item(1, guid="g", title="Now"), item(1, guid="g", title="Before")

    (shown,) = identify(Document(DocumentKind.FEED, items=(newest, older)), FEED)

    assert shown[0] is newest


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param([item(1, guid="g"), item(2, guid="g")], id="links"),
        pytest.param([Item("g", "", "One"), Item("g", "", "Two")], id="titles"),
        pytest.param([Item("", HOME, "One"), Item("", HOME, "Two")], id="home"),
        pytest.param([item(1, guid="g")] * 2, id="the same twice"),
    ],
)
def test_an_entry_has_the_same_article_whatever_stands_beside_it(shown):
    assert articles(shown[0]) == articles(*shown)[:1]


_NEIGHBOURS = st.builds(
    Item,
    guid=st.sampled_from(["", "g", "h", "https://a.example/1"]),
    url=st.sampled_from(["", HOME, "https://a.example/1", "https://a.example/2"]),
    title=st.sampled_from(["", "One", "Two"]),
)


@given(_NEIGHBOURS, st.lists(_NEIGHBOURS, max_size=4).map(tuple))
def test_an_entry_is_identified_alike_whether_its_neighbours_were_seen_before(shown, neighbours):
    seen = tuple(seen_entries(Document(DocumentKind.FEED, items=neighbours)))

    assert identity_beside(shown, (), seen) == identity_beside(shown, neighbours, ())


def test_times_of_entries_that_were_seen_before_count():
    times = [datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (10, 11, 13)]
    dates = [*times, date(2026, 3, 2), None, datetime(1066, 10, 14, tzinfo=UTC)]
    items = tuple(Item(published=each) for each in dates)
    seen = tuple(seen_entries(Document(DocumentKind.FEED, items=items)))

    assert moments_of(Document(DocumentKind.FEED, seen=seen), times[1]) == times[:2]


def test_a_home_page_is_no_article():
    found = articles(item(1), *(Item(f"g{n}", HOME, f"News {n}") for n in range(2)))

    assert len(set(found)) == 3


def test_entries_of_one_page_with_titles_of_their_own_are_articles_of_their_own():
    live = [Item(f"g{n}", f"https://a.example/live#{n}", f"Update {n}") for n in range(3)]

    assert len(set(articles(*live))) == 3


def test_one_link_under_two_guids_is_one_article():
    assert len(set(articles(item(1, guid="g"), item(1, guid="h")))) == 1
    assert len(guids(item(1, guid="g"), item(1, guid="h"))) == 2


def test_a_page_that_is_a_source_is_known_by_its_address_whatever_its_title():
    now, later = Item("", HOME, "Closed"), Item("", HOME, "Open")

    assert hashes(now, kind=DocumentKind.PAGE) == hashes(later, kind=DocumentKind.PAGE)


def test_an_article_without_an_address_belongs_to_its_source():
    bare = Item(guid="1", title="a")

    assert hashes(bare, source=FEED) != hashes(bare, source="https://b.example/feed")


def test_results_of_a_search_are_known_by_their_names_alone():
    found = [Item("name", f"https://s.example/{n}", "a", is_detour=True) for n in range(2)]

    assert hashes(found[0]) == hashes(found[1]) == hashes(*found)


@given(st.lists(st.builds(Item, *[st.sampled_from(["", "a", "b", HOME])] * 4), max_size=6))
def test_no_two_entries_have_one_name(shown):
    found = guids(*shown)

    assert len(set(found)) == len(found) <= len(shown)


@pytest.mark.parametrize(
    ("before", "shown", "is_other"),
    [
        pytest.param(
            ("Storm hits harbour", "A storm hit the harbour."),
            ("Storm: harbour reopens", "It had been closed since Monday."),
            False,
            id="an update",
        ),
        pytest.param(
            ("Live: the trial", "The verdict is expected in the capital on Monday."),
            ("Minister found guilty", "The verdict in the capital was expected on Monday."),
            False,
            id="another title, and much the same summary",
        ),
        pytest.param(
            ("Storm hits harbour", "Ships were damaged."),
            ("Parliament votes on budget", "Deficit to fall."),
            True,
            id="something else",
        ),
        pytest.param(("", ""), ("Storm", ""), False, id="nothing to compare"),
    ],
)
def test_a_guid_that_is_used_for_something_else(before, shown, is_other):
    assert is_another(before, shown) is is_other
