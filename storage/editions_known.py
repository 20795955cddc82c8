"""What chats know of stories already: those told in a digest, those that they were alerted to."""

from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import or_
from sqlmodel import col, select

from storage.alerts import Alert, message_key
from storage.deliveries import Delivery
from storage.editions import EditionStory
from storage.engine import Unit
from storage.words import DeliveryState

# Such an alert told nothing; one that waits in a bundle is as good as told.
_UNTOLD = (DeliveryState.EXPIRED, DeliveryState.FAILED)

_ByChat = Mapping[int, AbstractSet[int]]


async def told_to(unit: Unit, stories: _ByChat) -> Mapping[int, set[int]]:
    """Return, by chat, those of its *stories* that it was told in a digest."""
    known = select(EditionStory.chat_id, EditionStory.story_id)
    of_these = (
        col(EditionStory.chat_id).in_(list(stories)),
        col(EditionStory.story_id) >= _first(stories),
    )
    return await _known(unit, known.where(*of_these), stories)


async def alerted_to(unit: Unit, stories: _ByChat) -> Mapping[int, set[int]]:
    """Return, by chat, those of its *stories* that it was alerted to."""
    known = (
        select(Alert.chat_id, Alert.story_id)
        .outerjoin(Delivery, col(Delivery.key) == message_key())
        .where(
            col(Alert.chat_id).in_(list(stories)),
            col(Alert.story_id) >= _first(stories),
            or_(col(Delivery.id).is_(None), col(Delivery.state).not_in(_UNTOLD)),
        )
    )
    return await _known(unit, known, stories)


def _first(stories: _ByChat) -> int:
    return min((min(ids) for ids in stories.values() if ids), default=0)


async def _known(unit: Unit, known: Any, stories: _ByChat) -> Mapping[int, set[int]]:
    connection = await unit.session.connection()
    found: defaultdict[int, set[int]] = defaultdict(set)
    for chat_id, story_id in await connection.execute(known):
        if story_id in stories[chat_id]:
            found[chat_id].add(story_id)
    return found
