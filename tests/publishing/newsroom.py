"""Chats, topics and matched articles, as the earlier stages would have stored them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import inspect
from sqlmodel import SQLModel, select

from storage.alerts import Alert
from storage.articles import Article
from storage.chats import Chat
from storage.db.engine import Storage
from storage.editions import Edition
from storage.entries import Entry
from storage.enums import ArticleStage, ChatState, Mode, MuteKind
from storage.matches import Match
from storage.mutes import MuteSubject, store_mute, unmute_subject
from storage.outbox import Delivery
from storage.queries import Query
from storage.sources import Source
from storage.stories import Story, mark_growth
from storage.subscriptions import Subscription
from storage.topics import Topic
from tests.rows import source_row

Row = TypeVar("Row", bound=SQLModel)


@dataclass
class Newsroom:
    storage: Storage

    async def source(
        self, title: str = "Example Wire", *, public: bool = True, host: str = ""
    ) -> int:
        url, host = (
            f"https://{title}.example",
            host or f"{title.casefold().replace(' ', '-')}.example",
        )
        values = {"host": host, "title": title, "public": public}
        return await self._add(
            lambda now: Source(**source_row(url, **values, created_at=now, next_fetch_at=now))
        )

    async def chat(self, telegram_id: int = 7, **more: Any) -> int:
        return await self._add(
            lambda now: Chat(
                telegram_id=telegram_id,
                state_since=now,
                created_at=now,
                **{"zone": "Asia/Tokyo", "state": ChatState.ACTIVE} | more,
            )
        )

    async def query(self, canonical: str) -> int:
        return await self._add(
            lambda _now: Query(canonical=canonical, canonical_hash=canonical, changed=1)
        )

    async def subscribe(self, chat_id: int, query_id: int, name: str, mode: Mode) -> int:
        """Make a topic for this chat, subscribe to it and return its id."""
        topic_id = await self._add(
            lambda now: Topic(
                name=name, query_id=query_id, typed=name, chat_id=chat_id, created_at=now
            )
        )
        await self._add(
            lambda now: Subscription(chat_id=chat_id, topic_id=topic_id, mode=mode, created_at=now)
        )
        return topic_id

    async def reader(
        self,
        query_id: int,
        telegram_id: int = 7,
        *,
        name: str = "Words",
        mode: Mode = Mode.INSTANT,
        **more: Any,
    ) -> int:
        """Make a chat that subscribes to a topic with this query."""
        chat_id = await self.chat(telegram_id, **more)
        await self.subscribe(chat_id, query_id, name, mode)
        return chat_id

    async def mute_topic(self, chat_id: int, topic_id: int) -> None:
        """Mute a topic until it is unmuted."""
        async with self.storage.writing() as tx:
            await store_mute(tx, chat_id, MuteSubject(MuteKind.TOPIC, topic_id), None)

    async def unmute_topic(self, chat_id: int, topic_id: int) -> None:
        async with self.storage.writing() as tx:
            await unmute_subject(tx, chat_id, MuteSubject(MuteKind.TOPIC, topic_id))

    async def article(
        self,
        title: str,
        *query_ids: int,
        source_id: int,
        ago: timedelta = timedelta(),
        publisher: str = "",
        **more: Any,
    ) -> int:
        """Store an article that *query_ids* matched, *ago* before now; return its id."""
        story_id = await self._add(lambda now: Story(created_at=now))
        article_id = await self._add(
            lambda now: Article(
                url_hash=str(story_id),
                url=f"https://wire.example/{story_id}",
                title=title,
                story_id=story_id,
                stage=ArticleStage.MATCHED,
                **{"text": f"Words on {title}.", "stored_at": now, "news_at": now - ago} | more,
            )
        )
        await self.carries(source_id, article_id, publisher)
        for query_id in query_ids:
            await self.match(article_id, query_id, ago)
        return article_id

    async def carries(self, source_id: int, article_id: int, publisher: str = "") -> None:
        await self._add(
            lambda now: Entry(
                source_id=source_id,
                guid_hash=str(article_id),
                article_id=article_id,
                content_hash="",
                publisher=publisher,
                first_seen_at=now,
            )
        )

    async def reported_by(self, title: str, *query_ids: int, public: bool = True) -> int:
        """Store another publisher's article about the first story; return the id of its source."""
        source_id = await self.source(title, public=public)
        article = await self.article(f"{title} reports it too", *query_ids, source_id=source_id)
        await self.joins(article, story_id=1)
        return source_id

    async def joins(self, article_id: int, *, story_id: int) -> None:
        """Move an article to an existing story."""
        await self.change(Article, article_id, story_id=story_id)
        await self.grows(story_id)

    async def grows(self, story_id: int) -> None:
        async with self.storage.writing() as tx:
            await mark_growth(tx, [story_id])

    async def match(self, article_id: int, query_id: int, ago: timedelta = timedelta()) -> None:
        await self._add(
            lambda now: Match(
                article_id=article_id,
                query_id=query_id,
                words=["words"],
                news_at=now - ago,
                found_at=now,
            )
        )

    async def all(self, table: type[Row], **values: Any) -> list[Row]:
        """Return the rows with these values, ordered by key because PostgreSQL keeps no order."""
        in_order = select(table).filter_by(**values).order_by(*inspect(table).primary_key)
        async with self.storage.reading() as tx:
            return list(await tx.rows(in_order))

    async def texts(self) -> list[str]:
        """Return the texts of the deliveries, in the order of the outbox."""
        return [row.body["text"] for row in await self.all(Delivery)]

    async def alerts(self) -> list[Alert]:
        return await self.all(Alert)

    async def editions(self) -> list[Edition]:
        return await self.all(Edition)

    async def change(self, table: type[SQLModel], row_id: int, **values: Any) -> None:
        async with self.storage.writing() as tx:
            row = await tx.get_one(table, row_id)
            for name, value in values.items():
                setattr(row, name, value)

    async def _add(self, make: Any) -> int:
        async with self.storage.writing() as tx:
            row = await tx.add(make(tx.now))
            return getattr(row, "id", None) or 0
