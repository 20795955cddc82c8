"""Where the news of a digest comes from: for most chats from a stand that all of a round share.

What public sources told of a query is the same for every chat. A chat with sources of its own is
asked for alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from storage.editions_found import MOST_FOUND, Found, found_since, texts_of
from storage.engine import Unit
from storage.newsstand import (
    PublicMatch,
    alerted_to,
    public_matches,
    public_tellers,
    told_to,
)
from storage.stories_told import outlets_of


class News(Protocol):
    """What the queries of a chat found, who told it, and its words."""

    async def found_since(
        self, unit: Unit, chat_id: int, query_ids: Collection[int], since: datetime
    ) -> list[Found]: ...

    async def outlets_of(
        self, unit: Unit, chat_id: int, shown: Mapping[int, int]
    ) -> Mapping[int, Sequence[str]]: ...

    async def texts_of(self, unit: Unit, article_ids: Collection[int]) -> Mapping[int, str]: ...


class OwnNews:
    """Asks for one chat alone."""

    async def found_since(
        self, unit: Unit, chat_id: int, query_ids: Collection[int], since: datetime
    ) -> list[Found]:
        return await found_since(unit, chat_id, query_ids, since)

    async def outlets_of(
        self, unit: Unit, chat_id: int, shown: Mapping[int, int]
    ) -> Mapping[int, Sequence[str]]:
        return await outlets_of(unit, shown, chat_id)

    async def texts_of(self, unit: Unit, article_ids: Collection[int]) -> Mapping[int, str]:
        return await texts_of(unit, article_ids)


@dataclass(frozen=True, slots=True)
class Newsstand:
    """Keeps what it has read. It is for one round, so that it is never old and never large."""

    _matches: dict[int, Sequence[PublicMatch]] = field(default_factory=dict)
    _reach: dict[int, datetime] = field(default_factory=dict)
    _tellers: dict[int, Sequence[tuple[int, str]]] = field(default_factory=dict)
    _texts: dict[int, str] = field(default_factory=dict)

    async def found_since(
        self, unit: Unit, chat_id: int, query_ids: Collection[int], since: datetime
    ) -> list[Found]:
        await self._read_matches(unit, query_ids, since)
        found = [
            match
            for query_id in query_ids
            for match in self._matches[query_id]
            if match.is_new_since(since)
        ]
        stories = {match.story_id for match in found}
        if not stories:
            return []
        told = await told_to(unit, chat_id, stories)
        alerted = await alerted_to(unit, chat_id, stories)
        new = [match for match in found if match.story_id not in told]
        new.sort(key=lambda match: (match.news_at, match.article_id), reverse=True)
        return [_found(match, match.story_id in alerted) for match in new[:MOST_FOUND]]

    async def outlets_of(
        self, unit: Unit, chat_id: int, shown: Mapping[int, int]
    ) -> Mapping[int, Sequence[str]]:
        del chat_id
        missing = shown.keys() - self._tellers.keys()
        told = await public_tellers(unit, missing)
        self._tellers.update({story: told.get(story, ()) for story in missing})
        return {story: _named(self._tellers[story], article) for story, article in shown.items()}

    async def texts_of(self, unit: Unit, article_ids: Collection[int]) -> Mapping[int, str]:
        if missing := set(article_ids) - self._texts.keys():
            self._texts.update(await texts_of(unit, missing))
        return self._texts

    async def _read_matches(self, unit: Unit, query_ids: Collection[int], since: datetime) -> None:
        short = [one for one in query_ids if one not in self._reach or self._reach[one] > since]
        found = await public_matches(unit, short, since)
        self._matches.update({one: found.get(one, ()) for one in short})
        self._reach.update(dict.fromkeys(short, since))


def _found(match: PublicMatch, alerted: bool) -> Found:  # noqa: FBT001 - a field
    return Found(
        query_id=match.query_id,
        words=match.words,
        in_title=match.in_title,
        story_id=match.story_id,
        article_id=match.article_id,
        title=match.title,
        url=match.url,
        news_at=match.news_at,
        published_at=match.published_at,
        published_on=match.published_on,
        alerted=alerted,
    )


def _named(tellers: Sequence[tuple[int, str]], article_id: int) -> list[str]:
    """Return who tells a story, whoever brought *article_id* first."""
    ordered = sorted(tellers, key=lambda teller: teller[0] != article_id)
    return list(dict.fromkeys(name for _, name in ordered))
