import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.evaluate import article_folded, reasons
from bot.matching.query import parse
from bot.matching.query.ast import And, Node, Not, Or, conjunction, disjunction, negation, term
from bot.slices import finished
from bot.sources.administration import is_search_feed, sources_as_opml
from bot.sources.discovery.search_feeds import (
    KEPT,
    MAX_SEARCH_CHARACTERS,
    MAX_SEARCH_WORDS,
    plan_search_feeds,
    search_addresses,
    search_texts,
    search_url,
    update_search_feeds,
)
from bot.sources.drafts import url_hash, wants_page
from bot.sources.feeds.model import Item
from storage.articles import Article
from storage.entries import Entry
from storage.enums import ChatState, FullText, Mode, SourceKind, SourceState
from storage.publishers import publisher_names, searchable_names, sources_named
from storage.sources import AwaitedPage, SearchFeed, Source
from tests.publishing.newsroom import Newsroom
from tests.sources.feeds_made import rss
from tests.sources.polled import HOUR, poll_after, rows_of


@pytest.fixture
def newsroom(storage) -> Newsroom:
    return Newsroom(storage)


@pytest.fixture
def update(storage, farm) -> Callable[..., Awaitable[int]]:
    """Return what creates, revives and retires search feeds."""
    templates = (farm.url("/search?q={query}"),)
    return partial(update_search_feeds, storage, templates=templates, budget=9)


@pytest.fixture
async def subscribed(newsroom: Newsroom) -> int:
    """Return the chat that subscribes to tea."""
    chat = await newsroom.chat()
    await newsroom.subscribe(chat, await newsroom.query("tea"), "Tea", Mode.BOTH)
    return chat


def found(farm, number: int, title: str, name: str, published="Mon, 02 Mar 2026 11:00:00 GMT"):
    """Return what a service finds: a link through itself, under a number that changes."""
    summary = f"&lt;a href='x'&gt;{title}&lt;/a&gt;&amp;nbsp;{name}"
    return (
        f"<item><title>{title} - {name}</title><link>{farm.url(f'/rss/articles/{number}')}</link>"
        f"<guid isPermaLink='false'>id-{number}</guid><pubDate>{published}</pubDate>"
        f"<description>{summary}</description><source "
        f"url='https://www.{name.lower()}.example'>{name}</source>"
        "</item>"
    )


async def test_a_subscribed_query_gets_a_search_feed(storage, update, subscribed, farm):
    assert await update() == 1
    assert await update() == 0

    (source,) = await rows_of(storage, Source)
    assert (source.url, source.kind) == (farm.url("/search?q=tea"), SourceKind.SEARCH)
    assert (source.public, source.title) == (True, "127.0.0.1")


async def test_a_source_of_the_operator_is_no_search_feed(
    storage, update, adding, subscribed, farm
):
    farm.serve("/search", rss([found(farm, 1, "Tea is picked", "Post")]))
    await adding.add(farm.url("/search?q=tea"))

    assert await update() == 0

    (source,) = await rows_of(storage, Source)
    assert source.kind is SourceKind.FEED


async def test_two_processes_create_each_search_feed_once(storage, update, subscribed):
    await asyncio.gather(*(update() for _ in range(4)))

    assert len(await rows_of(storage, Source)) == 1


@pytest.mark.parametrize(
    ("is_muted", "chat"),
    [
        pytest.param(True, {}, id="the topic is muted for good"),
        pytest.param(False, {"state": ChatState.BLOCKED}, id="the chat has blocked us"),
    ],
)
async def test_muted_topics_get_no_search_feed(update, newsroom, is_muted, chat):
    chat_id = await newsroom.chat(**chat)
    topic = await newsroom.subscribe(chat_id, await newsroom.query("tea"), "Tea", Mode.BOTH)
    if is_muted:
        await newsroom.mute_topic(chat_id, topic)

    assert await update() == 0


async def test_the_most_subscribed_query_comes_first(storage, update, newsroom, farm):
    rain, tea = await newsroom.query("rain"), await newsroom.query("tea")
    for telegram_id, queries in ((1, [rain, tea]), (2, [tea])):
        chat = await newsroom.chat(telegram_id)
        for query in queries:
            await newsroom.subscribe(chat, query, "Words", Mode.BOTH)

    await update(budget=1)

    assert [source.url for source in await rows_of(storage, Source)] == [farm.url("/search?q=tea")]


async def test_an_unused_search_feed_is_retired_and_later_deleted(
    storage, update, newsroom, subscribed, clock
):
    await update()
    await newsroom.mute_topic(1, 1)

    await update()
    (resting,) = await rows_of(storage, Source)
    clock.turn(KEPT + HOUR)
    await update()

    assert resting.state is SourceState.RETIRED
    assert await rows_of(storage, Source) == []


async def test_a_retired_search_feed_is_not_polled_and_starts_with_a_backlog_when_revived(
    storage, update, polling, newsroom, subscribed, farm, clock
):
    farm.serve("/search", rss([found(farm, 1, "Tea is picked", "Post")]))
    await update()
    await polling.poll_due()
    await newsroom.mute_topic(1, 1)
    await update()
    assert await poll_after(polling, clock) == 0

    await newsroom.unmute_topic(1, 1)
    farm.serve("/search", rss([found(farm, 2, "Tea is dried", "Post")]))
    await update()
    await polling.poll_due()

    assert all(article.quiet for article in await rows_of(storage, Article))
    assert len(await rows_of(storage, Article)) == 2


async def test_without_the_setting_all_search_feeds_are_retired(storage, update, subscribed):
    await update()

    assert await update(templates=()) == 1

    (source,) = await rows_of(storage, Source)
    assert source.state is SourceState.RETIRED


async def test_entries_of_a_search_feed_have_their_publishers(
    storage, update, polling, subscribed, farm, clock
):
    farm.serve("/search", rss([]))
    await update()
    await polling.poll_due()
    items = [found(farm, 1, "Tea is picked", "Post"), found(farm, 2, "Tea is picked", "Times")]
    farm.serve("/search", rss(items))
    await poll_after(polling, clock, 2 * HOUR)

    stored = await rows_of(storage, Article)
    async with storage.reading() as tx:
        publishers = await publisher_names(tx, {article.story_id: article.id for article in stored})
        names_found = await searchable_names(tx, [article.id for article in stored])
    assert [article.title for article in stored] == ["Tea is picked"] * 2
    assert [article.text for article in stored] == [""] * 2
    assert sorted(tuple(names) for names in publishers.values()) == [("Post",), ("Times",)]
    assert {names[-2:] for names in names_found.values()} == {
        ("Post", "post.example"),
        ("Times", "times.example"),
    }
    assert await rows_of(storage, AwaitedPage) == []


async def test_an_entry_with_another_number_is_known(
    storage, update, polling, subscribed, farm, clock
):
    farm.serve("/search", rss([found(farm, 1, "Tea is picked", "Post")]))
    await update()
    await polling.poll_due()
    farm.serve("/search", rss([found(farm, 77, "Tea is picked", "Post")]))

    await poll_after(polling, clock, 2 * HOUR)

    assert len(await rows_of(storage, Article)) == 1
    assert len(await rows_of(storage, Entry)) == 1


async def test_two_search_feeds_share_an_article(
    storage, update, polling, newsroom, subscribed, farm, clock
):
    await newsroom.subscribe(subscribed, await newsroom.query("leaves"), "Leaves", Mode.BOTH)
    farm.serve("/search", rss([found(farm, 1, "Tea is picked", "Post")]))
    await update()

    await poll_after(polling, clock, timedelta(minutes=1))

    (article,) = await rows_of(storage, Article)
    assert len(await rows_of(storage, Entry)) == 2
    async with storage.reading() as tx:
        assert await publisher_names(tx, {article.story_id: article.id}) == {
            article.story_id: ("Post",)
        }


async def test_a_search_feed_is_polled_every_half_hour_to_two_hours(
    storage, update, polling, subscribed, farm, clock
):
    farm.serve("/search", rss([found(farm, n, f"Tea {n}", "Post") for n in range(5)]))
    await update()
    await polling.poll_due()
    (fresh,) = await rows_of(storage, Source)
    farm.serve("/search", rss([found(farm, 9, "Tea", "Post", "Sat, 03 Jan 2026 11:00:00 GMT")]))
    await poll_after(polling, clock, HOUR)
    (stale,) = await rows_of(storage, Source)

    assert fresh.next_fetch_at - (clock.now - HOUR) == timedelta(minutes=30)
    assert stale.next_fetch_at - clock.now == timedelta(hours=2)


async def test_search_feeds_are_not_exported(storage, update, subscribed, farm):
    await update()

    assert await is_search_feed(storage, farm.url("/search?q=tea"))
    assert not await is_search_feed(storage, farm.url("/search?q=rain"))
    assert b"search" not in await sources_as_opml(storage)


async def test_a_query_for_a_source_covers_search_feeds(storage, update, subscribed):
    await update()

    async with storage.reading() as tx:
        assert len(await sources_named(tx, lambda _host, _title: False, subscribed)) == 1


def test_a_page_behind_an_indirect_link_is_not_read():
    assert wants_page(Item(url="https://a.example/1"), FullText.AUTO)
    assert not wants_page(Item(url="https://a.example/1", is_detour=True), FullText.ALWAYS)


ONE = ("https://s.example/rss?q={query}",)
TWO = (*ONE, "https://t.example/feed/{query}")


def old(id_: int, query: str, *, retired: bool = False) -> SearchFeed:
    return SearchFeed(id_, url_hash(f"https://s.example/rss?q={query}"), retired)


def test_a_query_is_searched_for_at_every_service():
    assert search_addresses('"green tea" cocoa', TWO) == [
        "https://s.example/rss?q=%22green%20tea%22%20cocoa",
        "https://t.example/feed/%22green%20tea%22%20cocoa",
    ]


@pytest.mark.parametrize("query", ["lang:en source:a.example", "tea*", "tea AND AND"])
def test_conditions_that_no_search_knows_have_no_search_feed(query):
    assert search_addresses(query, TWO) == []


@pytest.mark.parametrize(
    ("queries", "existing", "budget", "start", "revive", "retire"),
    [
        pytest.param(["tea", "rain"], [], 9, ["tea", "rain"], [], [], id="new ones"),
        pytest.param(["tea"], [old(1, "tea")], 9, [], [], [], id="nothing to do"),
        pytest.param(["tea", "rain", "fog"], [], 2, ["tea", "rain"], [], [], id="budget"),
        pytest.param(
            [], [old(1, "tea"), old(2, "fog", retired=True)], 9, [], [], [1], id="no subscription"
        ),
        pytest.param(["tea"], [old(1, "tea", retired=True)], 9, [], [1], [], id="subscribed again"),
        pytest.param(["rain", "tea"], [old(1, "tea")], 1, [], [], [], id="a place is kept"),
        pytest.param(
            ["fog", "tea"], [old(1, "tea"), old(2, "fog")], 1, [], [], [2], id="less room"
        ),
        pytest.param(["tea"], [old(1, "tea")], 0, [], [], [1], id="no room"),
        pytest.param(["lang:en"], [], 9, [], [], [], id="no search for it"),
    ],
)
def test_a_plan_follows_the_subscriptions(queries, existing, budget, start, revive, retire):
    wanted = plan_search_feeds(queries, existing, ONE, budget)

    assert wanted.start == tuple(f"https://s.example/rss?q={query}" for query in start)
    assert (wanted.revive, wanted.retire) == (tuple(revive), tuple(retire))


words = st.sampled_from(["tea", "rain", "fog", "snow", "cocoa"])


@given(
    st.lists(words, unique=True),
    st.lists(st.tuples(words, st.booleans()), unique_by=lambda one: one[0]),
    st.integers(0, 6),
)
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(queries, before, budget):
    existing = [old(at, query, retired=retired) for at, (query, retired) in enumerate(before)]
    wanted = plan_search_feeds(queries, existing, ONE, budget)

    after = [
        replace(one, is_retired=one.is_retired or one.id in wanted.retire)
        for one in existing
        if one.id not in wanted.revive
    ]
    after += [replace(one, is_retired=False) for one in existing if one.id in wanted.revive]
    after += [old(100 + at, url.rpartition("=")[2]) for at, url in enumerate(wanted.start)]

    assert not plan_search_feeds(queries, after, ONE, budget)
    assert sum(not one.is_retired for one in after) <= budget


@pytest.mark.parametrize(
    ("query", "text"),
    [
        pytest.param("Taiwan", "taiwan", id="a word"),
        pytest.param('"consul general"', '"consul general"', id="a phrase"),
        pytest.param("Taiwan consul", "consul taiwan", id="both"),
        pytest.param('Taiwan OR "consul general"', '"consul general" OR taiwan', id="either"),
        pytest.param("(a1 OR b2) c3", "(a1 OR b2) c3", id="brackets"),
        pytest.param("tea OR (cocoa -milk)", "(cocoa -milk) OR tea", id="brackets of both"),
        pytest.param("tea -milk", "tea -milk", id="not a word"),
        pytest.param('tea -"full fat"', 'tea -"full fat"', id="not a phrase"),
        pytest.param("tea -milk*", "tea", id="not a beginning: too much would go"),
        pytest.param("tea -title:milk", "tea", id="not in the title: too much would go"),
        pytest.param('tea -"Milk"c', "tea", id="not as it is spelt: too much would go"),
        pytest.param("tea -(milk sugar)", "tea", id="not both: too much would go"),
        pytest.param("title:tea", "tea", id="in the title"),
        pytest.param('"Tea"c', "Tea", id="as it is spelt"),
        pytest.param("tea NEAR/3 milk", "milk tea", id="near"),
        pytest.param("tea lang:en source:paper.example", "tea", id="surroundings"),
        pytest.param("tea milk*", "tea", id="a beginning beside a word"),
        pytest.param('"green tea*"', "green", id="a phrase that ends in a beginning"),
        pytest.param("台湾", "台湾", id="unspaced"),
        pytest.param('tea "or"', '"or" tea', id="a word that is an operator"),
        pytest.param("milk*", "", id="a beginning alone"),
        pytest.param("tea OR milk*", "", id="or a beginning"),
        pytest.param('"the tea*"', "", id="a stop word before a beginning"),
        pytest.param("the source:paper.example", "", id="a stop word beside a source"),
        pytest.param("cup (tea OR -milk)", "cup", id="or not"),
        pytest.param("tea OR source:paper.example", "", id="or a source"),
        pytest.param(f'tea "{"cup " * 120}"', "tea", id="a part too long"),
        pytest.param(f'"{"cup " * 120}"', "", id="too long"),
    ],
)
def test_a_query_becomes_a_search(query, text):
    assert search_texts(parse(query).tree) == ((text,) if text else ())


def test_a_long_list_of_words_becomes_several_searches():
    words = [f"word{number}" for number in range(60)]

    texts = search_texts(parse(" OR ".join(words)).tree)

    assert len(texts) > 1
    assert sorted(" OR ".join(texts).split(" OR ")) == sorted(words)
    assert all(
        len(text) <= MAX_SEARCH_CHARACTERS and len(text.split()) <= MAX_SEARCH_WORDS
        for text in texts
    )


def test_only_some_of_many_required_words_are_searched_for():
    words = [f"word{number}" for number in range(35)]

    (text,) = search_texts(parse(f"{' '.join(words)} -milk").tree)

    assert len(text.split()) == MAX_SEARCH_WORDS
    assert set(text.split()) <= set(words)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        pytest.param('a "b c"', "https://s.example/rss?q=a%20%22b%20c%22&hl=en", id="escaped"),
        pytest.param("at&t/x", "https://s.example/rss?q=at%26t%2Fx&hl=en", id="signs"),
        pytest.param("台" * 300, "", id="too long"),
    ],
)
def test_a_search_has_an_address(text, url):
    assert search_url("https://s.example/rss?q={query}&hl=en", text) == url


WORDS = ("tea", "milk", "sugar", "cup")
leaves = st.builds(
    lambda words, prefix, title: term(words, prefix=prefix, title=title),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2),
    st.booleans(),
    st.booleans(),
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(conjunction)
        | st.lists(inner, min_size=2, max_size=3).map(disjunction)
        | inner.map(negation)
    ),
    max_leaves=6,
)


def matches(tree: Node, title: str, text: str) -> bool:
    return bool(reasons(tree, finished(article_folded(title, text))))


def urls_of(text: str, article: str) -> bool:
    """Search as a service would: the words anywhere in the article."""
    return matches(parse(text).tree, "", article)


@given(trees, st.lists(st.sampled_from(WORDS), max_size=8))
def test_a_search_finds_all_that_the_query_matches(tree, words):
    texts = search_texts(tree)
    title, body = " ".join(words[:3]), " ".join(words[3:])

    if texts and matches(tree, title, body):
        assert any(urls_of(text, f"{title} {body}") for text in texts)


@given(trees)
def test_a_search_never_consists_of_exclusions_only(tree):
    for text in search_texts(tree):
        assert any(not isinstance(part, Not) for part in parts(parse(text).tree))


def parts(node: Node) -> tuple[Node, ...]:
    return node.operands if isinstance(node, And | Or) else (node,)
