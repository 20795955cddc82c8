"""Who carried an article, and whose source that is.

What reaches a chat comes from a public source or from one that it follows.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, func, or_
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.articles import Article
from storage.db.engine import Transaction
from storage.db.sql import among
from storage.entries import Entry
from storage.enums import SourceKind
from storage.sources import Follow, Source


def reaches(chat_id: int | None) -> ColumnElement[bool]:
    """Say of a `Source` in the query whether what it holds reaches the chat (None: anybody)."""
    followed = exists().where(col(Follow.chat_id) == chat_id, col(Follow.source_id) == Source.id)
    return or_(col(Source.public), followed)


def carried_to(chat_id: Any, article_id: Any) -> ColumnElement[bool]:
    """Say whether any source that carried the article reaches the chat; both may be columns."""
    return carrying(chat_id, col(Entry.article_id) == article_id).exists()


def carrying(chat_id: Any, which: ColumnElement[bool]) -> SelectOfScalar[int]:
    """Return those of *which* entries that reach the chat; it is for EXISTS."""
    # A join and no second EXISTS: inside that one an outer column would stand for its whole table.
    followed = and_(col(Follow.source_id) == Source.id, col(Follow.chat_id) == chat_id)
    return (
        select(Entry.source_id)
        .join(Source, col(Source.id) == Entry.source_id)
        .outerjoin(Follow, followed)
        .where(which, or_(col(Source.public), col(Follow.chat_id).is_not(None)))
    )


async def followed_among(
    unit: Transaction, source_ids: Collection[int], chat_ids: Collection[int]
) -> dict[int, frozenset[int]]:
    """Return which of the sources each of the chats follows, by chat; none that follows none."""
    if not source_ids or not chat_ids:
        return {}
    rows = await unit.session.exec(
        select(Follow.chat_id, Follow.source_id).where(
            among(col(Follow.source_id), source_ids), among(col(Follow.chat_id), chat_ids)
        )
    )
    followed: defaultdict[int, set[int]] = defaultdict(set)
    for chat_id, source_id in rows:
        followed[chat_id].add(source_id)
    return {chat_id: frozenset(ids) for chat_id, ids in followed.items()}


def carried_by() -> ColumnElement[str]:
    """Return the name of whoever told the `Entry` of the `Source` in the query.

    A search is made for somebody's words, which are nobody else's business: it has no name.
    """
    outlet, host = func.nullif(col(Entry.outlet), ""), col(Source.host)
    title = func.nullif(col(Source.title), "")
    named = func.coalesce(outlet, title, host)
    return case((col(Source.kind) == SourceKind.SEARCH, func.coalesce(outlet, host)), else_=named)


def is_canonical_source() -> ColumnElement[bool]:
    """Say whether what the `Source` says counts for the `Article`, which it carries, to everybody.

    A private source that carries a public article counts for its followers alone.
    """
    return or_(col(Source.public), col(Article.scope_id) == Source.id)


# Made once: the step that matches asks it for each claim.
_CARRIERS: Final[Select[Any]] = (
    select(  # type: ignore[call-overload]
        Entry.article_id, Source.host, Source.title, Entry.outlet, Entry.outlet_host
    )
    .join(Source, col(Source.id) == Entry.source_id)
    .join(Article, col(Article.id) == Entry.article_id)
    .where(among(col(Entry.article_id), bindparam("ids")), is_canonical_source())
)


async def hosts_carrying(
    unit: Transaction, article_ids: Collection[int]
) -> dict[int, tuple[str, ...]]:
    """The hosts and titles of the sources that made each of the articles, and its outlets."""
    connection = await unit.session.connection()
    rows = await connection.execute(_CARRIERS, {"ids": article_ids})
    found: dict[int, tuple[str, ...]] = {}
    for article_id, *names in rows:
        found[article_id] = (*found.get(article_id, ()), *filter(None, names))
    return found


async def sources_named(
    unit: Transaction, is_meant: Callable[[str, str], bool], chat_id: int | None
) -> frozenset[int]:
    """The sources that reach the chat and of which *is_meant* says so, from host and title.

    Searches too: what they find may be anybody's.
    """
    rows = await unit.session.exec(
        select(Source.id, Source.host, Source.title, Source.kind).where(reaches(chat_id))
    )
    return frozenset(
        source_id
        for source_id, host, title, kind in rows
        if source_id and (kind is SourceKind.SEARCH or is_meant(host, title))
    )


async def publishers_of(unit: Transaction, article_ids: Collection[int]) -> dict[int, int]:
    """Return for each article the source whose words it has: the first of its scope that had it.

    So nobody can put words of their own into what others read. A search has only heard of it.
    """
    if not article_ids:
        return {}
    rows = await unit.session.exec(
        select(Entry.article_id, Entry.source_id)
        .join(Source, col(Source.id) == Entry.source_id)
        .join(Article, col(Article.id) == Entry.article_id)
        .where(among(col(Entry.article_id), article_ids), is_canonical_source())
        .order_by(
            col(Source.kind) != SourceKind.SEARCH,
            col(Entry.first_seen_at).desc(),
            col(Entry.source_id).desc(),
        )
    )
    return dict(rows.all())


# Who told the stories that a topic found, and what a chat hears of them.


class StoryPublisher(NamedTuple):
    """*stories* came from it; *article_id* is the last one's, and names it with its source."""

    source_id: int
    article_id: int
    name: str
    stories: int


class MutablePublisher(NamedTuple):
    """*outlet* is "" unless a search named it."""

    source_id: int
    outlet: str
    name: str


async def publishers_of_stories(
    unit: Transaction, chat_id: int, story_ids: Collection[int], *, limit: int
) -> list[StoryPublisher]:
    """Return those that told the chat most of the stories, the busiest first."""
    name = carried_by()
    count = func.count(col(Article.story_id).distinct())
    rows = await unit.session.exec(
        select(Entry.source_id, func.max(Entry.article_id), name, count)
        .join(Article, col(Article.id) == Entry.article_id)
        .join(Source, col(Source.id) == Entry.source_id)
        .where(among(col(Article.story_id), story_ids), reaches(chat_id))
        .group_by(col(Entry.source_id), name)
        .order_by(count.desc(), name, col(Entry.source_id))
        .limit(limit)
    )
    return [StoryPublisher(*row) for row in rows]


async def publisher_of_source(
    unit: Transaction, chat_id: int, source_id: int, article_id: int
) -> MutablePublisher | None:
    """Return who told the chat that article there, if it did."""
    rows = await unit.session.exec(
        select(Source.kind, Entry.outlet, carried_by())
        .join(Source, col(Source.id) == Entry.source_id)
        .where(
            col(Entry.source_id) == source_id,
            col(Entry.article_id) == article_id,
            reaches(chat_id),
        )
        .limit(1)
    )
    row = rows.first()
    if row is None:
        return None
    kind, outlet, name = row
    return MutablePublisher(source_id, outlet if kind is SourceKind.SEARCH else "", name)


# Who tells a story, as each chat may know it: public sources, and those it follows itself.


async def publishers_by_article(
    unit: Transaction, shown: Mapping[int, int], chat_id: int | None = None
) -> dict[int, list[str]]:
    """Return who tells each story, by its id; *shown* is the article that stands for it.

    Whoever brought that one comes first, then the others, the first teller first. Only public
    sources are named, and those that the chat, if one is given, follows itself.
    """
    tellers = await publishers_by_story(unit, shown, chat_id)
    return {
        story_id: without_publisher_of(told, shown[story_id]) for story_id, told in tellers.items()
    }


async def publishers_by_story(
    unit: Transaction, story_ids: Iterable[int], chat_id: int | None = None
) -> Mapping[int, Sequence[tuple[int, str]]]:
    """Return, by story, who tells it with which article, the first teller first."""
    connection = await unit.session.connection()
    rows = await connection.execute(
        select(Article.story_id, Article.id, carried_by())
        .join(Entry, col(Entry.article_id) == Article.id)
        .join(Source, col(Source.id) == Entry.source_id)
        .where(among(col(Article.story_id), story_ids), reaches(chat_id))
        .order_by(col(Entry.first_seen_at), col(Source.id))
    )
    told: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for story_id, article_id, name in rows:
        told[story_id].append((article_id, name))
    return told


def without_publisher_of(tellers: Sequence[tuple[int, str]], article_id: int) -> list[str]:
    """Return who tells a story, whoever brought *article_id* first."""
    ordered = sorted(tellers, key=lambda teller: teller[0] != article_id)
    return list(dict.fromkeys(name for _, name in ordered))


@dataclass(frozen=True, slots=True)
class _Publisher:
    article_id: int
    source_id: int
    public: bool
    name: str


@dataclass(frozen=True, slots=True)
class StoryPublishers:
    """Everybody who tells a story, and which of the private sources each chat follows."""

    tellers: tuple[_Publisher, ...]
    followed: Mapping[int, frozenset[int]]

    def known_to(self, chat_id: int, article_id: int) -> tuple[str, ...]:
        """Return whom the chat may know, whoever brought *article_id* first."""
        followed = self.followed.get(chat_id, frozenset())
        known = [each for each in self.tellers if each.public or each.source_id in followed]
        known.sort(key=lambda each: each.article_id != article_id)
        return tuple(dict.fromkeys(each.name for each in known))


async def publishers_known(
    unit: Transaction, story_id: int, chat_ids: Collection[int]
) -> StoryPublishers:
    rows = await unit.session.exec(
        select(Article.id, Source.id, Source.public, carried_by())
        .join(Entry, col(Entry.article_id) == Article.id)
        .join(Source, col(Source.id) == Entry.source_id)
        .where(col(Article.story_id) == story_id)
        .order_by(col(Entry.first_seen_at), col(Source.id))
    )
    tellers = tuple(_Publisher(*row) for row in rows)
    private = {each.source_id for each in tellers if not each.public}
    return StoryPublishers(tellers, await followed_among(unit, private, chat_ids))
