"""What a chat's own feed carries is an article of that feed; the public one is made without it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.sources.decide import SourceEntries
from bot.sources.drafts import url_hash
from bot.sources.feeds.model import Item
from storage.alerts import Alert
from storage.articles import PUBLIC, Article
from storage.chats import Chat
from storage.db.engine import Storage
from storage.entries import Entry
from storage.publishers import searchable_names
from storage.sources import Source, change_source, make_source_public, source_of
from tests.sources.drafts_made import drafts, store_in
from tests.sources.polled import add_named_source, rows_of

TEXT = "A storm closed the harbour on Monday, and the ferries stayed in their berths. "

HOUR = timedelta(hours=1)
STORM = Item("g", "https://news.example/1", "Storm", text=f"{TEXT}By the paper.")


async def show(
    storage: Storage, source_id: int, item: Item = STORM, *, backlog: bool = False
) -> None:
    async with storage.writing() as tx:
        await store_in(
            tx, SourceEntries(source_id, drafts([item], tx.now, backlog=backlog), inside=False)
        )


async def feeds(storage: Storage) -> tuple[int, int, int]:
    """Return two feeds of chats' own, and a public one."""
    async with storage.writing() as tx:
        own = [await add_named_source(tx, name, public=False) for name in ("mine", "theirs")]
        return own[0], own[1], await add_named_source(tx, "paper")


async def articles(storage: Storage) -> dict[int, Article]:
    return {article.scope_id: article for article in await rows_of(storage, Article)}


async def carried(storage: Storage) -> dict[int, int]:
    """Return which article each source carries."""
    return {entry.source_id: entry.article_id for entry in await rows_of(storage, Entry)}


def said(article: Article) -> dict[str, object]:
    return article.model_dump(exclude={"id", "story_id"})


LISTED_FIRST = {
    "newly followed": (STORM, True),
    "old": (replace(STORM, published=None, text=f"{TEXT}Long ago."), True),
    "other words": (replace(STORM, title="Sunshine", text=f"{TEXT}Invented."), False),
    "the same words": (STORM, False),
}


@pytest.mark.parametrize(("item", "backlog"), LISTED_FIRST.values(), ids=LISTED_FIRST)
async def test_a_public_article_is_what_it_would_be_without_the_private_one(
    storage, clock, item, backlog
):
    mine, _, paper = await feeds(storage)
    async with storage.writing() as tx:
        other = await add_named_source(tx, "other-paper")
    elsewhere = replace(STORM, url="https://elsewhere.example/1")
    await show(storage, mine, item, backlog=backlog)
    for version in range(30):
        await show(storage, mine, replace(item, text=f"{item.text} Version {version}."))
    clock.turn(HOUR)

    await show(storage, paper)
    await show(storage, other, elsewhere)

    private, *public = sorted(await rows_of(storage, Article), key=lambda one: -one.scope_id)
    assert private.scope_id == mine
    listed, undisturbed = (said(one) for one in sorted(public, key=lambda one: one.id))
    by_url = {name: undisturbed[name] for name in ("url", "url_hash")}
    assert listed | by_url == undisturbed
    assert (listed["url"], listed["quiet"], listed["version"]) == (STORM.url, False, 1)


async def test_followers_have_the_public_article_as_soon_as_there_is_one(storage, clock):
    mine, theirs, paper = await feeds(storage)
    await show(storage, mine)
    await show(storage, theirs)
    private = await articles(storage)
    assert private.keys() == {mine, theirs}
    await alerted(storage, private[mine])
    clock.turn(HOUR)

    await show(storage, paper)

    public = (await articles(storage))[PUBLIC]
    assert await carried(storage) == dict.fromkeys((mine, theirs, paper), public.id)
    assert [alert.article_id for alert in await rows_of(storage, Alert)] == [public.id]


async def alerted(storage: Storage, article: Article) -> None:
    async with storage.writing() as tx:
        chat = Chat(telegram_id=1, created_at=tx.now, state_since=tx.now)
        tx.session.add(chat)
        await tx.session.flush()
        tx.session.add(
            Alert(
                chat_id=chat.id,
                story_id=article.story_id,
                article_id=article.id,
                made_at=tx.now,
            )
        )


async def test_a_private_feed_brings_the_public_article_and_has_no_say_in_it(storage, clock):
    mine, _, paper = await feeds(storage)
    await show(storage, paper)
    before = said((await articles(storage))[PUBLIC])
    clock.turn(HOUR)

    await show(storage, mine, replace(STORM, title="Sunshine", text=f"{TEXT}Invented."))

    found = await articles(storage)
    assert found.keys() == {PUBLIC}
    assert said(found[PUBLIC]) == before
    article_id = found[PUBLIC].id
    assert await carried(storage) == {mine: article_id, paper: article_id}
    async with storage.reading() as tx:
        assert await searchable_names(tx, [article_id]) == {article_id: ("paper.example",)}


@pytest.mark.parametrize("public_first", [True, False])
async def test_the_public_source_makes_an_article_that_a_private_one_shows_at_once(
    storage, public_first
):
    mine, _, paper = await feeds(storage)
    invented = replace(STORM, title="Sunshine")
    async with storage.writing() as tx:
        shown = [
            SourceEntries(mine, drafts([invented], tx.now), inside=False),
            SourceEntries(paper, drafts([STORM], tx.now), inside=False),
        ]
        stored = await store_in(tx, *(shown[::-1] if public_first else shown))

    assert stored.articles == {paper: 1}
    assert {article.title for article in await rows_of(storage, Article)} == {STORM.title}


async def test_a_source_that_becomes_public_makes_nothing_public_that_it_showed_before(
    storage, clock
):
    mine, _, _ = await feeds(storage)
    await show(storage, mine, replace(STORM, title="Invented", url="https://news.example/2"))
    clock.turn(HOUR)
    async with storage.writing() as tx:
        await change_source(tx, mine, {"owner": "somebody who reads it"})
        source = await source_of(tx, url_hash("https://mine.example/feed"))
        assert source
        await make_source_public(tx, source, {"title": "Paper"})

    await show(storage, mine, backlog=True)

    found = await articles(storage)
    assert (found[PUBLIC].title, found[PUBLIC].quiet) == (STORM.title, True)
    assert await carried(storage) == {mine: found[PUBLIC].id}
    (source,) = [each for each in await rows_of(storage, Source) if each.id == mine]
    assert (source.public, source.owner, source.title) == (True, None, "Paper")
