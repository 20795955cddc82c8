"""Stories that a digest has listed come again only when they develop."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.publishing.contents import load_digest_so_far, load_made_digest, show_section
from bot.publishing.developments import NumberChange
from bot.publishing.pages import edition_values
from storage.chats import Chat
from storage.editions import EditionStory, Listing, delivered_before, listed_before
from storage.enums import Layout, Mode
from storage.matches import Match
from storage.outbox import Delivery
from storage.subscriptions import Subscription

DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)  # Tuesday, eight o'clock in Tokyo
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NEWS = "A strong earthquake hit the north coast of Japan on Monday, leaving 12 dead in Sendai."
MORE = "A strong earthquake hit the north coast of Japan on Monday, leaving 31 dead in Sendai."


@pytest.fixture
async def query(newsroom):
    query = await newsroom.query("quake")
    chat = await newsroom.chat(next_digest_at=DUE)
    await newsroom.subscribe(chat, query, "Quakes", Mode.DIGEST)
    return query


@pytest.fixture
async def listed(query, newsroom, publishing, clock):
    """Make a digest that lists a story, and return the source of its article."""
    source = await newsroom.source()
    clock.now = DUE - HOUR
    await newsroom.article("Quake in Japan", query, source_id=source, text=NEWS)
    clock.now = DUE
    await publishing.digests()
    return source


@pytest.fixture
def continues(listed, query, newsroom, clock):
    """Return a function that stores another article about the story on the next day."""

    async def store(text: str = MORE, *, matches: bool = True):
        clock.now = DUE + 12 * HOUR
        queries = [query] if matches else []
        source = await newsroom.source("Example Post")
        article = await newsroom.article("Quake toll rises", *queries, source_id=source, text=text)
        for _ in queries:
            await newsroom.joins(article, story_id=1)
        return article

    return store


async def last_digest(publishing, newsroom, clock, days: int = 1) -> str:
    clock.now = DUE + days * DAY
    await publishing.digests()
    texts: list[str] = await newsroom.texts()
    return texts[-1]


async def test_a_story_with_a_changed_number_comes_again(continues, publishing, newsroom, clock):
    await continues()

    text = await last_digest(publishing, newsroom, clock)

    assert "1 story from 2 publishers" in text
    assert f"New since yesterday: 12 → 31 dead. {MORE}" in text
    first, second = sorted(await newsroom.all(EditionStory), key=lambda row: row.edition_id)
    assert (first.story_id, second.story_id) == (1, 1)
    assert (first.article_id, second.article_id) == (1, 2)


async def test_a_developed_story_has_the_headline_and_the_link_of_the_new_report(
    continues, publishing, newsroom, storage, clock
):
    await continues()

    (story,) = (await load_digest_so_far(storage, 1)).choice.listed
    text = await last_digest(publishing, newsroom, clock)

    assert story.title == "Quake toll rises"
    assert (story.publisher, story.article_id) == ("Example Post", 2)
    assert story.development is not None
    assert story.url == story.reports[0].url == story.development.url
    assert "Quake toll rises" in text
    assert "Quake in Japan" not in text


async def test_a_story_without_anything_new_does_not_come_again(
    continues, publishing, newsroom, clock
):
    await continues(NEWS)

    await last_digest(publishing, newsroom, clock)

    assert len(await newsroom.texts()) == 1
    assert len(await newsroom.all(EditionStory)) == 1


async def test_a_story_comes_again_only_for_articles_that_match(
    continues, publishing, newsroom, clock
):
    article = await continues(matches=False)
    await newsroom.joins(article, story_id=1)

    await last_digest(publishing, newsroom, clock)

    assert len(await newsroom.all(EditionStory)) == 1


async def test_a_development_comes_once(continues, publishing, newsroom, clock):
    await continues()
    await last_digest(publishing, newsroom, clock)

    await last_digest(publishing, newsroom, clock, days=2)

    assert len(await newsroom.all(EditionStory)) == 2


async def test_the_preview_has_the_development(continues, storage, clock):
    await continues()

    (story,) = (await load_digest_so_far(storage, 1)).choice.listed

    assert story.development
    assert story.development.changes == (NumberChange("12", "31", "dead"),)
    assert story.listed_at == DUE


async def test_a_rich_digest_shows_the_development(continues, newsroom, publishing, clock):
    await newsroom.change(Chat, 1, layout=Layout.RICH)
    await continues()

    await last_digest(publishing, newsroom, clock)

    assert any("12 → 31 dead" in str(row.body) for row in await newsroom.all(Delivery))


async def test_the_last_edition_that_listed_a_story_is_known(
    continues, publishing, newsroom, storage, clock
):
    await continues()
    await last_digest(publishing, newsroom, clock)

    async with storage.reading() as tx:
        assert await listed_before(tx, {1: {1}, 2: {1}}) == {1: {1: Listing(2, DUE + DAY)}}
        assert await delivered_before(tx, 1, {1}) == {1}
    editions = await newsroom.editions()
    assert [(one.local_date, one.stories) for one in editions] == [
        (date(2026, 3, 3), 1),
        (date(2026, 3, 4), 1),
    ]
    assert len(await newsroom.all(Match)) == 2


async def test_a_story_that_an_alert_reported_since_does_not_come_again(
    continues, newsroom, publishing, clock
):
    await continues()
    await newsroom.change(Subscription, 1, mode=Mode.BOTH)
    await publishing.alerts()

    await last_digest(publishing, newsroom, clock)

    assert len(await newsroom.alerts()) == 1
    assert len(await newsroom.all(EditionStory)) == 1


async def test_the_page_of_a_digest_shows_the_same_development(
    continues, publishing, newsroom, renderer, clock
):
    article = await continues()
    await last_digest(publishing, newsroom, clock)

    page = await load_made_digest(newsroom.storage, 1, (DUE + 2 * DAY).date(), 0)

    assert page is not None
    (story,) = page.choice.listed
    assert story.development is not None
    (change,) = story.development.changes
    assert change == NumberChange("12", "31", "dead")
    assert (story.development.text, story.development.article_id) == (MORE, article)
    assert page.view(story).known_since == (DUE + HOUR).date()
    values = edition_values(page) | {"chat": "", "before": None, "after": None}
    assert "New since yesterday" in renderer.text("archive/edition.html", **values)


async def test_the_list_of_all_stories_shows_the_development(
    continues, publishing, newsroom, renderer, clock
):
    await continues()
    await last_digest(publishing, newsroom, clock)

    (message,) = await show_section(newsroom.storage, renderer, 1, 1, (DUE + 2 * DAY).date())

    assert f"New since yesterday: 12 → 31 dead. {MORE}" in message.text
