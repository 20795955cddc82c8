import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from storage.articles import Article, claim_new_articles, finish_matching, store_articles
from storage.db.engine import Storage
from storage.db.notify import Notifier
from storage.enums import Notification
from storage.outbox import release_deliveries
from storage.queries import query_for

Received = asyncio.Queue[Notification]


async def at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Received]:
    """Yield what another process receives from now on."""
    received = Received()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(Notifier(url, pause=at_once).exchange(received.put_nowait))
        await connected(received)
        yield received
        task.cancel()


async def connected(received: Received) -> None:
    """A new connection reports every notification, because some may have been missed."""
    assert {await received.get() for _ in Notification} == set(Notification)


async def send(storage: Storage, *notifications: Notification) -> None:
    async with storage.writing() as tx:
        tx.notifications.update(notifications)


async def fail_after(storage: Storage, notification: Notification) -> None:
    async with storage.writing() as tx:
        tx.notifications.add(notification)
        raise LookupError


@pytest.fixture
async def storage(postgresql_url: str) -> AsyncIterator[Storage]:
    opened = Storage.open(postgresql_url)
    yield opened
    await opened.close()


async def test_a_commit_notifies_another_process(storage: Storage, postgresql_url: str):
    async with listening(postgresql_url) as received:
        await send(storage, Notification.QUERIES, Notification.ARTICLES)

        assert {await received.get(), await received.get()} == {
            Notification.QUERIES,
            Notification.ARTICLES,
        }


async def test_a_rolled_back_transaction_notifies_nobody(storage: Storage, postgresql_url: str):
    async with listening(postgresql_url) as received:
        with pytest.raises(LookupError):
            await fail_after(storage, Notification.MATCHES)

        await send(storage, Notification.ARTICLES)

        assert await received.get() is Notification.ARTICLES
        assert received.empty()


async def test_a_lost_connection_is_replaced(storage: Storage, postgresql_url: str):
    async with listening(postgresql_url) as received:
        async with storage.writing() as tx:
            await tx.rows(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
                )
            )
        await connected(received)

        await send(storage, Notification.DELIVERIES)

        assert await received.get() is Notification.DELIVERIES


async def test_notifications_of_a_newer_version_are_ignored(storage: Storage, postgresql_url: str):
    async with listening(postgresql_url) as received:
        async with storage.writing() as tx:
            await tx.rows(text("SELECT pg_notify('dateline', 'editions')"))

        await send(storage, Notification.ARTICLES)

        assert await received.get() is Notification.ARTICLES


async def test_a_thousand_commits_are_notified_once_in_each_pause(
    storage: Storage, postgresql_url: str
):
    paused, lulls = asyncio.Queue[float](), asyncio.Semaphore(0)

    async def pause(seconds: float) -> None:
        paused.put_nowait(seconds)
        await lulls.acquire()

    notifier, own = Notifier(postgresql_url, pause=pause), Received()
    async with listening(postgresql_url) as received, asyncio.TaskGroup() as group:
        task = group.create_task(notifier.exchange(own.put_nowait))
        await connected(own)
        with storage.notifying(notifier):
            await send(storage, Notification.ARTICLES)
            assert await paused.get() == 0.1  # so often at most, whatever is committed
            for _ in range(1000):
                await send(storage, Notification.ARTICLES)
            await send(storage, Notification.MATCHES)
            lulls.release()
            await paused.get()
        await send(storage, Notification.DELIVERIES)

        notified = [await received.get() for _ in range(4)]
        task.cancel()

    assert notified == [
        Notification.ARTICLES,
        Notification.ARTICLES,
        Notification.MATCHES,
        Notification.DELIVERIES,
    ]
    assert received.empty()


async def test_every_process_is_notified(storage: Storage, postgresql_url: str):
    async with listening(postgresql_url) as one, listening(postgresql_url) as other:
        notifier, own = Notifier(postgresql_url, pause=at_once), Received()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(notifier.exchange(own.put_nowait))
            await connected(own)
            with storage.notifying(notifier):
                await send(storage, Notification.PAGES)

            assert [await each.get() for each in (one, other, own)] == 3 * [Notification.PAGES]
            task.cancel()


async def test_notifications_of_an_absent_server_are_sent_later(
    storage: Storage, postgresql_url: str
):
    notifier, own = Notifier(postgresql_url, pause=at_once), Received()
    with storage.notifying(notifier):
        await send(storage, Notification.PAGES)

    async with listening(postgresql_url) as received, asyncio.TaskGroup() as group:
        task = group.create_task(notifier.exchange(own.put_nowait))

        assert await received.get() is Notification.PAGES
        task.cancel()


async def test_work_for_the_next_stage_is_notified(sqlite_url: str):
    opened = Storage.open(sqlite_url)

    async with opened.writing() as tx:
        await query_for(tx, "taiwan")
        assert tx.notifications == {Notification.QUERIES}
    async with opened.writing() as tx:
        await query_for(tx, "taiwan")
        assert tx.notifications == set()
    async with opened.writing() as tx:
        now = tx.now
        article = Article(url="u", url_hash="1", title="", stored_at=now, news_at=now, story_id=0)
        ids = (await store_articles(tx, [article.model_dump(exclude={"id"})])).values()
        assert tx.notifications == {Notification.ARTICLES}
    async with opened.writing() as tx:
        await claim_new_articles(tx, owner="me", limit=9)
        await finish_matching(tx, ids, wanted=ids, owner="me")
        assert tx.notifications == {Notification.MATCHES}
    async with opened.writing() as tx:
        await release_deliveries(tx)
        assert tx.notifications == {Notification.DELIVERIES}
    await opened.close()
