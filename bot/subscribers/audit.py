"""What those who run the bot did: written down, and shown to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.subscribers.paging import Page, page_number
from storage.access import (
    ACTIONS_ON_CHATS,
    ERASED_USER,
    AuditEvent,
    audit_events,
    count_audit_events,
    record_event,
)
from storage.db.engine import Storage
from storage.enums import AuditAction
from storage.users import names_of_chats

PER_PAGE = 10
_ERASED = "—"


@dataclass(frozen=True, slots=True)
class ActSeen:
    """*by*: a name, or a number where none is known; "" on the command line.

    What names somebody who had all erased is a dash.
    """

    at: datetime
    by: str
    action: AuditAction
    subject: str


async def record(
    storage: Storage, by: int | None, action: AuditAction, subject: object, **details: object
) -> None:
    """Write down what was done elsewhere; what our own use cases do they write themselves."""
    async with storage.writing() as tx:
        await record_event(tx, by, action, subject, **details)


async def page(storage: Storage, wanted: int = 0) -> Page[ActSeen]:
    """Return the acts, the newest first."""
    async with storage.reading() as tx:
        total = await count_audit_events(tx)
        number = page_number(wanted, total, PER_PAGE)
        acts = await audit_events(tx, offset=number * PER_PAGE, limit=PER_PAGE)
        names = await names_of_chats(tx, {number for act in acts for number in _named(act)})
    return Page([_seen(act, names) for act in acts], number, total, PER_PAGE)


async def newest(storage: Storage, limit: int) -> list[AuditEvent]:
    async with storage.reading() as tx:
        return await audit_events(tx, limit=limit)


def _named(act: AuditEvent) -> set[int]:
    """Return the Telegram numbers that an act names."""
    numbers = {act.user_id} if act.user_id is not None else set()
    if act.action in ACTIONS_ON_CHATS and act.subject.lstrip("-").isdecimal():
        numbers.add(int(act.subject))
    return numbers


def _seen(act: AuditEvent, names: Mapping[int, str]) -> ActSeen:
    called = {str(number): name for number, name in names.items()}
    by = "" if act.user_id is None else str(act.user_id)
    by = _ERASED if act.user_id == ERASED_USER else called.get(by, by)
    subject = (
        called.get(act.subject, act.subject) if act.action in ACTIONS_ON_CHATS else act.subject
    )
    return ActSeen(act.at, by, act.action, subject or _ERASED)
