"""What becomes of the entries of a feed, whichever reader takes their parts."""

import pytest

from bot.sources.feeds.entries import FeedFacts, RawEntry, feed_document
from bot.sources.feeds.model import Document, bounded
from bot.sources.limits import MOST_ENTRIES

HOME = "https://ex.org/feed"
ENGLISH = "The ferry is late, and the mayor said that it was full of people on Monday"
FRENCH = "Le bac est en retard, et le maire a dit que les gens de la ville sont dans le port"
RAW = RawEntry(
    guid="g1",
    link="https://ex.org/1",
    title="Fog &amp; ferry",
    summary="<p>Late.</p>",
    contents=("<p>Late again.</p>",),
    dates=("Mon, 02 Mar 2026 21:00:00 IST",),
)


def read(*raws: RawEntry, language: str = "", language_before: str = "") -> Document:
    facts = FeedFacts(title="", home="", language=language, pace=None)
    return feed_document(facts, raws, HOME, language_before)


def entry(text: str, number: int) -> RawEntry:
    return RAW._replace(guid=f"g{number}", title=text, summary="", contents=())


def test_each_entry_is_in_its_own_language():
    english = [entry(f"{ENGLISH} {n}", n) for n in range(6)]
    french = [entry(f"{FRENCH} {n}", n) for n in range(6, 12)]

    document = read(*english, *french, language="en")

    assert document.language == "en"
    assert [item.language for item in document.items] == ["en"] * 6 + ["fr"] * 6


def test_entries_in_another_language_than_declared_disprove_it():
    document = read(*(entry(f"{FRENCH} {n}", n) for n in range(8)), language="en")

    assert document.language == "fr"
    assert {item.language for item in document.items} == {"fr"}


def test_an_entry_too_short_to_tell_is_in_the_language_of_its_feed():
    document = read(*(entry(f"{FRENCH} {n}", n) for n in range(8)), entry("Brouillard", 9))

    assert document.items[-1].language == "fr"


def test_an_entry_too_short_to_tell_is_in_the_language_of_the_last_read():
    (item,) = read(entry("Brouillard", 9), language="en", language_before="fr").items

    assert item.language == "fr"


def test_an_entry_may_declare_its_own_language():
    document = read(RAW._replace(language="pl-PL"), language="en")

    assert document.items[0].language == "pl"


@pytest.mark.parametrize("contents", [("<p>One way.</p>", "<p>Or other</p>")] * 2)
def test_the_first_of_equally_long_contents_counts_in_every_process(contents):
    assert read(RAW._replace(summary="", contents=contents)).items[0].text == "One way."
    assert read(RAW._replace(summary="", contents=contents[::-1])).items[0].text == "Or other"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        pytest.param(MOST_ENTRIES + 50, "", id="entries"),
        pytest.param(60, "word " * 20_000, id="characters"),
    ],
)
def test_the_newest_of_too_many_entries_are_kept(count, text):
    days = (f"2026-03-02T10:{n // 60 % 60:02}:{n % 60:02}Z" for n in range(count))
    raws = [RAW._replace(guid=str(n), contents=(text,), dates=(day,)) for n, day in enumerate(days)]

    document = read(*raws)

    assert 0 < document.left_out == count - len(document.items)
    assert [item.guid for item in document.items] == [
        str(n) for n in range(document.left_out, count)
    ]
    assert bounded(document) == document
