from datetime import date, timedelta

from bot.sources.discovery.add import Addition, AddOutcome
from bot.sources.discovery.discover import FoundFeed
from bot.sources.discovery.links import Where
from bot.sources.feeds.model import DocumentKind
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.fetch.source import FetchResult
from storage.sources import change_source
from tests.chat.conftest import SAMPLE_SOURCE, labels


async def test_public_sources_are_managed_by_admins_only(ann):
    refused = await ann.says(f"/sources add {SAMPLE_SOURCE}")

    assert refused["text"].startswith("Only the admin can change")


async def test_an_admin_adds_a_source(house, admin):
    answer = await admin.says(f"/sources add {SAMPLE_SOURCE}")

    assert house.adding.asked == [SAMPLE_SOURCE]
    assert answer["text"] == "Added Sample Times, with 12 articles. New ones count from now on."


async def test_an_unreadable_source_is_refused_with_the_reason(house, admin):
    house.adding.problem = Problem(ProblemCode.NOTHING_TO_READ)

    answer = await admin.says(f"/sources add {SAMPLE_SOURCE}")

    assert answer["text"] == f"{SAMPLE_SOURCE} could not be added: it contains nothing to read."


async def test_a_site_is_added_by_its_only_feed(house, admin):
    feed = f"{SAMPLE_SOURCE}/feed"
    house.adding.told = Addition(feed, AddOutcome.ADDED, "Times", 1, found_at=SAMPLE_SOURCE)

    answer = await admin.says(f"/sources add {SAMPLE_SOURCE}")

    assert answer["text"] == (
        f"Added Times, with 1 article. New ones count from now on.\n"
        f"It is the feed of that site: {feed}"
    )


async def test_a_site_with_several_feeds_offers_them_as_lines_to_send(house, admin):
    addresses = [f"{SAMPLE_SOURCE}/{number}.xml" for number in range(12)]
    finds = [
        FoundFeed(
            url,
            f"Section {number}",
            DocumentKind.FEED,
            9,
            date(2026, 3, 1),
            Where.NAMED,
            FetchResult(),
        )
        for number, url in enumerate(addresses)
    ]
    house.adding.told = Addition(SAMPLE_SOURCE, AddOutcome.SEVERAL, choice=tuple(finds))

    answer = await admin.says(f"/sources add {SAMPLE_SOURCE}")

    assert answer["text"].startswith(f"{SAMPLE_SOURCE} has several feeds. Send me one of these")
    assert f"Section 3 · 1 Mar\n/sources add {addresses[3]}" in answer["text"]
    assert answer["text"].count("/sources add") == 10


async def test_an_admin_lists_and_removes_sources(admin, news):
    await news("A title", "A text.")

    listed = await admin.says("/sources")
    one = await admin.presses(listed, "1")
    removed = await admin.presses(one, "Remove")
    empty = await admin.presses(removed, "‹ Sources")

    assert "1. Sample Times · not read yet" in listed["text"]
    assert one["text"].startswith(f"Sample Times\n{SAMPLE_SOURCE}")
    assert removed["text"].startswith(f"Removed: {SAMPLE_SOURCE}")
    assert empty["text"].startswith("I read no news yet.")
    assert listed["message_id"] == empty["message_id"]


async def test_the_page_of_a_source_shows_its_health(admin, news, one_storage, clock):
    await news("A title", "A text.")
    async with one_storage.writing() as tx:
        health = {
            "error": "forbidden",
            "error_detail": {"status": 403},
            "error_since": tx.now - timedelta(hours=3),
            "succeeded_at": tx.now - timedelta(hours=5),
            "next_fetch_at": tx.now + timedelta(minutes=90),
            "fetches": 8,
            "unchanged": 6,
        }
        await change_source(tx, 1, health)

    one = await admin.says("/sources", "1")

    assert one["text"].split("\n")[3:] == [
        "unhealthy: refuses access (403)",
        "began 3 hr ago, last read 5 hr ago",
        "next poll in 2 hr",
        "fetched 8 times, 75 % without news",
    ]


async def test_an_admin_removes_a_source_by_its_url(admin, news):
    await news("A title", "A text.")

    removed = await admin.says(f"/sources remove {SAMPLE_SOURCE}")
    again = await admin.says(f"/sources remove {SAMPLE_SOURCE}")

    assert removed["text"].startswith("Removed:")
    assert again["text"].startswith("There is no such source.")


async def test_the_button_of_a_removed_source_reports_the_removal(admin, news):
    await news("A title", "A text.")
    listed = await admin.says("/sources")
    await admin.says(f"/sources remove {SAMPLE_SOURCE}")

    gone = await admin.presses(listed, "1")

    assert gone["text"] == "This source is no longer there."
    assert labels(gone) == ["‹ Sources"]
