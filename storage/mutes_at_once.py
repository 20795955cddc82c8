"""What chats have muted of one article, and so are not alerted to; see `mutes_heard`.

A round of alerts asks for all its chats at once what could bear on the article, and decides without
the database: a condition for each chat is asked as often as there are chats.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import and_, or_
from sqlmodel import col, select

from storage.articles import Article
from storage.engine import Unit
from storage.entries import Entry
from storage.mutes import Mute, Subject, in_force
from storage.sources import Source
from storage.sources_carrying import followed_among
from storage.stories import Story, chain_of
from storage.words import OF_A_SOURCE, MuteKind


class Carrier(NamedTuple):
    """Who carried an article of a story; *outlet* is named by a search."""

    article_id: int
    source_id: int
    is_public: bool
    outlet: str

    def is_muted(self, muted: Collection[Subject], *kinds: MuteKind) -> bool:
        return any(
            Subject(kind, self.source_id, outlet) in muted
            for kind in kinds
            for outlet in {"", self.outlet}
        )


async def carriers_of_story(unit: Unit, story_id: int) -> list[Carrier]:
    rows = await unit.session.exec(
        select(Entry.article_id, Entry.source_id, Source.public, Entry.outlet)
        .join(Article, col(Article.id) == Entry.article_id)
        .join(Source, col(Source.id) == Entry.source_id)
        .where(col(Article.story_id) == story_id)
    )
    return [Carrier(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Muted:
    """What each chat has muted that bears on the article, and which private carriers it follows."""

    article_id: int
    carriers: Collection[Carrier]
    subjects: Mapping[int, Collection[Subject]]
    followed: Mapping[int, frozenset[int]]

    def hears(self, chat_id: int, topic_id: int) -> bool:
        """Say whether the chat is alerted to the article for the topic."""
        muted = self.subjects.get(chat_id)
        if not muted:
            return True
        if any(one.kind is MuteKind.STORY for one in muted):
            return False
        if Subject(MuteKind.TOPIC, topic_id) in muted:
            return False
        followed = self.followed.get(chat_id, frozenset())
        known = [one for one in self.carriers if one.is_public or one.source_id in followed]
        by_anybody = any(
            one.article_id == self.article_id and not one.is_muted(muted, MuteKind.SOURCE)
            for one in known
        )
        return by_anybody and not all(one.is_muted(muted, *OF_A_SOURCE) for one in known)


async def muted_of(
    unit: Unit,
    article: Article,
    carriers: Collection[Carrier],
    *,
    chat_ids: Collection[int],
    topic_ids: Collection[int],
) -> Muted:
    subjects = await _subjects(unit, article, carriers, chat_ids, topic_ids)
    private = {one.source_id for one in carriers if not one.is_public}
    followed = await followed_among(unit, private, subjects)
    return Muted(article.id, carriers, subjects, followed)


async def _subjects(
    unit: Unit,
    article: Article,
    carriers: Collection[Carrier],
    chat_ids: Collection[int],
    topic_ids: Collection[int],
) -> dict[int, set[Subject]]:
    chain = select(chain_of(Story)).where(col(Story.id) == article.story_id).scalar_subquery()
    of_source = and_(
        col(Mute.kind).in_(OF_A_SOURCE),
        col(Mute.subject_id).in_({one.source_id for one in carriers}),
    )
    of_story = and_(col(Mute.kind) == MuteKind.STORY, col(Mute.subject_id) == chain)
    of_topic = and_(col(Mute.kind) == MuteKind.TOPIC, col(Mute.subject_id).in_(topic_ids))
    rows = await unit.session.exec(
        select(Mute.chat_id, Mute.kind, Mute.subject_id, Mute.outlet).where(
            col(Mute.chat_id).in_(chat_ids), or_(of_source, of_story, of_topic), in_force(unit)
        )
    )
    subjects: defaultdict[int, set[Subject]] = defaultdict(set)
    for chat_id, kind, subject_id, outlet in rows:
        subjects[chat_id].add(Subject(MuteKind(kind), subject_id, outlet))
    return subjects
