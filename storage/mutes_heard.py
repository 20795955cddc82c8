"""What a chat hears for all it has muted, as conditions: for bundles and digests.

- of a muted story nothing, of none of its chapters
- of a muted topic nothing
- an article only from who is not muted; so other outlets still tell its story
- no alert from whom the chat wants less of, unless another outlet tells the story too

Chats, articles and stories may be columns. Alerts have the same rules for many chats at once
(`mutes_at_once`).
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlmodel import col

from storage.engine import Unit
from storage.entries import Entry
from storage.mutes import Mute, in_force
from storage.sources_carrying import carrying
from storage.stories import Story, chain_of
from storage.words import MuteKind


def is_heard(unit: Unit, chat_id: Any, article_id: Any, story_id: Any) -> ColumnElement[bool]:
    """Say whether the chat is told the article, by anybody that it has not muted."""
    its_mute = and_(
        col(Mute.chat_id) == chat_id,
        col(Mute.kind) == MuteKind.SOURCE,
        col(Mute.subject_id) == Entry.source_id,
        or_(col(Mute.outlet) == "", col(Mute.outlet) == Entry.outlet),
        in_force(unit),
    )
    carried = carrying(chat_id, col(Entry.article_id) == article_id)
    unmuted = carried.outerjoin(Mute, its_mute).where(col(Mute.id).is_(None))
    return and_(unmuted.exists(), ~is_muted(unit, chat_id, story_id))


def is_muted(unit: Unit, chat_id: Any, story_id: Any) -> ColumnElement[bool]:
    """Say whether the chat has muted the chain of the story."""
    return exists().where(
        col(Mute.chat_id) == chat_id,
        col(Mute.kind) == MuteKind.STORY,
        in_force(unit),
        col(Mute.subject_id) == chain_of(Story),
        col(Story.id) == story_id,
    )
