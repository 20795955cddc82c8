from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.sources.drafts import ArticleDraft, awaiting_pages, wants_page
from bot.sources.feeds.model import Item
from bot.sources.revise import completed
from storage.articles import Article
from storage.enums import FullText, SourceKind
from tests.sources.drafts_made import drafts

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WORDS = "All the words of the article. " * 20
PAGE = Item(title="From the page", summary="In short.", text=WORDS, language="en")


def article(**fields: Any) -> Article:
    values: dict[str, Any] = {
        "url": "https://a.example/1",
        "title": "From the feed",
        "text": "A taste.",
    }
    values |= {"url_hash": "1", "summary": "Taste.", "stored_at": NOW, "news_at": NOW}
    return Article(**values | {"story_id": 1} | fields)


def tastes(count: int, *, backlog: bool = False) -> list[ArticleDraft]:
    items = (Item(url=f"https://a.example/{n}", title="News", text="Taste.") for n in range(count))
    return drafts(items, NOW, backlog=backlog)


@pytest.mark.parametrize(
    ("item", "is_wanted"),
    [
        pytest.param(Item(url="u", text="x" * 399), True, id="under 400 characters"),
        pytest.param(Item(url="u", text="x" * 400), False, id="400"),
        pytest.param(Item(url="u", summary="x" * 400), False, id="a long summary"),
        pytest.param(Item(text="x"), False, id="no address"),
    ],
)
def test_by_itself_a_short_entry_with_an_address_wants_its_page(item, is_wanted):
    assert wants_page(item, FullText.AUTO) is is_wanted


@pytest.mark.parametrize(
    ("full_text", "is_wanted"), [(FullText.ALWAYS, True), (FullText.NEVER, False)]
)
@pytest.mark.parametrize("text", ["short", WORDS])
def test_a_source_may_be_set_to_want_all_pages_or_none(full_text, is_wanted, text):
    assert wants_page(Item(url="u", text=text), full_text) is is_wanted


def test_nobody_waits_for_the_pages_of_a_backlog():
    marked = awaiting_pages(tastes(2, backlog=True), FullText.ALWAYS, SourceKind.FEED, None)

    assert [each.awaits_page for each in marked] == [False, False]


@pytest.mark.parametrize(
    ("most", "awaited"), [pytest.param(3, 3, id="private"), pytest.param(None, 40, id="public")]
)
def test_one_fetch_awaits_the_pages_of_its_first_entries(most, awaited):
    marked = awaiting_pages(tastes(40), FullText.AUTO, SourceKind.FEED, most)

    assert [each.awaits_page for each in marked] == [number < awaited for number in range(40)]


def test_a_page_that_is_a_source_is_not_read_twice():
    (marked,) = awaiting_pages(tastes(1), FullText.AUTO, SourceKind.PAGE, None)

    assert not marked.awaits_page


def test_the_page_gives_the_text_and_what_the_source_left_out():
    assert completed(article(), PAGE) == {"text": WORDS, "language": "en"}
    assert completed(article(summary="", language="de"), PAGE) == {
        "text": WORDS,
        "summary": "In short.",
    }


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"title": "https://a.example/1"}, id="the address"),
        pytest.param({"title": "Taste."}, id="the summary"),
        pytest.param({"title": "A taste."}, id="the text"),
    ],
)
def test_a_title_that_only_stood_in_for_one_gives_way(fields):
    assert completed(article(**fields), PAGE)["title"] == "From the page"


def test_a_page_that_says_less_changes_nothing():
    assert completed(article(text=WORDS), PAGE) == {}


@pytest.mark.parametrize(
    ("published", "quiet"),
    [
        pytest.param(NOW - DAY, False, id="yesterday"),
        pytest.param(NOW - 9 * DAY, True, id="last week: no news"),
        pytest.param(date(2026, 2, 20), True, id="a date without a time"),
    ],
)
def test_the_date_of_the_page_counts_where_the_source_gave_none(published, quiet):
    page = Item(text=WORDS, published=published)

    values = completed(article(), page)

    assert values["quiet"] is quiet
    assert published in {values["published_at"], values["published_on"]}
    assert "quiet" not in completed(article(published_at=NOW), page)
