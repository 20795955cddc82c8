"""Typed links: lookup, offers and private sources."""

from datetime import timedelta
from typing import Any

import pytest

from bot.sources.administration import list_sources
from bot.sources.discovery.discover import FoundFeed, LookupResult
from bot.sources.feeds.model import DocumentKind
from bot.sources.fetch.problems import Problem, ProblemCode
from storage.enums import SourceState
from storage.feeds_followed import sources_followed
from storage.sources import all_sources, change_source
from tests.chat.conftest import SAMPLE_SOURCE, Talk, labels
from tests.chat.pressings import press

FEED = "https://paper.example/feed.xml"


@pytest.fixture
def one_feed(house, clock):
    newest = clock.now - timedelta(hours=2)
    house.looking.told = LookupResult("", (FoundFeed(FEED, "Paper", newest=newest),), is_feed=True)


async def looked_at(talk: Talk, typed: str) -> dict[str, Any]:
    """Return the answer, which replaces the progress message."""
    before = len(talk.all())
    answer = await talk.says(typed)
    while answer["text"].startswith("Looking at "):
        answer = await talk.next()
    assert len(talk.all()) == before + 1
    return answer


async def added(talk: Talk, offer: dict[str, Any], label: str = "Add") -> dict[str, Any]:
    """Press the button; return the last message after all progress."""
    await talk.presses_quietly(offer, label)
    while (answer := await talk.next())["text"].startswith(("Reading", "Looking at")):
        pass
    return answer


async def test_a_feed_is_offered_and_added_as_private(house, ann, one_feed, one_storage):
    offer = await looked_at(ann, FEED)
    answer = await added(ann, offer)

    assert offer["text"].startswith("Add Paper? Last story 2 hr ago.")
    assert labels(offer) == ["Add", "Not now"]
    assert answer["text"].startswith("Added Own Times. Its new stories reach")
    async with one_storage.reading() as tx:
        (source,) = await all_sources(tx)
        assert source.url == FEED
        assert not source.public
        assert [s.id for s in await sources_followed(tx, 1)] == [source.id]


async def test_a_link_after_the_command_is_looked_up(ann, one_feed):
    offer = await looked_at(ann, f"/subscribe {FEED}")

    assert offer["text"].startswith("Add Paper? Last story 2 hr ago.")


async def test_a_site_offers_a_choice_of_its_feeds(house, ann):
    offers = tuple(FoundFeed(f"{FEED}?{n}", f"Section {n}") for n in range(5))
    house.looking.told = LookupResult("", offers)

    offer = await looked_at(ann, "https://paper.example/")
    await added(ann, offer, "Add 4")
    mine = await ann.says("/sources")

    assert offer["text"].startswith("paper.example has 5 feeds. Which should I read for you?")
    assert "4. Section 3 · its stories have no dates" in offer["text"]
    assert mine["entities"][1]["url"] == f"{FEED}?3"


async def test_a_lookalike_host_is_shown_in_punycode(house, ann):
    lookalike = "https://\u0430pple.com/"
    offers = tuple(FoundFeed(f"{lookalike}{n}", f"Section {n}") for n in range(2))
    house.looking.told = LookupResult("", offers)

    begun = await ann.says(lookalike)
    offer = await ann.next()

    assert begun["text"].startswith("Looking at xn--pple-43d.com …")
    assert offer["text"].startswith("xn--pple-43d.com has 2 feeds.")


async def test_an_article_offers_its_keywords_and_the_feeds_of_its_site(
    house, ann, one_feed, clock
):
    feeds = house.looking.told.feeds
    text = "The Santa Rosalia sank off Bohara. Police in Bohara hold the captain. " * 5
    title = "Captain of sunken ferry Santa Rosalia detained"
    house.looking.told = LookupResult("", feeds, title=title, text=text)

    words = await looked_at(ann, "https://paper.example/2026/ferry")
    card = await ann.presses(words, "Santa Rosalia")
    offer = await added(ann, words, "Feeds of this site")

    assert words["text"].startswith(f"{title}\n\nSubscribe to its words?")
    assert card["text"].startswith('"Santa Rosalia" · nothing')
    assert offer["text"].startswith("Add Paper?")


async def test_an_unread_article_of_a_paused_source_says_so(house, ann, news, one_storage):
    await news("A ferry in the fog", "A text.")
    (source,) = await list_sources(one_storage)
    async with one_storage.writing() as tx:
        await change_source(tx, source.id, {"state": SourceState.PAUSED})
    text = "The Santa Rosalia sank off Bohara. " * 5
    house.looking.told = LookupResult("https://news.example.org/9", title="Sunk", text=text)

    words = await looked_at(ann, "https://news.example.org/9")

    assert words["text"].startswith("Sunk\n\nSample Times: paused")


async def test_an_unreadable_page_is_reported_with_alternatives(house, ann):
    house.looking.told = LookupResult("", problem=Problem(ProblemCode.PRIVATE_ADDRESS))

    answer = await looked_at(ann, "http://10.0.0.1/feed")

    assert answer["text"].startswith("I can't read 10.0.0.1: it leads to a local network")
    assert "with the setting ALLOWED_NETWORKS. Type a query instead" in answer["text"]
    assert labels(answer) == ["Type a query", "Catalogue"]


async def test_a_public_source_is_not_looked_up(house, ann, news):
    await news("A title", "A text.")

    answer = await ann.says(SAMPLE_SOURCE)

    assert answer["text"].startswith("I already read Sample Times for everybody")
    assert house.looking.asked == []


async def test_an_admin_may_add_a_public_source(house, admin, one_feed):
    offer = await looked_at(admin, FEED)
    answer = await added(admin, offer, "Add for everybody")

    assert house.adding.asked == [FEED]
    assert answer["text"].startswith("Added Sample Times, with 12 articles.")


async def test_a_forged_button_does_not_add_a_public_source(house, ann, one_feed):
    offer = await looked_at(ann, FEED)

    message = {name: offer[name] for name in ("message_id", "date", "chat", "text")}
    await house.feed(press(ann.who.id, "follow:0:1", **message))

    assert house.adding.asked == []


async def test_private_sources_are_listed_removed_and_restored(ann, one_feed):
    await added(ann, await looked_at(ann, FEED))

    listed = await ann.says("/sources")
    one = await ann.presses(listed, "1")
    removed = await ann.presses(one, "Unfollow")
    again = await ann.presses(removed, "Undo", "‹ Your sources")

    assert listed["text"].startswith("Your own source\n\n1. Own Times · not read yet")
    assert one["text"].startswith(f"Own Times\n{FEED}")
    assert removed["text"] == "Unfollowed Own Times."
    assert again["text"] == listed["text"]


async def test_an_undo_expires_after_ten_minutes(ann, one_feed, clock):
    await added(ann, await looked_at(ann, FEED))
    removed = await ann.says("/sources", "1", "Unfollow")

    clock.turn(timedelta(minutes=11))

    assert "no longer follow" in await ann.presses_quietly(removed, "Undo")


async def test_the_source_of_another_chat_cannot_be_seen_or_followed(house, ann, one_feed):
    await added(ann, await looked_at(ann, FEED))
    listed = await ann.says("/sources")
    bob = house.talk("Bob")
    await bob.says("/start")

    for data in ("ownsource:1", "unfollow:1", "refollow:1"):
        told = await bob.presses_quietly(await house.show_button(bob, data), "By hand")
        assert "no longer follow" in told
    assert (await ann.says("/sources"))["text"] == listed["text"]


async def test_the_limit_of_private_sources_is_reported(house, ann):
    offers = tuple(FoundFeed(f"{FEED}?{n}", f"Section {n}") for n in range(5))
    house.looking.told = LookupResult("", offers)
    offer = await looked_at(ann, "https://paper.example/")
    for number in (1, 2, 3):
        await added(ann, offer, f"Add {number}")

    told = await ann.presses_quietly(offer, "Add 4")

    assert told.startswith("You follow 3 sources of your own")


async def test_an_empty_source_list_explains_how_to_add_one(ann):
    assert (await ann.says("/sources"))["text"].startswith(
        "You haven't added a source of your own."
    )


@pytest.mark.parametrize("origin", ["channel", "chat", "user", "hidden_user"])
async def test_a_forwarded_post_offers_its_keywords(house, ann, origin):
    post = "Ferry Santa Rosalia sinks off Bohara\n\nThe Santa Rosalia went down near Bohara."

    house.playground.forward(ann.who, post, origin=origin)
    words = await ann.next()
    card = await ann.presses(words, "Santa Rosalia")

    assert words["text"].startswith("Subscribe to its words?")
    assert card["text"].startswith('"Santa Rosalia" · nothing')


async def test_the_caption_of_a_forwarded_picture_is_read(house, ann):
    house.playground.forward(ann.who, "台湾東部で地震、花蓮で津波", as_caption=True)

    assert "花蓮" in str(labels(await ann.next()))


async def test_the_link_of_a_short_forwarded_post_is_looked_up(house, ann, one_feed):
    link = [{"type": "text_link", "offset": 0, "length": 4, "url": FEED}]

    house.playground.forward(ann.who, "Read this", entities=link)
    while (offer := await ann.next())["text"].startswith("Looking at"):
        pass

    assert offer["text"].startswith("Add Paper?")
    assert house.looking.asked == [FEED]


async def test_a_forwarded_emoji_is_nonsense(house, ann):
    house.playground.forward(ann.who, "🙂")

    assert (await ann.next())["text"].startswith("I found nothing")


CHANNEL = "https://t.me/s/sample_quay"
OFFER = FoundFeed(
    CHANNEL,
    "Quay News",
    DocumentKind.CHANNEL,
    3,
    latest=("Ferry 9 to Kinmen is late.", "Fog closes the harbour."),
    description="<b>All</b> of the quay.\n\nDay & night.\nA third line.",
)


async def after_reading(talk: Talk) -> dict[str, Any]:
    while (shown := await talk.next())["text"].startswith("Looking at"):
        pass
    return shown


@pytest.mark.parametrize(
    "typed", ["@sample_quay", "t.me/sample_quay", "tg://resolve?domain=sample_quay"]
)
async def test_the_name_of_a_channel_offers_to_follow_it(house, ann, typed):
    house.looking.told = LookupResult("", (OFFER,), is_feed=True)

    house.playground.send(ann.who, typed)
    offer = await after_reading(ann)

    assert offer["text"].startswith("Follow the channel Quay News?")
    assert "• Ferry 9 to Kinmen is late.\n• Fog closes the harbour." in offer["text"]
    assert "<b>All</b> of the quay.\nDay & night.\n" in offer["text"]
    assert "third" not in offer["text"]
    assert labels(offer)[0] == "Follow this channel"
    assert ("Search for this word instead" in labels(offer)) is (typed == "@sample_quay")


async def test_a_name_can_be_searched_for_instead(house, ann):
    house.looking.told = LookupResult("", (OFFER,), is_feed=True)
    house.playground.send(ann.who, "@sample_quay")

    card = await ann.presses(await after_reading(ann), "Search for this word")

    assert card["text"].startswith("sample_quay")


async def test_a_name_that_is_no_channel_is_refused_with_the_reason(house, ann):
    problem = Problem(ProblemCode.TELEGRAM_USER)
    house.looking.told = LookupResult("", problem=problem)

    house.playground.send(ann.who, "@somebody")
    told = await after_reading(ann)

    assert told["text"].startswith("I can't read @somebody: it is a Telegram user, not a channel.")
    assert "Search for this word instead" in labels(told)


async def test_a_forwarded_post_of_a_public_channel_offers_the_channel_and_its_words(house, ann):
    house.looking.told = LookupResult("", (OFFER,), is_feed=True)
    text = "Ferry Santa Rosalia sinks off Bohara\n\nThe Santa Rosalia went down near Bohara."

    house.playground.forward(ann.who, text, username="sample_quay")
    offer = await after_reading(ann)

    assert house.looking.asked == [CHANNEL]
    assert offer["text"].startswith("Follow the channel Quay News?")
    assert "Santa Rosalia" in str(labels(offer))


async def test_a_forwarded_post_of_a_followed_channel_offers_its_words(house, ann):
    house.looking.told = LookupResult("", (OFFER,), is_feed=True)
    house.playground.send(ann.who, "@sample_quay")
    followed = await ann.presses(await after_reading(ann), "Follow this channel")

    house.playground.forward(
        ann.who, "Ferry Santa Rosalia sinks off Bohara", username="Sample_Quay"
    )
    words = await after_reading(ann)

    assert "Own Times" in followed["text"]
    assert words["text"].startswith("Subscribe to its words?")
