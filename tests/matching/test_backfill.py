from datetime import timedelta

from sqlmodel import select

from bot.matching.backfill import backfill
from bot.matching.query import parse
from storage.db.engine import Storage
from storage.matches import Match
from storage.queries import query_for
from tests.matching.stored import stored_article, stored_source


async def test_a_new_query_is_filled_from_stored_articles(storage: Storage):
    async with storage.writing() as tx:
        query_id = (await query_for(tx, "taiwan")).id
        since = tx.now - timedelta(hours=24)
    source = await stored_source(storage)
    await stored_article(storage, "Taiwan", source_id=source, ago=timedelta(hours=2))
    await stored_article(storage, "Taiwan", source_id=source, ago=timedelta(hours=30))

    for _ in range(2):
        filled = await backfill(storage, query_id, parse("taiwan"), since, chat_id=None)
        assert filled == 1

    async with storage.reading() as tx:
        assert len(await tx.rows(select(Match))) == 1
