"""Alerts that were put out: what each chat's message says by now, so that it can be brought up."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, literal, or_
from sqlmodel import col, select

from storage.alerts import Alert, Listener
from storage.chats import Chat, spoken_to
from storage.deliveries import Delivery
from storage.engine import Unit
from storage.mutes_heard import is_muted
from storage.queries import Query
from storage.topics import Topic
from storage.words import NEVER_THERE, ChatState, DeliveryKind, Medium


@dataclass(frozen=True, slots=True)
class ToldAlert:
    """An alert whose message is sent or on its way; *body* is its newest, edits counted in."""

    id: int
    chat_id: int
    zone: str
    article_id: int
    chapter: int
    topic_ids: list[int]
    made_at: datetime
    delivery_id: int
    body: dict[str, Any]
    language: str


async def alerted_since(unit: Unit, story_ids: Collection[int], since: datetime) -> set[int]:
    """Return those of the stories that anybody was alerted to after *since*."""
    rows = select(Alert.story_id).where(
        col(Alert.story_id).in_(story_ids), col(Alert.made_at) > since
    )
    return set(await unit.session.exec(rows.distinct()))


async def told_alerts(
    unit: Unit, story_id: int, *, since: datetime, pressed: datetime, after: int, limit: int
) -> list[ToldAlert]:
    """Return the alerts to the story that were made after *since*, with ids above *after*.

    Those of chats that have muted the story are left out, and those whose buttons were pressed
    after *pressed*.
    """
    key = literal("alert:") + cast(col(Alert.id), String) + literal(f":{Medium.TELEGRAM}")
    rows = await unit.session.exec(
        select(  # type: ignore[call-overload]
            Alert.id, Alert.chat_id, Chat.zone, Alert.article_id, Alert.chapter, Alert.topic_ids,
            Alert.made_at, Delivery.id, Delivery.body, spoken_to(),
        )
        .join(Chat, col(Chat.id) == Alert.chat_id)
        .join(Delivery, col(Delivery.key) == key)
        .where(
            col(Alert.story_id) == story_id,
            col(Alert.made_at) > since,
            col(Alert.id) > after,
            or_(col(Alert.pressed_at).is_(None), col(Alert.pressed_at) <= pressed),
            col(Chat.state) == ChatState.ACTIVE,
            ~is_muted(unit, col(Alert.chat_id), story_id),
            col(Delivery.state).not_in(NEVER_THERE),
        )
        .order_by(col(Alert.id))
        .limit(limit)
    )  # fmt: skip
    alerts = [ToldAlert(*row) for row in rows]
    edited = await _edited(unit, [alert.delivery_id for alert in alerts])
    return [replace(one, body=edited.get(one.delivery_id, one.body)) for one in alerts]


async def _edited(unit: Unit, delivery_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the body of the newest edit of each, where there is one."""
    rows = await unit.session.exec(
        select(Delivery.target_id, Delivery.body)
        .where(col(Delivery.target_id).in_(delivery_ids), Delivery.kind == DeliveryKind.EDIT)
        .order_by(col(Delivery.version))
    )
    return {target: dict(body) for target, body in rows if target is not None}


async def listening(unit: Unit, alerts: Collection[ToldAlert]) -> dict[int, list[Listener]]:
    """Return the topics that each alert named, by the alert's id, as far as they are there yet."""
    wanted = {topic_id for alert in alerts for topic_id in alert.topic_ids}
    rows = await unit.session.exec(
        select(Topic.id, Topic.name, Query.canonical)
        .join(Query, col(Query.id) == Topic.query_id)
        .where(col(Topic.id).in_(wanted))
    )
    topics = {topic_id: (name, query) for topic_id, name, query in rows if topic_id}
    return {
        alert.id: [
            Listener(
                alert.chat_id, alert.zone, topic_id, *topics[topic_id], language=alert.language
            )
            for topic_id in alert.topic_ids
            if topic_id in topics
        ]
        for alert in alerts
    }
