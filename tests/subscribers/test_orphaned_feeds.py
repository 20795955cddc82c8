"""A feed without followers goes with its articles; sent messages stay."""

from datetime import timedelta

import pytest
from sqlmodel import SQLModel, col, select

from bot.subscribers import deletion, own_feeds
from storage import retention
from storage.alerts import Alert
from storage.articles import Article, Folded, FoldedText, store_folded
from storage.db.engine import Storage
from storage.entries import Entry
from storage.enums import DeliveryKind
from storage.feeds_followed import follow, forget_unfollowed
from storage.matches import Match
from storage.outbox import Delivery
from storage.sources import AwaitedPage, Source
from storage.stories import Story
from tests.publishing.newsroom import Newsroom
from tests.subscribers.conftest import count

DAY = timedelta(days=1)
OF_ARTICLES: tuple[type[SQLModel], ...] = (
    Article,
    Entry,
    Folded,
    Match,
    Alert,
    AwaitedPage,
    Story,
    Source,
)


@pytest.fixture
def own_feed(storage: Storage, newsroom: Newsroom):
    """Return how to make a private feed with articles and followers; it returns our row."""

    async def made(*followers: int, articles: int = 3, name: str = "Own") -> int:
        source_id = await newsroom.source(name, public=False)
        query = await newsroom.query(f"words of {name}")
        for number in range(articles):
            article = await newsroom.article(
                f"{name} {number}", query, source_id=source_id, scope_id=source_id
            )
            async with storage.writing() as tx:
                await store_folded(tx, [FoldedText(article, name, "quagga", "en")])
                await tx.add(
                    AwaitedPage(
                        article_id=article,
                        url="https://own.example/1",
                        host="own.example",
                        awaited_since=tx.now,
                        due_at=tx.now,
                    )
                )
                for chat_id in followers:
                    row = await tx.get_one(Article, article)
                    await tx.add(
                        Alert(
                            chat_id=chat_id,
                            story_id=row.story_id,
                            article_id=article,
                            made_at=tx.now,
                        )
                    )
        async with storage.writing() as tx:
            for chat_id in followers:
                await follow(tx, chat_id, source_id)
        return source_id

    return made


async def left(storage: Storage) -> dict[str, int]:
    return {str(table.__tablename__): await count(storage, table) for table in OF_ARTICLES}


async def test_the_articles_of_a_feed_go_when_no_follower_can_undo(
    arrive, storage, clock, own_feed
):
    ann, bob = await arrive(1), await arrive(2)
    source = await own_feed(ann, bob)
    clock.turn(5 * DAY)

    await own_feeds.unfollow_feed(storage, ann, source)
    clock.turn(DAY)
    await deletion.purge_deleted(storage)
    with_bob = await left(storage)
    await own_feeds.unfollow_feed(storage, bob, source)
    await deletion.purge_deleted(storage)
    undoable = await left(storage)
    clock.turn(timedelta(minutes=11))
    await deletion.purge_deleted(storage)

    assert with_bob["article"] == undoable["article"] == 3
    assert set((await left(storage)).values()) == {0}


async def test_an_undo_finds_everything_as_it_was(arrive, storage, clock, own_feed):
    ann = await arrive(1)
    source = await own_feed(ann)
    clock.turn(DAY)
    before = await left(storage)

    await own_feeds.unfollow_feed(storage, ann, source)
    clock.turn(timedelta(minutes=9))
    await deletion.purge_deleted(storage)
    await own_feeds.follow_feed_again(storage, ann, source)
    clock.turn(DAY)
    await deletion.purge_deleted(storage)

    assert await left(storage) == before


async def test_erasing_a_chat_takes_the_articles_of_its_own_feeds_at_once(
    arrive, storage, own_feed
):
    ann, bob = await arrive(1), await arrive(2)
    await own_feed(ann)
    shared = await own_feed(ann, bob, name="Shared")

    await deletion.delete_chat(storage, ann, 1)

    async with storage.reading() as tx:
        scopes = set(await tx.rows(select(Article.scope_id)))
        sources = list(await tx.rows(select(Source.id)))
    assert scopes == {shared}
    assert sources == [shared]


async def test_messages_that_were_sent_stay(arrive, storage, clock, own_feed):
    ann = await arrive(1)
    source = await own_feed(ann, articles=1)
    async with storage.writing() as tx:
        (alert,) = await tx.rows(select(Alert))
        await tx.add(
            Delivery(
                kind=DeliveryKind.ALERT,
                priority=0,
                body={"text": "Quagga seen"},
                due_at=tx.now,
                created_at=tx.now,
                chat_id=ann,
                alert_id=alert.id,
            )
        )
    await own_feeds.unfollow_feed(storage, ann, source)
    clock.turn(DAY)

    await deletion.purge_deleted(storage)

    async with storage.reading() as tx:
        (delivery,) = await tx.rows(select(Delivery))
    assert (delivery.body["text"], delivery.alert_id) == ("Quagga seen", None)


async def test_an_alert_stays_while_its_story_goes_on(arrive, storage, clock, newsroom, own_feed):
    """Else the next public article of the story would alert the chat a second time."""
    ann = await arrive(1)
    source = await own_feed(ann, articles=1)
    public = await newsroom.article("The same", source_id=await newsroom.source())
    async with storage.writing() as tx:
        (own,) = await tx.rows(select(Article).where(col(Article.scope_id) == source))
        other = await tx.get_one(Article, public)
        other.story_id = own.story_id
    await own_feeds.unfollow_feed(storage, ann, source)
    clock.turn(DAY)

    await deletion.purge_deleted(storage)

    async with storage.reading() as tx:
        (alert,) = await tx.rows(select(Alert))
    assert (alert.article_id, alert.story_id) == (public, own.story_id)


async def test_articles_are_purged_a_few_at_a_time(arrive, storage, clock, own_feed, monkeypatch):
    monkeypatch.setattr(retention, "ARTICLES_AT_ONCE", 2)
    ann = await arrive(1)
    source = await own_feed(ann, articles=5)
    await own_feeds.unfollow_feed(storage, ann, source)
    clock.turn(DAY)
    async with storage.writing() as tx:
        await forget_unfollowed(tx)

    gone = []
    is_any = True
    while is_any:
        async with storage.writing() as tx:
            articles, is_any = await retention.purge_sources(tx)
        gone.append(articles)

    assert gone == [2, 2, 1, 0, 0]


async def test_a_new_follower_of_a_feed_in_purge_gets_it_afresh(
    arrive, storage, clock, own_feed, monkeypatch
):
    monkeypatch.setattr(retention, "ARTICLES_AT_ONCE", 2)
    ann, bob = await arrive(1), await arrive(2)
    source_id = await own_feed(ann, articles=5)
    await own_feeds.unfollow_feed(storage, ann, source_id)
    clock.turn(DAY)
    async with storage.writing() as tx:
        await forget_unfollowed(tx)
    async with storage.writing() as tx:
        await retention.purge_sources(tx)

    async with storage.writing() as tx:
        await follow(tx, bob, source_id)
    await deletion.purge_deleted(storage)

    async with storage.reading() as tx:
        source = await tx.get_one(Source, source_id)
    assert (source.first_read_at, source.fingerprints, source.etag) == (None, b"", None)
    assert source.next_fetch_at == clock.now
    assert await count(storage, Article) == 3


async def test_a_story_that_grouping_may_remember_stays_for_a_while(
    arrive, storage, clock, own_feed
):
    ann = await arrive(1)
    source = await own_feed(ann)
    await own_feeds.unfollow_feed(storage, ann, source)
    clock.turn(DAY)

    await deletion.purge_deleted(storage)

    assert (await count(storage, Article), await count(storage, Story)) == (0, 3)
