"""A chat's own feeds beside public sources: each event is reported once."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from storage.enums import Mode
from tests.story.whole_bot import Feed, Item, User, WholeBot, hour, whole_bot

pytestmark = pytest.mark.slow

QUERY: Final = "harbour OR library"
TOPIC: Final = "Harbour, library"
CRANE: Final = "Crane collapses onto ferry in Westport harbour"
LIBRARY: Final = "Library in Arden reopens after four years of renovation"
CRANE_TEXT: Final = (
    "A crane of the container terminal in Westport fell onto a moored ferry on Friday. The ferry "
    "Rosalind was empty when the mast of the crane broke and came down on its upper deck, the "
    "port captain Helen Marsh told reporters at the quay. Two dockers were brought to hospital. "
    "Divers look for damage below the waterline, and the harbour stays closed for large ships "
    "until Sunday. The terminal had been inspected in January. Insurance companies sent their "
    "specialists, and investigators questioned engineers and mechanics, but found nothing so far."
)
LIBRARY_TEXT: Final = (
    "After four years of renovation the old library opened its doors again, with a reading room "
    "under the roof and forty thousand books for children. Readers waited in a long queue along "
    "the street from the early morning. The architect Ines Costa kept the wooden galleries and put "
    "a roof of glass above the court. Tickets are free until May, and on Thursdays the library "
    "stays open until midnight, the director Paul Okoro said. Neighbouring universities gave it "
    "manuscripts, translations and photographs, and a foundation pays for exhibitions of these."
)


def crane(at: float, link: str, title: str = CRANE) -> Item:
    return Item(title, link, CRANE_TEXT, hour(at))


def library(at: float, link: str) -> Item:
    return Item(LIBRARY, link, LIBRARY_TEXT, hour(at))


def crane_and_library(link: str) -> Item:
    return Item(f"{CRANE}: {LIBRARY}", link, f"{CRANE_TEXT} {LIBRARY_TEXT}")


@pytest.fixture
async def bot(database_url: str) -> AsyncIterator[WholeBot]:
    async with whole_bot(database_url) as bot:
        yield bot


def a_feed(bot: WholeBot, name: str, title: str) -> Feed:
    """Return a feed with an article that matches no topic."""
    feed = bot.feed(name, title)
    feed.publish(Item(f"Welcome to {title}", f"{feed.url}/welcome", f"{title}. " * 60))
    return feed


async def public(bot: WholeBot, name: str, title: str) -> Feed:
    feed = a_feed(bot, name, title)
    await bot.add_public(feed)
    return feed


async def own(bot: WholeBot, user: User, name: str, title: str) -> Feed:
    feed = a_feed(bot, name, title)
    await bot.follow(user, feed)
    return feed


async def subscriber(bot: WholeBot, name: str) -> User:
    return await bot.user(name, (QUERY, Mode.INSTANT))


async def test_an_article_from_an_own_feed_first_alerts_its_user_once_and_others_as_usual(
    bot: WholeBot,
):
    times = await public(bot, "times", "Example Times")
    ann, bob = await subscriber(bot, "Ann"), await subscriber(bot, "Bob")
    mine = await own(bot, ann, "mine", "My Own")
    await bot.run_at(1)

    mine.publish(crane(3, "http://times.example/crane"))
    await bot.run_at(3)
    first = ann.texts_with(CRANE)
    times.publish(crane(4, "http://times.example/crane"))
    await bot.run_at(4)
    await bot.run_at(5)

    assert len(first) == 1
    assert "My Own" in first[0]
    assert len(ann.texts_with(CRANE)) == 1
    (alert,) = bob.texts_with(CRANE)
    assert alert.endswith("\nExample Times · 16:00")


async def test_an_article_in_the_backlog_of_an_own_feed_alerts_its_user_when_a_publisher_lists_it(
    bot: WholeBot,
):
    times = await public(bot, "times", "Example Times")
    ann = await subscriber(bot, "Ann")
    mine = a_feed(bot, "mine", "My Own")
    mine.publish(crane(0, "http://times.example/crane"))
    await bot.run_at(1)
    await bot.follow(ann, mine)
    await bot.run_at(2)
    quiet = ann.texts_with(CRANE)

    times.publish(crane(3, "http://times.example/crane"))
    await bot.run_at(3)

    assert quiet == []
    assert len(ann.texts_with(CRANE)) == 1


async def test_two_own_feeds_that_report_one_event_alert_their_chat_once(bot: WholeBot):
    ann = await subscriber(bot, "Ann")
    one = await own(bot, ann, "one", "Own Herald")
    two = await own(bot, ann, "two", "Own Gazette")
    await bot.run_at(1)

    one.publish(crane(3, "http://one.example/crane"))
    await bot.run_at(3)
    two.publish(crane(5, "http://two.example/ferry", "Ferry hit as crane collapses in harbour"))
    await bot.run_at(5)

    (alert,) = ann.texts_with("collapses")
    assert alert.endswith("Own Herald · 15:00 · also Own Gazette")


async def test_two_own_feeds_that_list_one_article_alert_their_chat_once(bot: WholeBot):
    ann = await subscriber(bot, "Ann")
    one = await own(bot, ann, "one", "Own Herald")
    two = await own(bot, ann, "two", "Own Gazette")
    await bot.run_at(1)

    one.publish(crane(3, "http://paper.example/crane"))
    await bot.run_at(3)
    two.publish(crane(5, "http://paper.example/crane"))
    await bot.run_at(5)

    assert len(ann.texts_with(CRANE)) == 1
    answer = await ann.send("/search crane")
    assert answer["text"].startswith("crane · 1 story\n")
    assert answer["text"].count(CRANE) == 1


@pytest.mark.parametrize("is_backlog", [True, False], ids=["newly followed", "another text"])
async def test_an_own_feed_neither_suppresses_nor_changes_an_article_of_another_users_own_feed(
    bot: WholeBot, is_backlog
):
    link = "http://paper.example/crane"
    ann, mallory = await subscriber(bot, "Ann"), await subscriber(bot, "Mallory")
    mine = await own(bot, ann, "mine", "My Own")
    theirs = a_feed(bot, "theirs", "Their Own")
    if is_backlog:
        theirs.publish(crane(0, link))
    await bot.follow(mallory, theirs)
    await bot.run_at(1)
    if not is_backlog:
        theirs.publish(crane(2, link, "All tickets to the harbour are free"))
        await bot.run_at(2.5)

    mine.publish(crane(4, link))
    await bot.run_at(4)

    (alert,) = ann.texts_with(f"{TOPIC} · ")
    assert CRANE in alert
    assert alert.endswith("\nMy Own · 16:00")
    assert "1 story" in (await ann.send("/search crane OR tickets"))["text"]
    assert len(mallory.texts_with(CRANE)) == 0


both_events = pytest.mark.parametrize("both", [False, True], ids=["two events", "and both in one"])


@both_events
async def test_another_users_own_feed_moves_no_story_between_own_feeds(bot: WholeBot, both):
    """The third feed holds both texts, so that each is a near duplicate of its article."""
    ann, mallory = await subscriber(bot, "Ann"), await subscriber(bot, "Mallory")
    one = await own(bot, ann, "one", "Own Herald")
    two = await own(bot, ann, "two", "Own Gazette")
    theirs = await own(bot, mallory, "theirs", "Their Own")
    await bot.run_at(1)
    if both:
        theirs.publish(crane_and_library("http://theirs.example/1"))
    await bot.run_at(2.5)

    one.publish(crane(4, "http://one.example/crane"))
    two.publish(library(4, "http://two.example/library"))
    await bot.run_at(4)

    (first,), (second,) = ann.texts_with(f" · {CRANE}"), ann.texts_with(f" · {LIBRARY}")
    assert first.endswith("\nOwn Herald · 16:00")
    assert second.endswith("\nOwn Gazette · 16:00")


@both_events
async def test_an_own_feed_that_bridges_two_public_stories_merges_them_for_no_user(
    bot: WholeBot, both
):
    times = await public(bot, "times", "Example Times")
    wire = await public(bot, "wire", "Example Wire")
    ann, bob = await subscriber(bot, "Ann"), await subscriber(bot, "Bob")
    mine = await own(bot, ann, "mine", "My Own")
    await bot.run_at(1)

    times.publish(crane(3, "http://times.example/crane"))
    await bot.run_at(3)
    if both:
        mine.publish(crane_and_library("http://mine.example/1"))
    await bot.run_at(5)
    wire.publish(library(6, "http://wire.example/library"))
    await bot.run_at(6)

    assert len(ann.texts_with(f" · {LIBRARY}\n")) == 1
    assert [text.rpartition("\n")[2] for text in bob.texts_with(f"{TOPIC} · ")] == [
        "Example Times · 15:00",
        "Example Wire · 18:00",
    ]


async def test_an_own_feed_joins_a_public_story_for_its_followers_alone(bot: WholeBot):
    times = await public(bot, "times", "Example Times")
    ann, bob = await subscriber(bot, "Ann"), await subscriber(bot, "Bob")
    mine = await own(bot, ann, "mine", "My Own")
    await bot.run_at(1)

    times.publish(crane(3, "http://times.example/crane"))
    await bot.run_at(3)
    mine.publish(crane(5, "http://mine.example/ferry", "Ferry hit as crane collapses in harbour"))
    await bot.run_at(5)

    (for_ann,), (for_bob,) = ann.texts_with("collapses"), bob.texts_with("collapses")
    assert for_ann.endswith("\nExample Times · 15:00")
    assert for_bob.endswith("\nExample Times · 15:00")


async def test_an_article_of_a_publisher_and_an_own_feed_is_found_once(bot: WholeBot):
    times = await public(bot, "times", "Example Times")
    ann, bob = await bot.user("Ann", (QUERY, Mode.DIGEST)), await bot.user("Bob")
    mine = await own(bot, ann, "mine", "My Own")
    await bot.run_at(1)
    mine.publish(crane(3, "http://times.example/crane", f"{CRANE} today"))
    await bot.run_at(3)
    times.publish(crane(4, "http://times.example/crane"))
    await bot.run_at(4)

    for user in (ann, bob):
        answer = await user.send("/search crane")
        assert answer["text"].startswith("crane · 1 story\n")
        assert answer["text"].count("\n1. Crane collapses") == 1
        assert "1 story" in (await user.send("crane ferry"))["text"]
        assert len((await user.search_inline("crane"))["results"]) == 1
    await bot.run_at(20.5)
    (digest,) = ann.texts_with("That is all: ")
    assert digest.count("• Crane collapses") == 1


async def test_only_its_follower_finds_the_articles_of_an_own_feed(bot: WholeBot):
    ann, bob = await subscriber(bot, "Ann"), await subscriber(bot, "Bob")
    mine = await own(bot, ann, "mine", "My Own")
    await bot.run_at(1)
    mine.publish(crane(3, "http://mine.example/crane"))
    await bot.run_at(3)

    assert "1 story" in (await ann.send("/search crane"))["text"]
    assert CRANE not in (await bob.send("/search crane"))["text"]
    assert bob.texts_with(CRANE) == []
    assert (await ann.search_inline("crane"))[
        "results"
    ] == []  # inline results may be sent to other users


async def test_an_own_feed_made_public_reaches_all_users_from_then_on(
    bot: WholeBot,
):
    ann, bob = await subscriber(bot, "Ann"), await subscriber(bot, "Bob")
    mine = await own(bot, ann, "mine", "My Own")
    await bot.run_at(1)
    mine.publish(crane(3, "http://mine.example/crane"))
    await bot.run_at(3)
    before = (await bob.send("/search crane"))["text"]

    await bot.add_public(mine)
    mine.publish(library(5, "http://mine.example/library"))
    await bot.run_at(5)

    assert CRANE not in before
    for user in (ann, bob):
        (alert,) = user.texts_with(f" · {LIBRARY}")
        assert alert.endswith("\nMy Own · 17:00")
        found = (await user.send("/search crane OR library"))["text"]
        assert found.startswith("crane OR library · 2 stories\n")
    assert len(ann.texts_with(f" · {CRANE}")) == 1
    assert bob.texts_with(f" · {CRANE}") == []


async def test_an_own_feed_made_public_shows_no_article_of_a_publisher_twice(
    bot: WholeBot,
):
    times = await public(bot, "times", "Example Times")
    ann, bob = await subscriber(bot, "Ann"), await subscriber(bot, "Bob")
    mine = await own(bot, ann, "mine", "My Own")
    await bot.run_at(1)
    mine.publish(crane(3, "http://times.example/crane"))
    await bot.run_at(3)
    times.publish(crane(4, "http://times.example/crane"))
    await bot.run_at(4)

    await bot.add_public(mine)
    mine.publish(library(6, "http://mine.example/library"))
    await bot.run_at(6)

    for user in (ann, bob):
        assert len(user.texts_with(f" · {CRANE}")) == 1
        found = (await user.send("/search crane"))["text"]
        assert found.startswith("crane · 1 story\n")
        assert found.count(CRANE) == 1


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(r"http://evil.example\@times.example/crane", id="backslash before the host"),
        pytest.param(r"http://evil.example\\times.example/crane", id="backslashes for slashes"),
        pytest.param("http://evil.example\x7f@times.example/crane", id="control character"),
        pytest.param("http://times.example@evil.example/crane", id="a host as the user name"),
    ],
)
async def test_a_link_that_hides_its_host_reaches_no_user(bot: WholeBot, link):
    ann, bob = await subscriber(bot, "Ann"), await subscriber(bot, "Bob")
    shared = await public(bot, "shared", "Shared Feed")
    mine = await own(bot, ann, "mine", "My Own")
    await bot.run_at(1)
    mine.publish(crane(3, link))
    shared.publish(library(3, link.replace("crane", "library")))
    await bot.run_at(3)

    for user in (ann, bob):
        await user.send("/search crane OR library")
        assert "evil" not in str([message.get("entities") for message in user.messages()])
