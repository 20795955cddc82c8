"""The work of the processes, and how much of it is done."""

from sqlalchemy import case, text, update
from sqlmodel import col, func, select

from benchmarks import rows
from benchmarks.digest.audience import add_audience
from benchmarks.start import add_queries
from storage.articles import Article
from storage.chats import Chat, DigestTime
from storage.db.engine import Storage
from storage.enums import ArticleStage, DeliveryState
from storage.outbox import Delivery
from storage.schedules import EVERY_DAY
from storage.sources import Source

QUERIES = 2_000


async def add_feeds(storage: Storage, feeds: int, port: int) -> None:
    """Add queries, and feeds that are due and whose entries are all new."""
    await add_queries(storage, QUERIES)
    async with storage.writing() as tx:
        await rows.add(
            tx,
            Source,
            (
                rows.source(
                    f"http://127.0.0.1:{port}/feed/{feed}",
                    tx.now,
                    host=f"news{feed}.example",
                    every_seconds=86_400,
                )
                for feed in range(feeds)
            ),
        )


async def add_readers(storage: Storage, count: int) -> None:
    """Add readers whose digests are due."""
    await add_audience(storage, count)
    async with storage.writing() as tx:
        now = tx.now.replace(second=0, microsecond=0)
        time = {"number": 0, "minutes": now.hour * 60 + now.minute, "weekdays": EVERY_DAY}
        chats = await tx.rows(select(Chat.id))
        await rows.add(tx, DigestTime, (time | {"chat_id": chat_id} for chat_id in chats))
        await tx.change(update(Chat).values(zone="UTC", next_digest_at=now))


async def count_matched(storage: Storage) -> int:
    is_matched = col(Article.stage).in_([ArticleStage.MATCHED, ArticleStage.PUBLISHED])
    async with storage.reading() as tx:
        return await tx.one(select(func.count()).where(is_matched))


async def count_served(storage: Storage) -> int:
    """Return the number of readers whose messages are all sent."""
    is_sent = case((col(Delivery.state) == DeliveryState.SENT, 1))
    all_sent = func.count() == func.count(is_sent)
    served = select(Delivery.chat_id).group_by(col(Delivery.chat_id)).having(all_sent).subquery()
    async with storage.reading() as tx:
        return await tx.one(select(func.count()).select_from(served))


async def count_deliveries(storage: Storage) -> int:
    async with storage.reading() as tx:
        return await tx.one(select(func.count(col(Delivery.id))))


async def count_rows_written(storage: Storage) -> int:
    """Return the number of rows inserted, changed or deleted in all tables."""
    changes = text(
        "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables"
    )
    async with storage.reading() as tx:
        return int((await tx.one(changes))[0])
