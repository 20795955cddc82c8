"""What becomes of the entries of a feed, whichever reader takes their parts."""

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.feeds import entries
from bot.sources.feeds.entries import FeedFacts, RawEntry, feed_document
from bot.sources.feeds.model import Document, bounded
from bot.sources.feeds.reader import read_fast
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


def read(
    *raws: RawEntry, language: str = "", url: str = HOME, known: Iterable[int] = ()
) -> Document:
    facts = FeedFacts(title="", home="", language=language, pace=None)
    return feed_document(facts, raws, url, frozenset(known))


def fingerprint(raw: RawEntry = RAW, *, language: str = "", url: str = HOME) -> int:
    return read(raw, language=language, url=url).items[0].fingerprint


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


def test_an_entry_may_declare_its_own_language():
    document = read(RAW._replace(language="pl-PL"), language="en")

    assert document.items[0].language == "pl"


@pytest.mark.parametrize("contents", [("<p>One way.</p>", "<p>Or other</p>")] * 2)
def test_the_first_of_equally_long_contents_counts_in_every_process(contents):
    assert read(RAW._replace(summary="", contents=contents)).items[0].text == "One way."
    assert read(RAW._replace(summary="", contents=contents[::-1])).items[0].text == "Or other"


def test_a_fingerprint_is_the_same_in_every_process():
    program = (
        "from tests.sources.feeds.test_entries import RAW, fingerprint; print(fingerprint(RAW))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)}

    other = subprocess.check_output([sys.executable, "-c", program], env=environment)

    assert int(other) == fingerprint()


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"guid": "g2"}, id="guid"),
        pytest.param({"link": "https://ex.org/2"}, id="link"),
        pytest.param({"base": "https://ex.org/other/"}, id="base"),
        pytest.param({"title": "Fog"}, id="title"),
        pytest.param({"summary": "<p>Later.</p>"}, id="summary"),
        pytest.param({"contents": ("<p>Late again!</p>",)}, id="content"),
        pytest.param({"contents": ("<p>Late again.</p>", "")}, id="contents"),
        pytest.param({"dates": ("Mon, 02 Mar 2026 21:00:01 IST",)}, id="date"),
        pytest.param({"language": "fr"}, id="language"),
        pytest.param({"credit": "Herald"}, id="credit"),
        pytest.param({"credit_url": "https://herald.example/"}, id="link of the credit"),
        pytest.param({"guid": "", "link": "g1", "base": "https://ex.org/1"}, id="moved"),
    ],
)
def test_any_part_of_an_entry_changes_its_fingerprint(changed):
    assert fingerprint(RAW._replace(**changed)) != fingerprint()


def test_every_part_that_decides_an_item_changes_its_fingerprint(monkeypatch):
    of_all = {
        fingerprint(),
        fingerprint(language="en"),
        fingerprint(language="en-IE"),  # IST is one hour east there
        fingerprint(url="https://ex.in/feed"),
    }
    monkeypatch.setattr(entries, "READER_VERSION", entries.READER_VERSION + 1)

    assert len(of_all | {fingerprint()}) == 5


def test_parts_that_decide_no_item_do_not_change_its_fingerprint():
    item = "<item><title>Fog</title><link>https://ex.org/1</link>{}</item>"
    feeds = (
        f'<rss version="2.0"><channel><title>{title}</title>{each}</channel></rss>'
        for title, each in (
            ("Harbour", item.format("")),
            ("Harbour News", item.format("<!-- seen --><comments>7</comments>") + item.format("")),
        )
    )

    first, second = (read_fast(feed.encode(), HOME) for feed in feeds)

    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert first.items[0].fingerprint == second.items[0].fingerprint


_PARTS = st.text(alphabet="<>/pab&; é港\n", max_size=12)
_RAWS = st.lists(
    st.builds(
        RawEntry,
        guid=_PARTS,
        title=_PARTS,
        summary=_PARTS,
        contents=st.lists(_PARTS, max_size=2).map(tuple),
        credit=_PARTS,
    ),
    max_size=6,
    unique=True,
)


@given(_RAWS, st.sets(st.integers(0, 5)))
def test_an_entry_is_read_alike_whether_its_neighbours_are_known_or_not(raws, places):
    whole = read(*raws).items
    known = {item.fingerprint for at, item in enumerate(whole) if at in places}

    rest = read(*raws, known=known)

    light: dict[str, Any] = {
        "summary": "",
        "text": "",
        "language": "",
        "credit": "",
        "credit_url": "",
    }
    assert list(rest.items) == [
        replace(item, **light, is_known=True) if item.fingerprint in known else item
        for item in whole
    ]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        pytest.param(MOST_ENTRIES + 50, "", id="entries"),
        pytest.param(60, "word " * 20_000, id="characters"),
    ],
)
def test_entries_left_out_are_not_new_the_next_time(count, text):
    days = (f"2026-03-02T10:{n // 60 % 60:02}:{n % 60:02}Z" for n in range(count))
    raws = [RAW._replace(guid=str(n), contents=(text,), dates=(day,)) for n, day in enumerate(days)]
    first = read(*raws)

    again = read(*raws, known=(item.fingerprint for item in first.items))

    assert 0 < first.left_out == again.left_out == count - len(first.items)
    assert [each.guid for each in again.items if each.is_known] == [e.guid for e in first.items]
    assert bounded(first) == first
