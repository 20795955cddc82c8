"""The decision about a fetch, which is pure: no database, no clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.sources.decide import (
    MOVED_AFTER,
    Fetched,
    FetchOutcome,
    Known,
    decide,
    new_address,
    postponed,
)
from bot.sources.drafts import content_hash, identify
from bot.sources.feeds.model import Document, DocumentKind, Item
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.fetch.response import Response
from bot.sources.fetch.source import FetchResult
from storage.entries import KnownEntry
from storage.sources import Source
from tests.rows import source_row

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ITEMS = tuple(
    Item(name, f"https://a.example/{name}", name, text=name, published=NOW - age * HOUR)
    for age, name in enumerate(("newest", "middle", "oldest"))
)
UNCHANGED = FetchResult(Response(304, "u"))


def source(**columns: Any) -> Source:
    return Source(id=1, **source_row() | {"public": True, "first_read_at": NOW} | columns)


def decided(row: Source, known: Known | None = None) -> FetchOutcome:
    document = Document(DocumentKind.FEED, items=ITEMS)
    result = FetchResult(Response(200, row.url, etag="etag"), "hash", document)
    return decide(Fetched(row, result), identify(document, row.url), known or Known(), NOW)


def guid_of(item: Item) -> str:
    ((_, identity),) = identify(Document(DocumentKind.FEED, items=(item,)), "u")
    return identity.guid_hash


def titles(outcome: FetchOutcome) -> list[str]:
    return [draft.title for draft in outcome.entries.drafts]


def test_entries_are_new_changed_or_unchanged():
    newest, middle, oldest = ITEMS
    known = {
        guid_of(middle): KnownEntry(7, "another content"),
        guid_of(oldest): KnownEntry(8, content_hash(oldest)),
    }

    entries = decided(source(), Known(known)).entries

    assert [draft.title for draft in entries.new] == [newest.title]
    assert [(article, draft.title) for article, draft in entries.changed] == [(7, middle.title)]


def test_the_first_read_of_a_source_is_a_backlog_that_alerts_nobody():
    first = decided(source(first_read_at=None))

    assert {draft.quiet for draft in first.entries.drafts} == {True}
    assert {draft.quiet for draft in decided(source()).entries.drafts} == {False}
    assert first.changes["first_read_at"] == NOW


@pytest.mark.parametrize(
    ("public", "code"),
    [(True, ProblemCode.TOO_MANY_ENTRIES), (False, ProblemCode.OVER_BUDGET)],
    ids=["public", "private"],
)
def test_the_oldest_new_entries_beyond_the_room_are_left_out(public, code):
    outcome = decided(source(public=public), Known(room=2))

    assert (titles(outcome), outcome.left_out) == (["newest", "middle"], 1)
    assert outcome.problem
    assert (outcome.problem.code, outcome.changes["error"]) == (code, code)
    assert outcome.changes["fingerprints"] == b""
    assert "etag" not in outcome.changes  # so that the same document is read again


def test_a_success_stores_validators_and_ends_a_problem():
    outcome = decided(source(failures=3, error="not_found"))

    changes = outcome.changes
    assert (changes["failures"], changes["error"], changes["succeeded_at"]) == (0, None, NOW)
    assert (changes["etag"], changes["body_hash"]) == ("etag", "hash")


def test_an_unchanged_source_keeps_its_entries_and_fingerprints():
    outcome = decide(Fetched(source(unchanged=1), UNCHANGED), (), Known(), NOW)

    assert titles(outcome) == []
    assert outcome.changes["unchanged"] == 2
    assert "fingerprints" not in outcome.changes


@pytest.mark.parametrize(
    ("seen", "moves"), [(MOVED_AFTER - 2, False), (MOVED_AFTER - 1, True)], ids=["soon", "now"]
)
def test_a_source_moves_after_enough_permanent_redirects(seen, moves):
    target = "https://b.example/feed"
    response = Response(304, target, moved_permanently_to=target)
    row = source(moved_to=target, moved_seen=seen)

    outcome = decide(Fetched(row, FetchResult(response)), (), Known(), NOW)

    moved = new_address(outcome)
    assert moved.get("url") == (target if moves else None)
    assert moved.get("host") == ("b.example" if moves else None)


@pytest.mark.parametrize(
    ("problem", "error"),
    [
        pytest.param(None, "over_budget", id="healthy"),
        pytest.param(Problem(ProblemCode.NOT_FOUND), "not_found", id="with an error of its own"),
    ],
)
def test_a_source_whose_followers_are_over_budget_is_polled_tomorrow(problem, error):
    fetched = Fetched(source(), replace(UNCHANGED, problem=problem), jitter=-1)

    outcome = postponed(decide(fetched, (), Known(), NOW), NOW)

    assert outcome.changes["error"] == error
    assert outcome.changes["next_fetch_at"] >= NOW + 12 * HOUR
