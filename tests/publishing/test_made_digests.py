from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import delete, update

from bot.publishing.contents import load_made_digest
from bot.publishing.selection import LinkedReport
from storage.articles import Article
from storage.chats import Chat
from storage.editions import Edition, EditionStory
from storage.enums import Mode
from storage.subscriptions import Subscription
from storage.topics import Topic

# The clock stands at Monday noon, UTC; eight o'clock in Tokyo is 23:00 UTC.
DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)
TUESDAY = date(2026, 3, 3)
HOUR = timedelta(hours=1)


@pytest.fixture
def read(storage):
    """Return a function that loads the edition of a chat, a date and a schedule time."""
    return partial(load_made_digest, storage)


@pytest.fixture
async def sent(newsroom, publishing, clock):
    """Make a digest of two topics: seven stories of the first, and one of both."""
    source = await newsroom.source()
    words, more = await newsroom.query("words"), await newsroom.query("title")
    chat = await newsroom.chat(next_digest_at=DUE)
    await newsroom.subscribe(chat, words, "My words", Mode.DIGEST)
    await newsroom.subscribe(chat, more, "More words", Mode.DIGEST)
    for hours in range(7):
        await newsroom.article(f"Title {hours}", words, source_id=source, ago=hours * HOUR)
    await newsroom.article("Both", words, more, source_id=source, ago=7 * HOUR)
    clock.now = DUE
    await publishing.digests()
    return chat


async def titles(edition) -> list[list[str]]:
    return [[story.title for story in section.listed] for section in edition.choice.sections]


async def test_an_edition_is_read_again_in_full_and_in_its_order(sent, read, clock):
    clock.turn(timedelta(days=30))

    edition = await read(sent, TUESDAY, 0)

    assert [story.title for story in edition.choice.top] == ["Both"]
    assert await titles(edition) == [[f"Title {n}" for n in range(7)], []]
    assert [section.topic.name for section in edition.choice.sections] == [
        *("My words", "More words")
    ]
    assert [story.title for story in edition.choice.sections[1].above] == ["Both"]
    assert edition.choice.stories == 8
    (both,) = edition.choice.top
    assert both.publishers == ("Example Wire",)
    assert both.reports == (LinkedReport("Example Wire", both.url),)
    assert edition.now == DUE


NEWS = "The central bank of Japan raised its key rate to one percent on Monday in Tokyo."
OTHER = "Police in Oslo arrested four men on Thursday after a robbery at the national museum."


@pytest.fixture
async def told(newsroom, publishing, clock):
    """Make a digest that tells a story, and return its chat, source and query."""
    source, query = await newsroom.source(), await newsroom.query("rate")
    chat = await newsroom.chat(next_digest_at=DUE)
    await newsroom.subscribe(chat, query, "Rates", Mode.DIGEST)
    await newsroom.article("Bank raises rate", query, source_id=source, text=NEWS, ago=HOUR)
    clock.now = DUE
    await publishing.digests()
    return chat


async def test_an_old_edition_tells_what_was_told_even_if_the_report_was_changed_since(
    told, read, newsroom
):
    await newsroom.change(Article, 1, title="Robbery in Oslo", text=OTHER)

    edition = await read(told, TUESDAY, 0)

    (story,) = edition.choice.listed
    assert story.title == "Bank raises rate"
    assert edition.leads[story.id].text == NEWS


async def test_an_old_edition_shows_no_lead_that_it_did_not_have(told, read, newsroom):
    (made,) = await newsroom.editions()
    ((place, title, _),) = made.frozen
    await newsroom.change(Edition, made.id, frozen=[(place, title, [])])

    edition = await read(told, TUESDAY, 0)

    assert edition.leads == {}


async def test_a_story_that_was_only_named_gets_a_lead_on_the_page(told, read, newsroom):
    (made,) = await newsroom.editions()
    await newsroom.change(Edition, made.id, frozen=[(0, "Bank raises rate", None)])

    edition = await read(told, TUESDAY, 0)

    assert [lead.text for lead in edition.leads.values()] == [NEWS]


async def test_told_news_outlive_the_merging_of_their_story(told, read, storage):
    async with storage.writing() as tx:
        await tx.change(update(EditionStory).values(story_id=77))

    edition = await read(told, TUESDAY, 0)

    assert edition.leads[77].text == NEWS


async def test_an_old_edition_marks_the_same_words(sent, read):
    edition = await read(sent, TUESDAY, 0)

    snippet = edition.snippets[edition.choice.sections[0].listed[0].id]
    assert snippet.text == "Words on Title 0."
    assert snippet.bold


async def test_a_topic_unsubscribed_since_keeps_its_section(sent, read, storage):
    async with storage.writing() as tx:
        await tx.change(delete(Subscription))
        await tx.change(delete(Topic))

    edition = await read(sent, TUESDAY, 0)

    assert edition.choice.sections[0].topic.name == "My words"
    assert edition.snippets[edition.choice.sections[0].listed[0].id].bold == ()


async def test_an_alerted_story_stays_among_the_alerted_ones(newsroom, publishing, read, clock):
    source, query = await newsroom.source(), await newsroom.query("words")
    chat = await newsroom.chat(next_digest_at=DUE)
    await newsroom.subscribe(chat, query, "My words", Mode.BOTH)
    clock.turn(HOUR)
    await newsroom.article("Alerted", query, source_id=source)
    await publishing.alerts()
    clock.now = DUE
    await publishing.digests()

    edition = await read(chat, TUESDAY, 0)

    assert [story.title for story in edition.choice.alerted] == ["Alerted"]
    assert edition.choice.sections == ()


@pytest.mark.parametrize(
    ("day", "schedule_number"),
    [
        pytest.param(TUESDAY, 1, id="another time"),
        pytest.param(TUESDAY + timedelta(days=1), 0, id="another day"),
    ],
)
async def test_an_edition_that_was_never_made_is_none(sent, read, day, schedule_number):
    assert await read(sent, day, schedule_number) is None
    assert await read(sent + 1, TUESDAY, 0) is None


async def test_deleted_articles_are_left_out(sent, read, storage, newsroom):
    (first, *_) = await newsroom.all(EditionStory)
    async with storage.writing() as tx:
        await tx.change(delete(Article).where(Article.id == first.article_id))

    edition = await read(sent, TUESDAY, 0)

    assert edition.choice.stories == 7


async def test_an_erased_chat_has_no_editions(sent, read, storage):
    async with storage.writing() as tx:
        await tx.change(delete(Chat))

    assert await read(sent, TUESDAY, 0) is None


async def test_the_trends_of_an_old_edition_are_those_of_its_day(sent, read, newsroom, clock):
    await newsroom.change(Subscription, 1, created_at=clock.now - timedelta(days=8))
    await newsroom.change(Article, 1, stored_at=clock.now - timedelta(days=8))
    clock.turn(timedelta(days=30))

    edition = await read(sent, TUESDAY, 0)

    assert edition.trends[1].this_week == 8
