from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.drafts import url_hash
from bot.sources.feeds.model import Item
from tests.sources.drafts_made import drafts

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def drafted(item: Item, *, backlog: bool = False):
    (made,) = drafts([item], NOW, source_url="https://news.example/feed", backlog=backlog)
    return made


@pytest.mark.parametrize(
    ("published", "quiet", "news_at"),
    [
        pytest.param(None, False, NOW, id="no date: news"),
        pytest.param(NOW - HOUR, False, NOW, id="an hour old: news since it was seen"),
        pytest.param(NOW - 47 * HOUR, False, NOW, id="47 hours"),
        pytest.param(NOW - 49 * HOUR, True, NOW - 49 * HOUR, id="49 hours: too old"),
        pytest.param(NOW + 99 * HOUR, False, NOW, id="in the future"),
        pytest.param(date(2026, 3, 2), False, NOW, id="today"),
        pytest.param(date(2026, 2, 20), True, datetime(2026, 2, 20, 12, tzinfo=UTC), id="a date"),
    ],
)
def test_an_entry_is_news_by_its_dates(published, quiet, news_at):
    made = drafted(Item(title="a", published=published))

    assert (made.quiet, made.news_at) == (quiet, news_at)


@pytest.mark.parametrize(
    ("published", "published_at", "published_on"),
    [
        pytest.param(date(2026, 3, 1), None, date(2026, 3, 1), id="a date stays a date"),
        pytest.param(NOW + 23 * HOUR, NOW + 23 * HOUR, None, id="within a day: a zone mistaken"),
        pytest.param(NOW + 25 * HOUR, NOW, None, id="over a day ahead"),
        pytest.param(date(2026, 3, 3), None, date(2026, 3, 3), id="tomorrow, somewhere today"),
        pytest.param(date(2026, 3, 5), NOW, None, id="a date over a day ahead"),
    ],
)
def test_a_date_in_the_future_gives_way_to_the_time_of_the_fetch(
    published, published_at, published_on
):
    made = drafted(Item(title="a", published=published))

    assert (made.published_at, made.published_on) == (published_at, published_on)


@given(st.datetimes(timezones=st.just(UTC)) | st.dates() | st.none(), st.booleans())
def test_nothing_is_news_before_or_after_its_time(published, backlog):
    made = drafted(Item(title="a", published=published), backlog=backlog)

    assert made.news_at <= NOW
    assert made.quiet or made.news_at == NOW
    assert made.quiet or not backlog


@pytest.mark.parametrize(
    ("item", "title"),
    [
        (Item(title="T", summary="S"), "T"),
        (Item(summary="S\nmore", text="X"), "S"),
        (Item(text="X\n\nY"), "X"),
        (Item(url="https://a.example/1"), "https://a.example/1"),
    ],
)
def test_every_article_has_a_title(item, title):
    assert drafted(item).title == title


def test_an_entry_without_an_address_has_that_of_its_source():
    assert drafted(Item(guid="1", title="a")).url == "https://news.example/feed"


@given(st.text())
def test_any_url_has_a_hash(url):
    assert len(url_hash(url)) == 32


def test_a_box_behind_the_end_mark_of_a_feeds_full_text_is_left_out():
    body = " ".join(["The ferry was late again on Monday, passengers said."] * 6)
    text = f"{body}\n\nEND [Copyright Example Wire]\n\nDon't Miss\n\nTaiwan Opens a Bridge"

    made = drafted(Item(title="Ferry Late", url="https://example.org/ferry", text=text))

    assert made.text == body
