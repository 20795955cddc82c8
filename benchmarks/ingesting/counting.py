"""Whether anything was lost or doubled."""

from sqlmodel import col, func, select

from benchmarks.ingesting.feeds import NEW, PLANTED, SHOWN, planted
from bot.matching.query import parse
from storage.articles import Article
from storage.db.engine import Storage
from storage.entries import Entry
from storage.enums import ArticleStage
from storage.matches import Match
from storage.queries import Query


async def check(storage: Storage, feeds: int, versions: int) -> None:
    """Stop with what is wrong, unless all that *feeds* showed in *versions* is there once."""
    expected = feeds * (SHOWN + NEW * (versions - 1))
    names = await planted_matches(storage)
    counts = {
        "entries": (await number_of(storage, Entry.guid_hash), expected),
        "articles": (await number_of(storage, Article.id), expected),
        "unmatched": (await unmatched(storage), 0),
        "planted": (names, planted(feeds, versions)),
    }
    wrong = {name: pair for name, pair in counts.items() if pair[0] != pair[1]}
    if wrong:
        raise SystemExit(f"counted and expected differ: {wrong}")


async def number_of(storage: Storage, column: object) -> int:
    async with storage.reading() as tx:
        return (await tx.session.exec(select(func.count(col(column))))).one()


async def unmatched(storage: Storage) -> int:
    async with storage.reading() as tx:
        waiting = select(func.count()).where(col(Article.stage) != ArticleStage.MATCHED)
        return (await tx.session.exec(waiting)).one()


async def planted_matches(storage: Storage) -> int:
    async with storage.reading() as tx:
        asked = select(Query.id).where(Query.canonical == str(parse(PLANTED)))
        found = select(func.count()).where(col(Match.query_id).in_(asked))
        return (await tx.session.exec(found)).one()
