from hypothesis import given
from hypothesis import strategies as st

from bot.subscribers.paging import load_page, page_of


def test_a_page_knows_its_place():
    page = page_of("abcdefghij", 1, 4)

    assert (page.items, page.number, page.pages, page.first) == ("efgh", 1, 3, 5)


def test_an_empty_list_has_one_empty_page():
    page = page_of("", 7, 4)

    assert (page.items, page.number, page.pages) == ("", 0, 1)


async def test_a_page_of_a_stored_list_is_loaded_alone():
    async def load(*, offset: int, limit: int) -> str:
        return "abcdefghij"[offset : offset + limit]

    page = await load_page(load, 7, total=10, size=4)

    assert (page.items, page.number, page.total) == ("ij", 2, 10)


@given(st.text(max_size=30), st.integers(-5, 50), st.integers(1, 9))
def test_every_page_that_is_asked_for_is_there(items, wanted, size):
    page = page_of(items, wanted, size)

    assert 0 <= page.number < page.pages
    assert bool(page.items) == bool(items)


@given(st.text(max_size=30), st.integers(1, 9))
def test_the_pages_together_are_the_list(items, size):
    pages = page_of(items, 0, size).pages

    assert "".join("".join(page_of(items, n, size).items) for n in range(pages)) == items
