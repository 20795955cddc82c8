"""Articles that are known under several addresses."""

import pytest
from sqlalchemy import update

from bot.sources.drafts import PAGE_TIMEOUT, url_hash
from storage.articles import Article, ArticleAddress, Folded
from storage.db.engine import Storage
from storage.entries import Entry
from storage.enums import ArticleStage
from storage.sources import AwaitedPage, Source
from storage.stories import Story
from tests.sources.feeds_made import LONG, item, page, rss
from tests.sources.polled import HOUR, poll_after, rows_of

TASTE = "A taste of the storm."


def with_canonical(address: str, title: str = "Sample news 1") -> str:
    html = page(title, [LONG, "A storm was seen."] * 2)
    return html.replace("</head>", f"<link rel='canonical' href='{address}'></head>")


@pytest.fixture
async def shows(storage, adding, polling, farm, clock):
    """Return how a source of the name shows entries: those it has at first are left out."""

    async def show(name: str, *items: str) -> None:
        path = f"/{name}.xml"
        if path not in farm.paths():
            farm.serve(path, rss([item(900, guid=f"first of {name}", text=LONG)]))
            await adding.add(farm.url(path))
        farm.serve(path, rss(items))
        await poll_after(polling, clock, HOUR)

    return show


@pytest.fixture
def named(farm) -> str:
    """Return the address that the page at /short/1 names as its own."""
    address = str(farm.url("/2026/storm-hits-harbour"))
    farm.serve("/short/1", with_canonical(address))
    return address


async def articles(storage: Storage) -> list[Article]:
    return [each for each in await rows_of(storage, Article) if each.title != "Sample news 900"]


async def test_an_article_is_found_at_the_address_that_its_page_names(
    storage, shows, completing, farm, named
):
    await shows("one", item(1, link=farm.url("/short/1"), text=TASTE))
    await completing.complete_due()

    await shows("two", item(1, link=named, text=TASTE, guid="of two"))

    (article,) = await articles(storage)
    entries = [each for each in await rows_of(storage, Entry) if each.article_id == article.id]
    assert len(entries) == 2
    assert article.url == farm.url("/short/1")


async def test_two_that_turn_out_to_be_one_are_united(storage, shows, completing, farm, named):
    await shows("one", item(1, link=named, text=LONG))
    await shows("two", item(1, link=farm.url("/short/1"), text=TASTE, guid="of two"))
    assert len(await articles(storage)) == 2

    await completing.complete_due()

    (article,) = await articles(storage)
    assert article.url == named
    sources = {e.source_id for e in await rows_of(storage, Entry) if e.article_id == article.id}
    assert len(sources) == 2
    assert {each.article_id for each in await rows_of(storage, Folded)} >= {article.id}
    assert len(await rows_of(storage, Folded)) == len(await rows_of(storage, Article))
    assert len(await rows_of(storage, Story)) == len(await rows_of(storage, Article))
    (address,) = await rows_of(storage, ArticleAddress)
    assert address.url_hash == url_hash(farm.url("/short/1"))
    assert await rows_of(storage, AwaitedPage) == []


async def test_united_articles_have_the_text_of_the_operators_source(
    storage, shows, completing, farm, named
):
    await shows("private", item(1, link=named, text=f"{LONG} Buy here."))
    async with storage.writing() as tx:
        await tx.session.exec(update(Source).values(public=False, own_network=True))
    await shows("ours", item(1, link=farm.url("/short/1"), text=TASTE, guid="of two"))

    await completing.complete_due()

    (article,) = await articles(storage)
    assert "Buy here" not in article.text
    assert article.url == farm.url("/short/1")


async def test_articles_that_were_published_are_not_united(
    storage, shows, completing, farm, clock, named
):
    await shows("one", item(1, link=named, text=LONG))
    await shows("two", item(1, link=farm.url("/short/1"), text=TASTE, guid="of two"))
    clock.turn(PAGE_TIMEOUT)
    async with storage.writing() as tx:
        await tx.session.exec(update(Article).values(stage=ArticleStage.PUBLISHED))

    await completing.complete_due()

    assert len(await articles(storage)) == 2


async def test_a_site_whose_pages_all_name_one_address_is_mistaken(
    storage, shows, completing, farm
):
    named = farm.url("/2026/storm-hits-harbour")
    farm.serve("/budget", with_canonical(named, "Parliament passes budget"))
    await shows("one", item(1, link=named, text=LONG))
    other = item(2, link=farm.url("/budget"), text="The deficit falls.")
    await shows("two", other.replace("Sample news 2", "Parliament passes budget"))

    await completing.complete_due()

    assert len(await articles(storage)) == 2


async def test_an_article_behind_a_redirect_to_another_site_has_its_address_there(
    storage, shows, completing, farm
):
    there = farm.url("/2026/storm-hits-harbour").replace("127.0.0.1", "localhost")
    farm.serve("/2026/storm-hits-harbour", page("Sample news 1", [LONG, "A storm was seen."] * 2))
    farm.redirect("/go/1", there)
    await shows("one", item(1, link=farm.url("/go/1"), text=TASTE))

    await completing.complete_due()

    (article,) = await articles(storage)
    assert article.url == there
    assert "storm was seen" in article.text


async def test_a_page_that_names_its_own_address_adds_none(storage, shows, completing, farm):
    own = farm.url("/2026/storm-hits-harbour")
    farm.serve("/2026/storm-hits-harbour", with_canonical(own))
    await shows("one", item(1, link=f"{own}?utm_source=rss", text=TASTE))

    await completing.complete_due()

    assert await rows_of(storage, ArticleAddress) == []
