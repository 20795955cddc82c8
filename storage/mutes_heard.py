"""What a chat hears for all it has muted: the conditions that alerts and digests have in common.

- of a muted story nothing, of none of its chapters
- of a muted topic nothing
- an article only from who is not muted; so other outlets still tell its story
- no alert from whom the chat wants less of, unless another outlet tells the story too

Chats, articles and stories may be columns.
"""

from typing import Any

from sqlalchemy import ColumnElement, Exists, and_, exists, or_
from sqlmodel import col, select

from storage.articles import Article
from storage.engine import Unit
from storage.entries import Entry
from storage.mutes import Mute, in_force
from storage.sources_carrying import carried_to, carrying
from storage.stories import Story, chain_of
from storage.words import OF_A_SOURCE, MuteKind


def is_heard(unit: Unit, chat_id: Any, article_id: Any, story_id: Any) -> ColumnElement[bool]:
    """Say whether the chat is told the article, by anybody that it has not muted."""
    article = col(Entry.article_id) == article_id
    by_anybody = _carried(unit, chat_id, article, MuteKind.SOURCE)
    return and_(by_anybody, ~is_muted(unit, chat_id, story_id))


def is_heard_at_once(
    unit: Unit, chat_id: Any, topic_id: Any, article: Article
) -> ColumnElement[bool]:
    """Say whether the chat is alerted to the article for the topic."""
    of_story = select(Article.id).where(col(Article.story_id) == article.story_id)
    by_others = _carried(unit, chat_id, col(Entry.article_id).in_(of_story), *OF_A_SOURCE)
    of_topic = _mutes(unit, chat_id, MuteKind.TOPIC).where(col(Mute.subject_id) == topic_id)
    heard = is_heard(unit, chat_id, article.id, article.story_id)
    # Most chats mute nothing, and are not to pay for those that do.
    mutes_nothing = ~exists().where(col(Mute.chat_id) == chat_id)
    wanted = or_(mutes_nothing, and_(heard, by_others, ~of_topic))
    return and_(carried_to(chat_id, article.id), wanted)


def is_muted(unit: Unit, chat_id: Any, story_id: Any) -> ColumnElement[bool]:
    """Say whether the chat has muted the chain of the story."""
    return _mutes(unit, chat_id, MuteKind.STORY).where(
        col(Mute.subject_id) == chain_of(Story), col(Story.id) == story_id
    )


def _mutes(unit: Unit, chat_id: Any, kind: MuteKind) -> Exists:
    return exists().where(col(Mute.chat_id) == chat_id, col(Mute.kind) == kind, in_force(unit))


def _carried(
    unit: Unit, chat_id: Any, which: ColumnElement[bool], *kinds: MuteKind
) -> ColumnElement[bool]:
    """Say whether *which* entries have one that reaches the chat and that it has not muted."""
    named = or_(col(Mute.outlet) == "", col(Mute.outlet) == Entry.outlet)
    its_mute = and_(
        col(Mute.chat_id) == chat_id,
        col(Mute.kind).in_(kinds),
        col(Mute.subject_id) == Entry.source_id,
        named,
        in_force(unit),
    )
    unmuted = carrying(chat_id, which).outerjoin(Mute, its_mute).where(col(Mute.id).is_(None))
    return unmuted.exists()
