"""Who tells a story, as each chat may know it: public sources, and those it follows itself."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from storage.articles import Article
from storage.engine import Unit
from storage.entries import Entry
from storage.sources import Source
from storage.sources_carrying import followed_among, reaches, told_by


async def outlets_of(
    unit: Unit, shown: Mapping[int, int], chat_id: int | None = None
) -> dict[int, list[str]]:
    """Return who tells each story, by its id; *shown* is the article that stands for it.

    Whoever brought that one comes first, then the others, the first teller first. Only public
    sources are named, and those that the chat, if one is given, follows itself.
    """
    tellers = await tellers_of(unit, shown, chat_id)
    return {story_id: named(told, shown[story_id]) for story_id, told in tellers.items()}


async def tellers_of(
    unit: Unit, story_ids: Iterable[int], chat_id: int | None = None
) -> Mapping[int, Sequence[tuple[int, str]]]:
    """Return, by story, who tells it with which article, the first teller first."""
    connection = await unit.session.connection()
    rows = await connection.execute(
        select(Article.story_id, Article.id, told_by())
        .join(Entry, col(Entry.article_id) == Article.id)
        .join(Source, col(Source.id) == Entry.source_id)
        .where(col(Article.story_id).in_(list(story_ids)), reaches(chat_id))
        .order_by(col(Entry.first_seen_at), col(Source.id))
    )
    told: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for story_id, article_id, name in rows:
        told[story_id].append((article_id, name))
    return told


def named(tellers: Sequence[tuple[int, str]], article_id: int) -> list[str]:
    """Return who tells a story, whoever brought *article_id* first."""
    ordered = sorted(tellers, key=lambda teller: teller[0] != article_id)
    return list(dict.fromkeys(name for _, name in ordered))


@dataclass(frozen=True, slots=True)
class _Teller:
    article_id: int
    source_id: int
    public: bool
    name: str


@dataclass(frozen=True, slots=True)
class Tellers:
    """Everybody who tells a story, and which of the private sources each chat follows."""

    tellers: tuple[_Teller, ...]
    followed: Mapping[int, frozenset[int]]

    def known_to(self, chat_id: int, article_id: int) -> tuple[str, ...]:
        """Return whom the chat may know, whoever brought *article_id* first."""
        followed = self.followed.get(chat_id, frozenset())
        known = [each for each in self.tellers if each.public or each.source_id in followed]
        known.sort(key=lambda each: each.article_id != article_id)
        return tuple(dict.fromkeys(each.name for each in known))


async def tellers_known(unit: Unit, story_id: int, chat_ids: Collection[int]) -> Tellers:
    rows = await unit.session.exec(
        select(Article.id, Source.id, Source.public, told_by())
        .join(Entry, col(Entry.article_id) == Article.id)
        .join(Source, col(Source.id) == Entry.source_id)
        .where(col(Article.story_id) == story_id)
        .order_by(col(Entry.first_seen_at), col(Source.id))
    )
    tellers = tuple(_Teller(*row) for row in rows)
    private = {each.source_id for each in tellers if not each.public}
    return Tellers(tellers, await followed_among(unit, private, chat_ids))
