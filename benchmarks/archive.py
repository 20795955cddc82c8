"""Stored articles to search: 3 KB each, over 30 days, from 100 sources.

English ones whose words follow Zipf's law, `w0` in nearly every one; each tenth is Chinese, of
`HAN`, the commonest first. Half of all come from the first source.
"""

import random
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from sqlalchemy import insert, update
from sqlmodel import col

from bot.text.folding import folded_text
from storage.articles import Article, FoldedText, store_folded
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.entries import Entry
from storage.enums import ArticleStage
from storage.schema import migrate
from storage.sources import Follow, Source
from storage.stories import Story

SEED = 20_251_117
DAYS = 30
SOURCES = 100
HAN = [chr(0x4E00 + n) for n in range(3_000)]
TITLE = 8  # words
TEXT = 430
SENTENCE = 15
PAGE = 1_000
CODA = "A state-of-the-art e-mail."  # most articles have a second reading
FOLDED_CODA = folded_text(CODA)


@dataclass(frozen=True, slots=True)
class Written:
    number: int
    title: str
    text: str
    folded: FoldedText
    at: datetime
    language: str


async def fill(storage: Storage, count: int) -> None:
    async with storage.writing() as tx:
        now = tx.now
        await _insert_sources(tx)
    page: list[Written] = []
    for written in _articles(count, now):
        page.append(written)
        if len(page) == PAGE or written.number == count:
            async with storage.writing() as tx:
                await _insert_page(tx, page)
            page.clear()


def _articles(count: int, now: datetime) -> Iterator[Written]:
    rng = random.Random(SEED)
    words = [f"w{rank}" for rank in range(50_000)]
    common = list(accumulate(1 / (rank + 10) for rank in range(len(words))))
    for number in range(1, count + 1):
        at = now - timedelta(days=DAYS) * (count - number) / count
        if number % 10:
            drawn = rng.choices(words, cum_weights=common, k=TITLE + TEXT)
            yield _written(number, drawn, at, "en", " ")
        else:
            drawn = rng.choices(HAN, cum_weights=common[: len(HAN)], k=TITLE + 2 * TEXT)
            yield _written(number, drawn, at, "zh", "")


def _written(number: int, drawn: Sequence[str], at: datetime, language: str, gap: str) -> Written:
    title, words = drawn[:TITLE], drawn[TITLE:]
    starts = range(0, len(words), SENTENCE)
    sentences = [gap.join(words[start : start + SENTENCE]).capitalize() for start in starts]
    text = ". ".join((*sentences, CODA))
    folded = FoldedText(number, " ".join(title), " ".join((*words, FOLDED_CODA)), language)
    return Written(number, gap.join(title), text, folded, at, language)


async def _insert_sources(tx: Transaction) -> None:
    rows = [
        {"id": n, "url": f"https://wire{n}.example/", "url_hash": str(n), "public": True,
         "host": f"wire{n}.example", "title": f"Wire {n}", "created_at": tx.now,
         "next_fetch_at": tx.now}
        for n in range(1, SOURCES + 1)
    ]  # fmt: skip
    await (await tx.session.connection()).execute(insert(Source), rows)


async def _insert_page(tx: Transaction, page: Sequence[Written]) -> None:
    session = await tx.session.connection()
    await session.execute(insert(Story), [{"id": a.number, "created_at": a.at} for a in page])
    rows = [
        {"id": a.number, "url_hash": str(a.number), "url": f"https://wire.example/{a.number}",
         "title": a.title, "text": a.text, "stored_at": a.at, "news_at": a.at,
         "story_id": a.number, "stage": ArticleStage.PUBLISHED, "language": a.language,
         "quiet": False, "summary": ""}
        for a in page
    ]  # fmt: skip
    await session.execute(insert(Article), rows)
    await store_folded(tx, [a.folded for a in page])
    entries = [
        {"source_id": _source(a.number), "guid_hash": str(a.number), "article_id": a.number,
         "content_hash": "", "first_seen_at": a.at}
        for a in page
    ]  # fmt: skip
    await session.execute(insert(Entry), entries)


def _source(number: int) -> int:
    return 1 if number % 2 else number // 2 % (SOURCES - 1) + 2


@asynccontextmanager
async def database(url: str | None) -> AsyncIterator[Storage]:
    with tempfile.TemporaryDirectory() as folder:
        place = url or f"sqlite+aiosqlite:///{folder}/archive.sqlite3"
        await migrate(place)
        storage = Storage.open(place)
        try:
            yield storage
        finally:
            await storage.close()


async def follow_a_few(storage: Storage) -> int:
    """Make every source private, and return a chat that follows three of them."""
    async with storage.writing() as tx:
        await tx.session.exec(update(Source).values(public=False).where(col(Source.id) > 0))
        chat = Chat(telegram_id=7, created_at=tx.now, state_since=tx.now)
        tx.session.add(chat)
        await tx.session.flush()
        chat_id = chat.id
        tx.session.add_all(Follow(chat_id=chat_id, source_id=source) for source in (5, 6, 7))
        return chat_id
