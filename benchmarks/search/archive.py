"""Stored articles to search: 3 KB each, over 30 days, from 100 sources.

The words of English articles follow Zipf's law, and `w0` is in nearly every one. Each tenth article
is Chinese, of `HAN`, the most frequent character first. Half of all come from the first source.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from sqlalchemy import update

from benchmarks import rows
from bot.text.folding import folded_text
from storage.articles import Article, FoldedText, store_folded
from storage.chats import Chat
from storage.db.engine import Storage
from storage.entries import Entry
from storage.enums import ArticleStage
from storage.sources import Follow, Source
from storage.stories import Story

SEED = 20_251_117
DAYS, SOURCES = 30, 100
HAN = [chr(0x4E00 + n) for n in range(3_000)]
TITLE, TEXT, SENTENCE = 8, 430, 15  # words
CHUNK = 1_000
CODA = "A state-of-the-art e-mail."  # a second reading, as most articles have
FOLDED_CODA = folded_text(CODA)


@dataclass(frozen=True, slots=True)
class ArchivedArticle:
    title: str
    text: str
    folded: FoldedText
    stored_at: datetime


async def fill_archive(storage: Storage, count: int) -> None:
    async with storage.writing() as tx:
        now = tx.now
        urls = (f"https://wire{number}.example/" for number in range(1, SOURCES + 1))
        await rows.add(tx, Source, (rows.source(url, now, title=url) for url in urls))
    articles = _articles(count, now)
    while chunk := [article for _, article in zip(range(CHUNK), articles, strict=False)]:
        await _store(storage, chunk)


def _articles(count: int, now: datetime) -> Iterator[ArchivedArticle]:
    rng = random.Random(SEED)
    words = [f"w{rank}" for rank in range(50_000)]
    weights = list(accumulate(1 / (rank + 10) for rank in range(len(words))))
    for number in range(1, count + 1):
        stored_at = now - timedelta(days=DAYS) * (count - number) / count
        if number % 10:
            drawn = rng.choices(words, cum_weights=weights, k=TITLE + TEXT)
            yield _article(number, drawn, stored_at, "en", " ")
        else:
            drawn = rng.choices(HAN, cum_weights=weights[: len(HAN)], k=TITLE + 2 * TEXT)
            yield _article(number, drawn, stored_at, "zh", "")


def _article(
    number: int, drawn: Sequence[str], stored_at: datetime, language: str, gap: str
) -> ArchivedArticle:
    title, words = drawn[:TITLE], drawn[TITLE:]
    starts = range(0, len(words), SENTENCE)
    sentences = [gap.join(words[start : start + SENTENCE]).capitalize() for start in starts]
    text = ". ".join((*sentences, CODA))
    folded = FoldedText(number, " ".join(title), " ".join((*words, FOLDED_CODA)), language)
    return ArchivedArticle(gap.join(title), text, folded, stored_at)


async def _store(storage: Storage, articles: Sequence[ArchivedArticle]) -> None:
    numbers = [article.folded.article_id for article in articles]
    stored_at = [article.stored_at for article in articles]
    async with storage.writing() as tx:
        stories = zip(numbers, stored_at, strict=True)
        await rows.add(
            tx, Story, ({"id": n, "created_at": created_at} for n, created_at in stories)
        )
        await rows.add(
            tx,
            Article,
            (
                rows.article(
                    f"https://wire.example/{number}",
                    article.stored_at,
                    id=number,
                    title=article.title,
                    text=article.text,
                    story_id=number,
                    stage=ArticleStage.PUBLISHED,
                    language=article.folded.language,
                )
                for number, article in zip(numbers, articles, strict=True)
            ),
        )
        await store_folded(tx, [article.folded for article in articles])
        sources = [1 if n % 2 else n // 2 % (SOURCES - 1) + 2 for n in numbers]
        await rows.add(tx, Entry, map(rows.entry, sources, numbers, stored_at))


async def follow_three_private_sources(storage: Storage) -> int:
    """Make every source private, and return a chat that follows three of them."""
    async with storage.writing() as tx:
        await tx.change(update(Source).values(public=False))
        chat = await tx.add(Chat(**rows.chat(7, tx.now)))
        await rows.add(tx, Follow, ({"chat_id": chat.id, "source_id": n} for n in (5, 6, 7)))
        return chat.id
