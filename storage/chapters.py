"""Chapters: what chats were told of a story before it moved on."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_
from sqlmodel import col, select

from storage.alerts import Alert, message_key
from storage.deliveries import Delivery
from storage.engine import Unit
from storage.stories import Story
from storage.words import NEVER_THERE, Medium


@dataclass(frozen=True, slots=True)
class ToldBefore:
    """How many chapters a chat was told, and the delivery of the first, if there is one."""

    chapters: int = 0
    delivery_id: int | None = None


NOTHING = ToldBefore()


@dataclass(frozen=True, slots=True)
class FirstMail:
    """The key of the delivery that mailed a chat the first of a chain, and when it was made."""

    key: str
    made_at: datetime


async def told_before(
    unit: Unit, story_id: int, chat_ids: Collection[int], since: datetime
) -> dict[int, ToldBefore]:
    """Return what each chat was told, after *since*, of the other chapters of the story's chain.

    Alerts that expired or failed told nothing.
    """
    others = await _others_of_chain(unit, story_id)
    if not others or not chat_ids:
        return {}
    rows = await unit.session.exec(
        select(Alert.chat_id, Delivery.id, Delivery.state)
        .outerjoin(Delivery, col(Delivery.key) == message_key())
        .where(
            col(Alert.story_id).in_(others),
            col(Alert.chat_id).in_(chat_ids),
            col(Alert.made_at) > since,
        )
        .order_by(col(Alert.id))
    )
    told: dict[int, ToldBefore] = {}
    for chat_id, delivery_id, state in rows:
        if state not in NEVER_THERE:
            before = told.get(chat_id, NOTHING)
            first = delivery_id if before.delivery_id is None else before.delivery_id
            told[chat_id] = ToldBefore(before.chapters + 1, first)
    return told


async def first_mails(
    unit: Unit, story_id: int, chat_ids: Collection[int], since: datetime
) -> dict[int, FirstMail]:
    """Return what each chat was mailed first, after *since*, of the chain, by chat."""
    others = await _others_of_chain(unit, story_id)
    if not others or not chat_ids:
        return {}
    rows = await unit.session.exec(
        select(Alert.chat_id, Delivery.key, Delivery.created_at)
        .join(Delivery, col(Delivery.key) == message_key(Medium.EMAIL))
        .where(
            col(Alert.story_id).in_(others),
            col(Alert.chat_id).in_(chat_ids),
            col(Alert.made_at) > since,
            col(Delivery.state).not_in(NEVER_THERE),
        )
        .order_by(col(Alert.id).desc())
    )
    return {chat_id: FirstMail(key, made_at) for chat_id, key, made_at in rows}


async def _others_of_chain(unit: Unit, story_id: int) -> list[int]:
    """Return none where the story begins its chain: what continues it comes later."""
    first = (
        await unit.session.exec(select(Story.continues_id).where(col(Story.id) == story_id))
    ).one()
    if first is None:
        return []
    chain = or_(col(Story.id) == first, col(Story.continues_id) == first)
    rows = await unit.session.exec(select(Story.id).where(chain, col(Story.id) != story_id))
    return [row for row in rows if row is not None]
