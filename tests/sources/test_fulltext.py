import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from bot.sources.drafts import PAGE_TIMEOUT, PAGE_WANTED_FOR, awaiting_pages
from bot.sources.feeds.model import Document, DocumentKind, Item, Unreadable
from bot.sources.fetch.problems import HostPaused, Spent
from bot.sources.fulltext import LEASE, PRIVATE_SLOTS, PageStage
from bot.sources.lead_pictures import LeadPicture
from storage.articles import Article, Folded, FoldedText, claim_new_articles, replace_folded
from storage.db.engine import Storage
from storage.enums import FullText, SourceKind, UsageKind
from storage.sources import AwaitedPage, BoilerplateBlocks, Source, claim_pages
from storage.usage import Usage
from tests.fake_fetcher import FakeFetcher, Request, time_out, web_pages
from tests.sources.drafts_made import drafts, store_drafts
from tests.sources.fetch.conftest import follow
from tests.sources.polled import add_sources, rows_of

TURN = timedelta(seconds=2)  # for which a host rests
WORDS = "All the words of the article. " * 20


@dataclass
class Pages:
    """Reads every page as one article with these words."""

    text: str = WORDS
    kind: DocumentKind = DocumentKind.PAGE
    titles: dict[str, str] = field(default_factory=dict)
    picture: LeadPicture | None = None

    async def read(self, _data: bytes, *, url: str, **_facts: object) -> Document:
        if not self.text:
            raise Unreadable("There is no text here.", "no_text")
        title = self.titles.get(url, "From the page")
        item = Item(url=url, title=title, text=self.text, picture=self.picture)
        return Document(self.kind, items=(item,))


def url(number: int, host: str = "a.example") -> str:
    return f"https://{host}/{number}"


async def stored(
    storage: Storage, *urls: str, inside: bool = False, public: bool = True, source: str = "u"
) -> None:
    """Store a short entry for each of *urls*, the first one first."""
    (source_id,) = await add_sources(storage, f"https://{source}.example/feed", public=public)
    async with storage.writing() as tx:
        items = [Item(url=each, title=each, text="A taste.") for each in reversed(urls)]
        marked = awaiting_pages(drafts(items, tx.now), FullText.AUTO, SourceKind.FEED, None)
        await store_drafts(tx, source_id, marked, inside=inside)


def busy() -> FakeFetcher:
    """Return a fetcher whose hosts ask for a pause of ten minutes."""
    return FakeFetcher(otherwise=429, headers={"retry-after": "600"})


def completing(storage: Storage, web: FakeFetcher, pages: Pages | None = None, owner: str = "me"):
    return PageStage(storage, web, pages or Pages(), owner)


async def texts(storage: Storage) -> dict[str, str]:
    return {article.url: article.text for article in await rows_of(storage, Article)}


async def ready(storage: Storage) -> list[str]:
    async with storage.writing() as tx:
        ready = await claim_new_articles(tx, owner="x", limit=99)
    urls = {article.id: article.url for article in await rows_of(storage, Article)}
    return [urls[article.id] for article in ready]


async def test_an_article_goes_on_as_soon_as_its_page_is_in(storage):
    await stored(storage, url(1))
    assert await ready(storage) == []

    assert await completing(storage, web_pages()).complete_due() == 1

    assert await texts(storage) == {url(1): WORDS}
    assert await ready(storage) == [url(1)]
    assert await rows_of(storage, AwaitedPage) == []


@pytest.mark.parametrize(
    ("web", "pages"),
    [
        pytest.param(web_pages({url(1): time_out()}), Pages(), id="no answer"),
        pytest.param(web_pages(), Pages(text=""), id="unreadable"),
        pytest.param(web_pages(), Pages(text="Less."), id="shorter"),
        pytest.param(web_pages(), Pages(kind=DocumentKind.FEED), id="a feed"),
    ],
)
async def test_an_article_whose_page_fails_goes_on_with_the_sources_own_words(storage, web, pages):
    await stored(storage, url(1))

    await completing(storage, web, pages).complete_due()

    assert await texts(storage) == {url(1): "A taste."}
    assert await ready(storage) == [url(1)]
    assert await rows_of(storage, AwaitedPage) == []


@pytest.mark.parametrize(
    ("web", "pages"),
    [
        pytest.param(web_pages({url(1): time_out()}), Pages(), id="no answer"),
        pytest.param(web_pages(), Pages(text=""), id="unreadable"),
        pytest.param(web_pages(), Pages(text="No."), id="shorter"),
    ],
)
@pytest.mark.parametrize("is_late", [False, True], ids=["in time", "late"])
async def test_a_page_that_changes_nothing_leaves_the_search_index_alone(
    storage, clock, web, pages, *, is_late
):
    await stored(storage, url(1))
    (article,) = await rows_of(storage, Article)
    mark = FoldedText(article.id, "written", "before the page")
    async with storage.writing() as tx:
        await replace_folded(tx, [mark])
    if is_late:
        clock.turn(PAGE_TIMEOUT)
        await ready(storage)

    await completing(storage, web, pages).complete_due()

    (folded,) = await rows_of(storage, Folded)
    assert (folded.article_id, folded.title, folded.text) == mark[:3]


async def test_an_article_whose_page_is_late_goes_on_without_it(storage, clock):
    await stored(storage, url(1))

    clock.turn(PAGE_TIMEOUT)

    assert await ready(storage) == [url(1)]


async def test_the_pages_of_a_host_are_read_one_by_one_and_hold_up_no_other(storage, clock):
    await stored(storage, url(1), url(2), url(3), url(1, "b.example"))
    web = web_pages({url(1): time_out()})
    step = completing(storage, web)

    assert await step.complete_due() == 2
    assert sorted(web.urls) == [url(1), url(1, "b.example")]

    clock.turn(TURN)
    assert await step.complete_due() == 1
    clock.turn(TURN)
    assert await step.complete_due() == 1
    clock.turn(TURN)
    assert await step.complete_due() == 0
    assert web.urls[2:] == [url(2), url(3)]


async def test_no_host_is_asked_by_two_at_once(storage):
    await stored(storage, url(1), url(2), inside=True)

    claimed_by_another: list[int] = []

    async def let_another_claim(_request: Request) -> None:
        another = completing(storage, web_pages(), owner="another")
        claimed_by_another.append(await another.complete_due())

    web = web_pages()
    web.before_reply = let_another_claim
    await completing(storage, web).complete_due()

    assert claimed_by_another == [0]
    assert [(request.url, request.inside) for request in web.requests] == [(url(1), True)]


async def test_a_page_is_read_by_another_if_its_reader_died(storage, clock):
    await stored(storage, url(1))
    async with storage.writing() as tx:
        await claim_pages(tx, owner="dead", limit=1, lease=LEASE, private=False)

    assert await completing(storage, web_pages()).complete_due() == 0
    clock.turn(LEASE)

    assert await completing(storage, web_pages()).complete_due() == 1
    assert await texts(storage) == {url(1): WORDS}


async def test_a_page_with_an_unexpected_error_is_tried_again_later_and_later_then_given_up(
    storage, clock
):
    await stored(storage, url(1))
    web = web_pages({url(1): LookupError()})
    step = completing(storage, web)

    tried = []
    for minute in range(24 * 60):
        if await step.complete_due():
            tried.append(minute)
        clock.turn(timedelta(minutes=1))

    assert tried == [0, 2, 12, 72]
    assert await rows_of(storage, AwaitedPage) == []
    assert await ready(storage) == [url(1)]


async def test_a_page_with_an_unexpected_error_lets_the_others_of_its_host_be_read(storage, clock):
    await stored(storage, url(1), url(2))
    step = completing(storage, web_pages({url(1): LookupError()}))
    for _ in range(2):
        await step.complete_due()
        clock.turn(TURN)

    assert await texts(storage) == {url(1): "A taste.", url(2): WORDS}


async def test_pages_of_private_articles_keep_none_of_a_public_one_waiting(storage):
    flood = [url(1, f"host{number}.example") for number in range(40)]
    await stored(storage, *flood, public=False)
    await stored(storage, url(1, "news.example"), source="v")
    web = web_pages()

    claimed = await completing(storage, web).complete_due()

    assert claimed == PRIVATE_SLOTS + 1
    assert web.urls[0] == url(1, "news.example")
    assert [request.public for request in web.requests] == [True] + [False] * PRIVATE_SLOTS


async def test_a_slow_page_holds_its_slot_and_no_other_page(storage):
    end = asyncio.Event()

    async def hold_slow_pages(request: Request) -> None:
        if "slow" in request.url:
            await end.wait()

    web = web_pages()
    web.before_reply = hold_slow_pages
    await stored(storage, url(1, "slow.example"), url(2, "slow.example"))
    async with completing(storage, web) as step:
        await step.run_once()
        await stored(storage, url(1, "news.example"), source="v")
        assert await step.run_once() == 1
        end.set()
        await step.public.all_done()

    assert await ready(storage) == [url(1, "slow.example"), url(1, "news.example")]


@pytest.mark.parametrize("public", [True, False])
async def test_after_a_time_out_the_other_pages_of_the_host_wait_for_a_minute(
    storage, clock, public
):
    await stored(storage, url(1), url(2), public=public)
    step = completing(storage, web_pages({url(1): time_out(url(1))}))
    await step.complete_due()
    clock.turn(TURN)
    assert await step.complete_due() == 0
    clock.turn(timedelta(minutes=1))

    assert await step.complete_due() == 1


async def test_a_page_of_a_private_article_that_asks_for_a_pause_leaves_public_ones_alone(
    storage, clock
):
    await stored(storage, url(1), public=False)

    await completing(storage, busy()).complete_due()
    await stored(storage, url(2), source="v")
    clock.turn(TURN)

    assert await completing(storage, web_pages()).complete_due() == 1
    assert (await texts(storage))[url(2)] == WORDS


async def test_a_host_that_asks_to_wait_is_asked_later_and_its_articles_go_on(storage, clock):
    await stored(storage, url(1))
    wait = timedelta(minutes=10)

    await completing(storage, web_pages({url(1): HostPaused(wait)})).complete_due()

    assert await ready(storage) == [url(1)]
    assert await completing(storage, web_pages()).complete_due() == 0
    clock.turn(wait)
    assert await completing(storage, web_pages()).complete_due() == 1


async def test_a_page_that_asks_for_a_pause_pauses_its_host(storage, clock):
    await stored(storage, url(1), url(2))

    await completing(storage, busy()).complete_due()

    assert await completing(storage, web_pages(), owner="another").complete_due() == 0
    clock.turn(timedelta(minutes=10))
    for _ in range(2):
        await completing(storage, web_pages()).complete_due()
        clock.turn(TURN)
    assert await texts(storage) == {url(1): WORDS, url(2): WORDS}


async def test_a_host_that_asks_to_wait_for_very_long_is_not_asked_again(storage):
    await stored(storage, url(1))

    await completing(storage, web_pages({url(1): HostPaused(PAGE_WANTED_FOR)})).complete_due()

    assert await rows_of(storage, AwaitedPage) == []


async def test_a_page_that_is_no_longer_needed_is_not_fetched(storage, clock):
    await stored(storage, url(1))
    clock.turn(PAGE_WANTED_FOR)
    web = web_pages()

    await completing(storage, web).complete_due()

    assert web.urls == []
    assert await rows_of(storage, AwaitedPage) == []


async def test_a_title_that_the_source_did_not_give_is_that_of_the_page(storage):
    await stored(storage, url(1))

    await completing(storage, web_pages()).complete_due()

    (article,) = await rows_of(storage, Article)
    assert article.title == "From the page"


async def test_nothing_is_learned_of_a_host_from_the_pages_of_private_feeds(storage, clock):
    """A feed that lists one page under many addresses would have its text taken out for all."""
    copies = [url(number) for number in range(1, 6)]
    await stored(storage, *copies, public=False)
    step = completing(storage, web_pages(), Pages())
    for _ in copies:
        await step.complete_due()
        clock.turn(TURN)

    assert await rows_of(storage, BoilerplateBlocks) == []


async def test_pages_of_public_articles_are_read_first_on_a_host(storage, clock):
    await stored(storage, url(1), url(2), public=False)
    await stored(storage, url(3), source="v")
    web = web_pages()
    step = completing(storage, web)
    for _ in range(3):
        await step.complete_due()
        clock.turn(TURN)

    assert web.urls == [url(3), url(1), url(2)]


async def test_boilerplate_of_a_host_is_left_out_once_it_is_known(storage, clock):
    titles = {url(1): "Ferry late", url(2): "Bridge painted", url(3): "Museum opens"}
    pages = Pages(f"{WORDS}\n\nFollow us for more news of the bay.", titles=titles)
    await stored(storage, *titles, url(3, "b.example"))
    step = completing(storage, web_pages(), pages)

    for _ in titles:
        await step.complete_due()
        clock.turn(TURN)

    found = await texts(storage)
    assert [found[each].endswith("of the bay.") for each in titles] == [True, True, False]
    assert found[url(3, "b.example")].endswith("of the bay.")


def gone() -> DBAPIError:
    return DBAPIError("SELECT", {}, ConnectionResetError("it is gone"), connection_invalidated=True)


async def test_an_unavailable_database_is_logged_in_one_line(storage):
    await stored(storage, url(1))

    with capture_logs() as lines:
        await completing(storage, web_pages({url(1): gone()})).complete_due()

    assert [(line["event"], line["reason"]) for line in lines] == [
        ("what a page says could not be stored", "(builtins.ConnectionResetError) it is gone")
    ]
    assert "exc_info" not in lines[0]


async def test_a_page_that_could_not_be_stored_is_read_again_at_once(storage):
    await stored(storage, url(1))
    web = web_pages({url(1): gone()})
    step = completing(storage, web)
    await step.complete_due()
    web.replies.clear()

    assert await step.complete_due() == 1

    assert await texts(storage) == {url(1): WORDS}


@pytest.mark.parametrize(
    "web", [web_pages(), web_pages({url(1): time_out()})], ids=["read", "away"]
)
async def test_the_followers_of_a_private_source_pay_for_its_pages(storage, web):
    await stored(storage, url(1), public=False)
    (source,) = await rows_of(storage, Source)
    await follow(storage, source.id)
    web.spent = Spent(requests=2, seconds=1.5, received=9_000)

    await completing(storage, web, Pages(text="Long words. " * 1_000)).complete_due()

    paid = {row.kind: row.used for row in await rows_of(storage, Usage)}
    fetched = {UsageKind.REQUESTS: 2, UsageKind.WAITING: 1_500, UsageKind.BYTES: 9_000}
    assert paid == fetched | ({} if web.replies else {UsageKind.ENTRIES: 3})


async def test_a_page_of_a_public_source_costs_no_account(storage):
    await stored(storage, url(1))

    await completing(
        storage, FakeFetcher(otherwise=b"<html>", spent=Spent(requests=2))
    ).complete_due()

    assert await rows_of(storage, Usage) == []


@pytest.mark.parametrize("text", [WORDS, "Less."], ids=["a longer page", "a shorter page"])
async def test_a_page_gives_its_picture_to_an_article_without_one(storage, text):
    await stored(storage, url(1))
    photo = LeadPicture("https://a.example/a.jpg", 800, 450, "Fog")

    await completing(storage, web_pages(), Pages(text, picture=photo)).complete_due()

    (article,) = await rows_of(storage, Article)
    assert (article.picture_url, article.picture_width) == (photo.url, 800)
    assert article.version == 1


async def test_a_page_does_not_replace_the_picture_of_the_feed(storage):
    await stored(storage, url(1))
    async with storage.writing() as tx:
        await tx.change(update(Article).values(picture_url="https://a.example/feed.jpg"))
    photo = LeadPicture("https://a.example/page.jpg")

    await completing(storage, web_pages(), Pages(picture=photo)).complete_due()

    (article,) = await rows_of(storage, Article)
    assert article.picture_url == "https://a.example/feed.jpg"
