"""What is taken of documents that hold too much: the newest, and short."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.sources.feeds.model import (
    Document,
    DocumentKind,
    FeedPace,
    Item,
    Unreadable,
    bounded,
)
from bot.sources.feeds.reader import read_fast
from bot.sources.feeds.roots import MOST_ATTRIBUTES, check_attributes
from bot.sources.limits import LONGEST_TEXT, LONGEST_WORD, MOST_ENTRIES, MOST_TEXT


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(Document(DocumentKind.TEXT), id="nothing but a kind"),
        pytest.param(
            Document(
                DocumentKind.FEED,
                "Harbour News",
                "https://ex.org/",
                "en",
                (
                    Item(
                        "1", "https://ex.org/1", "A", published=datetime(2026, 3, 2, 9, tzinfo=UTC)
                    ),
                    Item("2", "https://ex.org/2", "B", published=date(2026, 3, 2)),
                ),
                FeedPace(timedelta(minutes=30), frozenset({3, 4}), frozenset({6})),
            ),
            id="a feed with everything",
        ),
    ],
)
def test_a_document_survives_json(document):
    assert Document.from_json(json.loads(json.dumps(document.to_json()))) == document


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MANY = range(MOST_ATTRIBUTES + 1)


def feed(*items: Item) -> Document:
    return Document(DocumentKind.FEED, "Paper", items=items)


def entry(number: int) -> Item:
    return Item(str(number), title=f"Entry {number}", published=NOON + timedelta(minutes=number))


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param("".join(f' a{n}=""' for n in MANY), id="attributes"),
        pytest.param("".join(f' xmlns:a{n}="u"' for n in MANY), id="name spaces"),
        pytest.param("".join(f" a{n} = '>'" for n in MANY), id="with signs in them"),
    ],
)
@pytest.mark.parametrize(
    "document",
    [
        pytest.param("<rss><channel><item{}><title>T</title></item></channel></rss>", id="RSS"),
        pytest.param("<feed xmlns='http://www.w3.org/2005/Atom'{}/>", id="Atom"),
        pytest.param("<urlset{}><url><loc>https://ex.org/</loc></url></urlset>", id="a sitemap"),
    ],
)
def test_an_element_of_too_many_attributes_is_not_read(document, attributes):
    with pytest.raises(Unreadable) as refused:
        read_fast(document.format(attributes).encode(), "https://ex.org/")

    assert refused.value.reason == "too_big"


def test_many_elements_may_have_attributes_and_one_may_have_long_ones():
    check_attributes(b"<a b=''/>" * 2 * MOST_ATTRIBUTES)
    check_attributes(b"<a b='%s'/>" % (b"x=1&amp;" * 2 * MOST_ATTRIBUTES))
    with pytest.raises(Unreadable):
        check_attributes(b"<a %s/>" % (b"b='' " * 2 * MOST_ATTRIBUTES))


def test_the_newest_entries_of_a_huge_feed_are_kept_in_order():
    document = bounded(feed(*map(entry, range(MOST_ENTRIES + 500))))

    assert [item.guid for item in document.items] == [str(500 + n) for n in range(MOST_ENTRIES)]
    assert document.left_out == 500


def test_the_first_entries_are_kept_if_none_has_a_date():
    document = bounded(feed(*(Item(str(n)) for n in range(MOST_ENTRIES + 1))))

    assert document.items[-1].guid == str(MOST_ENTRIES - 1)


def test_long_entries_are_cut_and_all_of_them_have_a_limit():
    long = [Item(str(n), text="word " * LONGEST_TEXT, title="T") for n in range(30)]

    document = bounded(feed(*long))

    assert {len(item.text) for item in document.items} == {LONGEST_TEXT}
    assert len(document.items) == MOST_TEXT // (LONGEST_TEXT + 1)
    assert document.left_out == 30 - len(document.items)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        pytest.param("a " + "b" * 999 + " c", "a " + "b" * LONGEST_WORD + " c", id="a long word"),
        pytest.param("é" * 400_000, "é" * LONGEST_WORD, id="of any letters"),
        pytest.param("a" * LONGEST_WORD, "a" * LONGEST_WORD, id="as long as may be"),
        pytest.param("漢" * 999, "漢" * 999, id="a script without spaces"),
        pytest.param("ก" * 999, "ก" * 999, id="another"),
        pytest.param("https://ex.org/" + "a/" * 400, "https://ex.org/" + "a/" * 400, id="a link"),
    ],
)
def test_long_words_are_cut(text, taken):
    (item,) = bounded(feed(Item(title=text, summary=text, text=text))).items

    assert (item.title, item.summary, item.text) == (taken, taken, taken)


def test_documents_within_the_limits_stay_as_they_are():
    document = feed(entry(1), entry(2))

    assert bounded(document) is document
