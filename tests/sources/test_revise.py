"""What becomes of articles when their sources say something else of them."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from bot.matching.query import parse
from bot.matching.stage import MatchStage
from bot.sources import store
from bot.sources.drafts import PAGE_TIMEOUT
from bot.sources.poll import SourcePoller
from storage.articles import Article, Folded, claim_new_articles
from storage.db.engine import Storage
from storage.entries import Entry
from storage.enums import ArticleStage
from storage.matches import Match
from storage.queries import query_for
from storage.sources import AwaitedPage, Source
from tests.conftest import TurnedClock
from tests.sources.feeds_made import LONG, item, page, rss
from tests.sources.polled import DAY, HOUR, articles_of, poll_after, rows_of

pytestmark = pytest.mark.slow

MINUTE = timedelta(minutes=1)


async def move_on(storage: Storage, stage: ArticleStage = ArticleStage.PUBLISHED) -> None:
    """Let the steps behind have done their work on every article."""
    async with storage.writing() as tx:
        await tx.session.exec(update(Article).values(stage=stage, ready_at=None))


async def only_article(storage: Storage) -> Article:
    (article,) = await rows_of(storage, Article)
    return article


async def is_revised(storage: Storage) -> bool:
    return any(article.version > 1 for article in await rows_of(storage, Article))


async def poll_though_not_due(
    storage: Storage, polling: SourcePoller, clock: TurnedClock, wait: timedelta
) -> None:
    async with storage.writing() as tx:
        await tx.session.exec(update(Source).values(next_fetch_at=tx.now))
    await poll_after(polling, clock, wait)


@pytest.fixture
async def source_says(storage, adding, polling, farm, clock):
    """An article of one source that has been published; return what the source says next."""
    farm.serve("/feed.xml", rss([item(0)]))
    await adding.add(farm.url())
    async with storage.writing() as tx:
        await tx.session.exec(delete(Article))
    farm.serve("/feed.xml", rss([item(1, text=f"{LONG} A storm.")]))
    await poll_after(polling, clock)
    await move_on(storage)

    async def says(text: str, wait: timedelta = DAY, guid: str | None = None) -> None:
        farm.serve("/feed.xml", rss([item(1, text=text, guid=guid)]))
        await poll_though_not_due(storage, polling, clock, wait)

    return says


async def test_an_update_of_an_entry_is_a_version_that_is_matched_again(
    storage, source_says, clock
):
    before = await only_article(storage)

    await source_says(f"{LONG} A flood.")

    article = await only_article(storage)
    assert (article.id, article.story_id) == (before.id, before.story_id)
    assert article.text.endswith("A flood.")
    assert (article.version, article.revised_at) == (2, clock.now)
    assert (article.stage, article.owner, article.quiet) == (ArticleStage.GROUPED, None, False)
    (folded,) = await rows_of(storage, Folded)
    assert folded.text.endswith(" a flood")
    (entry,) = await rows_of(storage, Entry)
    assert entry.article_id == article.id


async def test_a_new_version_only_adds_matches(storage, source_says):
    async with storage.writing() as tx:
        storm, flood = [
            (await query_for(tx, parse(word).canonical)).id for word in ("storm", "flood")
        ]
    matching = MatchStage(storage, "me")
    await move_on(storage, ArticleStage.GROUPED)
    await matching.run_once()
    assert [match.query_id for match in await rows_of(storage, Match)] == [storm]

    await source_says(f"{LONG} A flood.")
    await matching.run_once()

    assert {match.query_id for match in await rows_of(storage, Match)} == {storm, flood}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{LONG}  A storm!", id="punctuation"),
        pytest.param(f"{LONG} A storm. 17 comments", id="a counter"),
        pytest.param(f"{LONG} A storm. https://a.example/?utm_source=rss", id="an address"),
    ],
)
async def test_a_text_that_says_the_same_makes_no_version(storage, source_says, text):
    await source_says(text)

    assert not await is_revised(storage)
    assert (await only_article(storage)).stage is ArticleStage.PUBLISHED


async def test_a_number_that_changes_with_each_poll_makes_a_version_an_hour(storage, source_says):
    await source_says(f"{LONG} A storm. Gold at 4000 dollars.")
    shown: list[tuple[int, str]] = []
    for number in range(8):
        await source_says(f"{LONG} A storm. Gold at 400{number} dollars.", 15 * MINUTE)
        article = await only_article(storage)
        shown.append((article.version, article.text[-10]))

    assert list(dict.fromkeys(shown)) == [(2, "0"), (3, "3"), (4, "7")]


@pytest.mark.parametrize("at_once", [9, 1], ids=["at once", "in parts"])
async def test_a_number_that_came_too_early_is_stored_later_though_the_feed_stays_the_same(
    storage, source_says, polling, farm, clock, monkeypatch, at_once
):
    monkeypatch.setattr(store, "_MOST", at_once)
    missing = rss([item(2), item(1, text=f"{LONG} A storm. 10 missing.")])
    await source_says(f"{LONG} A storm. 12 missing.")
    farm.serve_validated("/feed.xml", missing, "'ten'")

    await poll_though_not_due(storage, polling, clock, 15 * MINUTE)
    early = await articles_of(storage)
    await poll_though_not_due(storage, polling, clock, HOUR)
    late = await articles_of(storage)
    await poll_though_not_due(storage, polling, clock, HOUR)

    assert early["Sample news 1"].text.endswith("12 missing.")
    assert late["Sample news 1"].text.endswith("10 missing.")
    (source,) = await rows_of(storage, Source)
    assert (source.etag, source.unchanged) == ("'ten'", 1)


async def test_an_article_has_so_many_versions_and_no_more(storage, source_says):
    words = [f"{a}{b}" for a in "abcde" for b in "vwxyz"]
    for word in words:
        await source_says(f"{LONG} A {word}.", HOUR)

    article = await only_article(storage)
    assert article.version == 20
    assert article.text.endswith(f" A {words[18]}.")


async def test_an_old_article_is_not_revised(storage, source_says):
    await source_says(f"{LONG} A flood.", 4 * DAY)

    assert not await is_revised(storage)


async def test_revising_an_article_revokes_the_lease_of_the_stage_that_holds_it(
    storage, source_says
):
    await move_on(storage, ArticleStage.GROUPED)
    async with storage.writing() as tx:
        await claim_new_articles(tx, owner="me", limit=9, lease=2 * DAY)

    await source_says(f"{LONG} A flood.")

    assert (await only_article(storage)).owner is None


async def test_an_article_that_no_stage_has_claimed_is_changed_without_a_version(
    storage, source_says
):
    await move_on(storage, ArticleStage.STORED)

    await source_says(f"{LONG} A flood.")

    article = await only_article(storage)
    assert (article.version, article.stage) == (1, ArticleStage.STORED)
    assert article.text.endswith("A flood.")
    assert not await is_revised(storage)


async def test_an_entry_that_disappears_and_comes_back_is_not_new(
    storage, source_says, polling, farm, clock
):
    farm.serve("/feed.xml", rss([item(2)]))
    await poll_after(polling, clock, HOUR)

    await source_says(f"{LONG} A storm.", HOUR)

    assert len(await rows_of(storage, Article)) == 2
    assert not await is_revised(storage)


async def test_a_guid_that_changes_with_each_update_is_no_new_article(storage, source_says):
    await source_says(f"{LONG} A storm.", HOUR, guid="sample-1#2")
    await source_says(f"{LONG} A flood.", HOUR, guid="sample-1#3")

    article = await only_article(storage)
    assert article.version == 2
    assert len(await rows_of(storage, Entry)) == 3


async def test_a_guid_that_is_used_again_for_something_else_is_a_new_article(
    storage, source_says, polling, farm, clock
):
    other = item(9, text="Nobody expected that: hens.", guid="sample-1")
    farm.serve("/feed.xml", rss([other.replace("Sample news 9", "Poultry everywhere")]))

    await poll_after(polling, clock, HOUR)
    await poll_after(polling, clock, HOUR)

    titles = sorted(article.title for article in await rows_of(storage, Article))
    assert titles == ["Poultry everywhere", "Sample news 1"]
    assert not await is_revised(storage)


async def test_a_feed_that_gives_all_its_entries_new_guids_has_no_new_articles(
    storage, adding, polling, farm, clock
):
    farm.serve("/feed.xml", rss(item(n) for n in range(5)))
    await adding.add(farm.url())
    farm.serve("/feed.xml", rss(item(n, guid=f"other-{n}") for n in range(5)))

    await poll_after(polling, clock)

    assert len(await rows_of(storage, Article)) == 5
    assert not await is_revised(storage)


async def test_the_text_of_another_source_changes_nothing(
    storage, source_says, adding, polling, farm, clock
):
    farm.serve("/other.xml", rss([item(1, text=f"{LONG} A flood.")]))
    await adding.add(farm.url("/other.xml"))
    farm.serve("/other.xml", rss([item(1, text=f"{LONG} A fire.")]))

    await poll_after(polling, clock, HOUR)

    assert not await is_revised(storage)
    hashes = {entry.content_hash for entry in await rows_of(storage, Entry)}
    assert len(hashes) == 2


async def test_the_text_of_a_private_source_gives_way_to_the_operators_source(
    storage, source_says, adding, polling, farm, clock
):
    async with storage.writing() as tx:
        await tx.session.exec(update(Source).values(public=False))
    farm.serve("/other.xml", rss([item(1, text=f"{LONG} A flood.")]))

    await adding.add(farm.url("/other.xml"))

    article = await only_article(storage)
    assert article.text.endswith("A flood.")
    assert article.version == 2


@pytest.fixture
async def tasted(storage, adding, polling, farm, clock):
    """A source that gives a taste of an article whose page is at /story."""
    farm.serve("/feed.xml", rss([item(1)]))
    await adding.add(farm.url())
    async with storage.writing() as tx:
        await tx.session.exec(delete(Article))

    async def says(title_number: int, text: str) -> None:
        entry = item(title_number, link=farm.url("/story"), text=text, guid="one")
        farm.serve("/feed.xml", rss([entry]))
        await poll_after(polling, clock, HOUR)

    return says


async def test_a_page_that_comes_late_is_a_new_version(storage, tasted, completing, farm, clock):
    farm.serve("/story", page("Sample news 2", [LONG, "A brontosaurus was seen in the park."] * 2))
    await tasted(2, "A taste.")
    clock.turn(PAGE_TIMEOUT)
    await move_on(storage, ArticleStage.PUBLISHED)

    await completing.complete_due()

    article = await only_article(storage)
    assert "brontosaurus" in article.text
    assert (article.stage, article.version) == (ArticleStage.GROUPED, 2)
    assert "brontosaurus" in (await rows_of(storage, Folded))[0].text


async def test_the_page_of_an_entry_that_changes_is_read_again(
    storage, tasted, completing, farm, clock
):
    farm.serve("/story", page("Sample news 2", [LONG, "A brontosaurus was seen in the park."] * 2))
    await tasted(2, "A taste.")
    await completing.complete_due()
    await move_on(storage, ArticleStage.PUBLISHED)
    farm.serve("/story", page("Sample news 3", [LONG, "A triceratops was seen in the park."] * 2))

    await tasted(3, "Another taste.")
    between = await only_article(storage)
    await completing.complete_due()

    article = await only_article(storage)
    assert (between.title, "brontosaurus" in between.text) == ("Sample news 3", True)
    assert "triceratops" in article.text
    assert article.version == 3
    assert await rows_of(storage, AwaitedPage) == []
