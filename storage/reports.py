"""Reports: the stories that were reported to a chat by alerts.

An alert is reported once its message has arrived, or is on its way and not held back:

- not while it waits in a bundle, nor while any part of its message is in one of `NOT_ARRIVED`
- of two media one is enough
- an alert whose messages are so old that they were deleted was reported

Whatever asks whether a story was reported to a chat asks `is_reported`: digests, chapters, missed
alerts. A story that was not reported is news to a digest.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from storage.alerts import Alert
from storage.bundles import Bundle
from storage.db.engine import Transaction
from storage.db.sql import among
from storage.enums import NOT_ARRIVED, DeliveryKind, Medium
from storage.outbox import Delivery
from storage.stories import Story, chain_of_story

_message = aliased(Delivery, name="message")
_part = aliased(Delivery, name="part")


def is_reported() -> ColumnElement[bool]:
    """Say of an `Alert` in the query whether it has reported the story to its chat; see above."""
    is_released = exists().where(
        col(Bundle.id) == Alert.bundle_id, col(Bundle.released_at).is_not(None)
    )
    return case(
        (col(Alert.bundle_id).is_(None), _has_arrived(Delivery.alert_id, Alert.id)),
        else_=and_(is_released, _has_arrived(Delivery.bundle_id, Alert.bundle_id)),
    )


def _has_arrived(decision: Any, number: Any) -> ColumnElement[bool]:
    """Say whether the messages of a decision have arrived by any medium, or are on their way."""
    name = decision.key
    missing = exists().where(
        getattr(_part, name) == number,
        col(_part.medium) == _message.medium,
        col(_part.state).in_(NOT_ARRIVED),
    )
    whole = exists().where(
        getattr(_message, name) == number,
        col(_message.part) == 1,
        ~missing.correlate_except(_part),
    )
    any_left = exists().where(getattr(_message, name) == number)
    return or_(whole.correlate_except(_message), ~any_left.correlate_except(_message))


async def reported_stories(
    tx: Transaction, chat_ids: Collection[int], first: int
) -> list[tuple[int, int]]:
    """Return each of the chats with the stories, from the id *first* on, reported to it."""
    connection = await tx.session.connection()
    rows = await connection.execute(_STORIES, {"chats": chat_ids, "first": first})
    return [(chat_id, story_id) for chat_id, story_id in rows]


_STORIES: Final = select(Alert.chat_id, Alert.story_id).where(
    among(col(Alert.chat_id), bindparam("chats")),
    col(Alert.story_id) >= bindparam("first"),
    is_reported(),
)


# Chapters: the reports of a story before it moved on.


def _message_of_alert(medium: Medium = Medium.TELEGRAM) -> ColumnElement[bool]:
    """Say whether a `Delivery` in the query is the message of an `Alert` in it by *medium*.

    The first part of a bundle speaks for all parts.
    """
    first = (col(_message.medium) == medium, col(_message.part) == 1)
    alone = select(_message.id).where(col(_message.alert_id) == Alert.id, *first)
    together = select(_message.id).where(col(_message.bundle_id) == Alert.bundle_id, *first)
    found = func.coalesce(alone.scalar_subquery(), together.scalar_subquery())
    return col(Delivery.id) == found


@dataclass(frozen=True, slots=True)
class EarlierReports:
    """How many chapters a chat was sent, and the delivery of the first, if there is one."""

    chapters: int = 0
    delivery_id: int | None = None


NO_EARLIER_REPORTS = EarlierReports()


@dataclass(frozen=True, slots=True)
class FirstMail:
    """The alert or bundle that was mailed to a chat first of a chain, and when it was mailed."""

    kind: DeliveryKind
    number: int
    made_at: datetime


Continued = Mapping[tuple[int, int], int]
"""The first story of the chain, by chat and by the story that continues it."""


async def reported_before(
    tx: Transaction, continued: Continued, since: datetime
) -> dict[tuple[int, int], EarlierReports]:
    """Return what chats were sent, after *since*, of the other chapters of stories' chains.

    By chat and story.
    """
    found = await _of_chains(tx, _REPORTED, continued, since)
    reports: dict[tuple[int, int], EarlierReports] = {}
    for key, (delivery_id,) in found:
        before = reports.get(key, NO_EARLIER_REPORTS)
        first = delivery_id if before.delivery_id is None else before.delivery_id
        reports[key] = EarlierReports(before.chapters + 1, first)
    return reports


async def first_mails(
    tx: Transaction, continued: Continued, since: datetime
) -> dict[tuple[int, int], FirstMail]:
    """Return what chats were mailed first, after *since*, of the chains, by chat and story."""
    found = await _of_chains(tx, _MAILED, continued, since)
    mails: dict[tuple[int, int], FirstMail] = {}
    for key, (alert, bundle, made_at) in found:
        kind = DeliveryKind.BUNDLE if bundle else DeliveryKind.ALERT
        mails.setdefault(key, FirstMail(kind, bundle or alert, made_at))
    return mails


_OF_CHAINS: Final = (
    or_(
        among(col(Story.id), bindparam("chains")),
        among(col(Story.continues_id), bindparam("chains")),
    ),
    among(col(Alert.chat_id), bindparam("chats")),
    col(Alert.made_at) > bindparam("since"),
)

_REPORTED: Final[Any] = (
    select(col(Alert.chat_id), col(Alert.story_id), chain_of_story(Story), col(Delivery.id))
    .join(Story, col(Story.id) == Alert.story_id)
    .outerjoin(Delivery, and_(_message_of_alert(), col(Delivery.state).not_in(NOT_ARRIVED)))
    .where(*_OF_CHAINS, is_reported())
    .order_by(col(Alert.id))
)  # fmt: skip

_MAILED: Final = (
    select(  # type: ignore[call-overload]
        Alert.chat_id, Alert.story_id, chain_of_story(Story),
        Alert.id, Alert.bundle_id, Delivery.created_at,
    )
    .join(Story, col(Story.id) == Alert.story_id)
    .join(Delivery, _message_of_alert(Medium.EMAIL))
    .where(*_OF_CHAINS, col(Delivery.state).not_in(NOT_ARRIVED))
    .order_by(col(Alert.id))
)  # fmt: skip


async def _of_chains(
    tx: Transaction, statement: Select[Any], continued: Continued, since: datetime
) -> list[tuple[tuple[int, int], tuple[Any, ...]]]:
    """Return the rows about the other chapters, each by the chat and story that it is asked for."""
    if not continued:
        return []
    stories: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for (chat_id, story_id), chain in continued.items():
        stories[chat_id, chain].append(story_id)
    asked = {
        "chains": set(continued.values()),
        "chats": {chat_id for chat_id, _ in continued},
        "since": since,
    }
    connection = await tx.session.connection()
    return [
        ((chat_id, story_id), tuple(values))
        for chat_id, other, chain, *values in await connection.execute(statement, asked)
        for story_id in stories.get((chat_id, chain), ())
        if story_id != other
    ]
