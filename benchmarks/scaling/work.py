"""What there is to do, and how much of it is done."""

from sqlalchemy import case, insert, text, update
from sqlmodel import col, func, select

from benchmarks.digesting.town import build
from benchmarks.ingesting.counting import number_of
from benchmarks.start import fill
from bot.sources.drafts import url_hash
from storage.articles import Article
from storage.chats import Chat, DigestTime
from storage.db.engine import Storage
from storage.enums import ArticleStage, DeliveryState
from storage.outbox import Delivery
from storage.schedules import EVERY_DAY
from storage.sources import Source

QUERIES = 2_000


async def news(storage: Storage, feeds: int, port: int) -> None:
    """*feeds* to read at once, each with entries that are all new; and queries."""
    await fill(storage, QUERIES)
    async with storage.writing() as tx:
        rows = [
            {
                "url": (url := f"http://127.0.0.1:{port}/feed/{feed}"),
                "url_hash": url_hash(url),
                "host": f"news{feed}.example",
                "public": True,
                "every_seconds": 86_400,
                "created_at": tx.now,
                "next_fetch_at": tx.now,
            }
            for feed in range(feeds)
        ]
        await (await tx.session.connection()).execute(insert(Source), rows)


async def readers(storage: Storage, count: int) -> None:
    """*count* of them, whose digests are due."""
    await build(storage, count)
    async with storage.writing() as tx:
        now = tx.now.replace(second=0, microsecond=0)
        rows = await tx.session.exec(select(Chat.id))
        slot = {"number": 0, "minutes": now.hour * 60 + now.minute, "weekdays": EVERY_DAY}
        slots = [slot | {"chat_id": chat or 0} for chat in rows]
        await (await tx.session.connection()).execute(insert(DigestTime), slots)
        due = update(Chat).where(col(Chat.id) > 0).values(zone="UTC", next_digest_at=now)
        await tx.session.exec(due)


async def matched(storage: Storage) -> int:
    async with storage.reading() as tx:
        done = select(func.count()).where(
            col(Article.stage).in_([ArticleStage.MATCHED, ArticleStage.PUBLISHED])
        )
        return (await tx.session.exec(done)).one()


async def served(storage: Storage) -> int:
    """Return how many readers have all of the messages that were made for them."""
    is_sent = case((col(Delivery.state) == DeliveryState.SENT, 1))
    have_all = func.count() == func.count(is_sent)
    each = select(Delivery.chat_id).group_by(col(Delivery.chat_id)).having(have_all).subquery()
    async with storage.reading() as tx:
        return (await tx.session.exec(select(func.count()).select_from(each))).one()


async def composed(storage: Storage) -> int:
    return await number_of(storage, Delivery.id)


async def rows_written(storage: Storage) -> int:
    """Return how many rows were inserted, changed or deleted, in all tables together."""
    asked = text(
        "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables"
    )
    async with storage.reading() as tx:
        return int((await (await tx.session.connection()).execute(asked)).scalar_one())
