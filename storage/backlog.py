"""What waits, and how long the oldest of it has, for metrics; each question takes a moment.

What is counted is counted up to `MOST`: to count millions would take seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Select, func, literal_column, text
from sqlmodel import col, select

from storage.articles import Article, is_at
from storage.chats import Chat
from storage.deliveries import IN_THE_WAY, IN_TROUBLE, NEXT, Delivery
from storage.overview import count_sources_in_trouble
from storage.pages import AwaitedPage
from storage.queries import latest_change
from storage.sources import Source
from storage.words import ChatState, DeliveryKind, Medium, SourceState, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage.engine import Unit

MOST: Final = 100_000


class Backlog(NamedTuple):
    """*lags*: seconds, by step. *queue*: messages, by state and medium."""

    lags: Mapping[str, float]
    queue: Mapping[tuple[str, str], int]
    sources: Mapping[str, int]
    queries_change: int


async def backlog(unit: Unit) -> Backlog:
    return Backlog(
        lags=await _lags(unit),
        queue=await _queue(unit),
        sources={
            "active": await _count(unit, Source, col(Source.state) == SourceState.ACTIVE),
            "in_trouble": await count_sources_in_trouble(unit),
        },
        queries_change=await latest_change(unit),
    )


async def _lags(unit: Unit) -> dict[str, float]:
    """How long the oldest work of each step has waited; what is due later has not."""
    questions = [(step, question) for step, asked in _DUE.items() for question in asked]
    found = (
        await unit.session.exec(select(*(each.scalar_subquery() for _, each in questions)))
    ).one()
    lags = dict.fromkeys(_DUE, 0.0)
    for (step, _), moment in zip(questions, found, strict=True):
        if moment is not None:
            lags[step] = max(lags[step], (unit.now - moment).total_seconds())
    return lags


def _first(moment: Any, order: Any, *which: Any) -> Select[Any]:
    return select(moment).where(*which).order_by(order).limit(1)


def _at(stage: Stage) -> Select[Any]:
    """Articles are stored in the order of their ids, and go on in it."""
    return _first(col(Article.stored_at), col(Article.id), is_at(stage))


def _outbox(medium: Medium) -> list[Select[Any]]:
    """One question for each priority: so the index has each answer at its first row."""
    due = col(Delivery.due_at)
    return [
        _first(
            due, due, text(NEXT), col(Delivery.medium) == medium, col(Delivery.priority) == number
        )
        for number in sorted({kind.priority for kind in DeliveryKind})
    ]


_NEXT_FETCH, _NEXT_DIGEST = col(Source.next_fetch_at), col(Chat.next_digest_at)
_DUE: Final[Mapping[str, list[Select[Any]]]] = {
    "poll": [_first(_NEXT_FETCH, _NEXT_FETCH, col(Source.state) == SourceState.ACTIVE)],
    "page": [_first(col(AwaitedPage.due_at), col(AwaitedPage.due_at))],
    "group": [_at(Stage.STORED)],
    "match": [_at(Stage.GROUPED)],
    "alert": [_at(Stage.MATCHED)],
    "digest": [
        _first(
            _NEXT_DIGEST,
            _NEXT_DIGEST,
            _NEXT_DIGEST.is_not(None),
            col(Chat.state) == ChatState.ACTIVE,
        )
    ],
    "send": _outbox(Medium.TELEGRAM),
    "mail": _outbox(Medium.EMAIL),
}


async def _queue(unit: Unit) -> dict[tuple[str, str], int]:
    counted: dict[tuple[str, str], int] = {}
    for condition in (IN_THE_WAY, IN_TROUBLE):
        some = select(Delivery.state, Delivery.medium).where(text(condition)).limit(MOST).subquery()
        grouped = select(some.c.state, some.c.medium, func.count()).group_by(
            some.c.state, some.c.medium
        )
        for state, medium, number in await unit.session.exec(grouped):
            counted[state.value, medium.value] = number
    return counted


async def _count(unit: Unit, table: Any, *which: Any) -> int:
    some = select(literal_column("1")).select_from(table).where(*which).limit(MOST).subquery()
    return (await unit.session.exec(select(func.count()).select_from(some))).one()
