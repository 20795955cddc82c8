from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.drafts import ArticleDraft
from bot.sources.feeds.model import Item
from bot.sources.revise import (
    MOST_VERSIONS,
    ChangeKind,
    Comparison,
    add_labels,
    change,
    compared,
    compared_with_page,
    folded_article,
    may_be_revised,
    may_be_revised_by,
    revised_by_page,
    without_counters,
)
from bot.text.folding import folded_text
from storage.articles import Article, Wording
from tests.sources.drafts_made import drafts

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BODY = "The harbour was closed on Monday after a storm. " * 10


def article(**fields: Any) -> Article:
    values: dict[str, Any] = {"url": "https://a.example/1", "title": "Storm", "text": BODY}
    values |= {"url_hash": "1", "summary": "A storm.", "stored_at": NOW, "news_at": NOW}
    return Article(**values | {"story_id": 1} | fields)


def drafted(*, is_excerpt: bool = False, **fields: Any) -> ArticleDraft:
    item = Item(**{"url": "https://a.example/1", "title": "Storm", "summary": "A storm."} | fields)
    (made,) = drafts([item], NOW)
    return replace(made, is_excerpt=is_excerpt)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        pytest.param("A storm came.", "A flood came.", ChangeKind.WORDS, id="a word"),
        pytest.param(
            "A storm came.", "A storm came. Two died.", ChangeKind.WORDS, id="a sentence more"
        ),
        pytest.param("A storm  came.\n", "A\nstorm came.", ChangeKind.NONE, id="white space"),
        pytest.param("A storm, they say", "A storm they say", ChangeKind.NONE, id="a comma"),
        pytest.param("A STORM CAME", "A storm came", ChangeKind.NONE, id="capitals"),
        pytest.param(
            "Gold at 4,071 dollars", "Gold at 4,102 dollars", ChangeKind.NUMBERS, id="a price"
        ),
        pytest.param(
            "More: https://a.example/1?utm_source=rss",
            "More: https://a.example/1?utm_source=feed&utm_id=7",
            ChangeKind.NONE,
            id="an address",
        ),
        pytest.param(
            "A storm. 12 comments", "A storm. 1,340 comments", ChangeKind.NONE, id="comments"
        ),
        pytest.param("Views: 12 A storm", "Views: 99 A storm", ChangeKind.NONE, id="views"),
        pytest.param(
            "A storm. 5 minutes ago", "A storm. 2 hours ago", ChangeKind.NONE, id="its age"
        ),
        pytest.param(
            "Ein Sturm, vor 5 Minuten", "Ein Sturm, vor 1 Stunde", ChangeKind.NONE, id="German"
        ),
        pytest.param("嵐が来た 3分前", "嵐が来た 12分前", ChangeKind.NONE, id="Japanese"),
        pytest.param("暴风雨 12条评论", "暴风雨 345条评论", ChangeKind.NONE, id="Chinese"),
        pytest.param(
            "Stocks fell 200 points", "Stocks fell 300 points", ChangeKind.NUMBERS, id="points"
        ),
    ],
)
def test_changes_that_make_a_version_are_told_from_others(old, new, kind):
    assert change(("Storm", old), ("Storm", new)) is kind


def test_a_number_in_the_title_is_as_good_as_a_word():
    kind = change(("3 dead in storm", BODY), ("5 dead in storm", BODY))

    assert kind is ChangeKind.WORDS


@given(st.text(max_size=200))
def test_nothing_differs_from_itself_and_to_fold_twice_is_to_fold_once(text):
    assert change((text, text), (text, text)) is ChangeKind.NONE
    assert change(("", text), ("", without_counters(text))) is ChangeKind.NONE


def comparison(draft: ArticleDraft) -> Comparison:
    return compared(Wording.of(article()), draft)


def test_another_wording_is_written_as_a_whole():
    found = comparison(drafted(title="Flood", summary="Water.", text=BODY[:200]))

    assert found.kind is ChangeKind.WORDS
    assert found.after[1:] == ("Flood", "Water.", BODY[:200].strip())
    assert found.folded == (folded_text("Flood"), folded_text(BODY[:200]))


def test_fields_that_a_source_leaves_out_stay():
    found = comparison(drafted(title="", summary="", text=""))

    assert found.kind is ChangeKind.NONE
    assert found.after[1:] == ("Storm", "A storm.", BODY)


def test_a_taste_does_not_take_the_place_of_the_text_of_its_page():
    found = comparison(drafted(title="Flood", text="Water.", is_excerpt=True))

    assert found.kind is ChangeKind.WORDS
    assert found.after.text == BODY


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        pytest.param(BODY, ChangeKind.NONE, id="as it was"),
        pytest.param(BODY + "It opened again.", ChangeKind.WORDS, id="a sentence more"),
        pytest.param(BODY[:200], ChangeKind.NONE, id="half of it, as behind a wall"),
    ],
)
def test_a_page_that_is_read_again(page, kind):
    assert compared_with_page(BODY, Item(text=page)) is kind


def test_a_page_that_comes_late_does_not_decide_any_more_whether_it_is_news():
    late = Item(text=BODY, published=NOW - 999 * HOUR, language="en")

    values = revised_by_page(article(text="A taste."), late)

    assert values["published_at"] == NOW - 999 * HOUR
    assert values.keys().isdisjoint({"news_at", "quiet"})


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        pytest.param({}, True, id="new"),
        pytest.param({"version": MOST_VERSIONS}, False, id="too many versions"),
        pytest.param({"stored_at": NOW - 71 * HOUR}, True, id="not three days old"),
        pytest.param({"stored_at": NOW - 73 * HOUR}, False, id="older"),
    ],
)
def test_how_often_and_for_how_long_an_article_is_revised(fields, may):
    assert may_be_revised(article(**fields), NOW) is may


@pytest.mark.parametrize(
    ("kind", "ago", "may"),
    [
        pytest.param(ChangeKind.NONE, 9, False, id="nothing"),
        pytest.param(ChangeKind.NUMBERS, 0.9, False, id="numbers, within the hour"),
        pytest.param(ChangeKind.NUMBERS, 1, True, id="numbers, an hour later"),
        pytest.param(ChangeKind.WORDS, 0, True, id="words, at once"),
    ],
)
def test_other_numbers_count_once_an_hour(kind, ago, may):
    revised = article(stored_at=NOW - 9 * HOUR, revised_at=NOW - ago * HOUR)

    assert may_be_revised_by(kind, revised, NOW) is may


def test_a_giant_word_that_changes_is_compared():
    word = "ab" * 200_000

    assert change(("T", word), ("T", f"{word}c")) is ChangeKind.WORDS
    assert change(("T", f"{word}1"), ("T", f"{word}2")) is ChangeKind.NUMBERS


def test_a_page_adds_the_labels_that_an_article_lacks():
    stored = article(author="Jane Doe")
    page = Item(author="Li Na", categories=("World", "Ports"))

    assert add_labels(stored, page)
    assert not add_labels(stored, page)
    assert (stored.author, stored.categories) == ("Jane Doe", "World\nPorts")
    folded = folded_article(stored, "storm", "a storm")
    assert folded.labels == "author:jane author:doe | category:world | category:ports"
