"""The activity log: what admins did, in the chat and on the command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.subscribers.paging import ListPage, load_page
from storage import access
from storage.chats import ERASED_USER, names_of_chats
from storage.db.engine import Storage
from storage.enums import AuditAction

PER_PAGE = 10  # lines, without buttons
_ERASED = "—"


@dataclass(frozen=True, slots=True)
class Activity:
    """An audit event as it is shown.

    *by*: a name, or Telegram's id if no name is known; "" for the command line. A dash stands for
    a user who has deleted their data.
    """

    at: datetime
    by: str
    action: AuditAction
    subject: str


async def record(
    storage: Storage, by: int | None, action: AuditAction, subject: object, **details: object
) -> None:
    """Record an audit event in a transaction of its own."""
    async with storage.writing() as tx:
        await access.record_event(tx, by, action, subject, **details)


async def activity_page(storage: Storage, wanted: int = 0) -> ListPage[Activity]:
    """Return the audit events as they are shown, the newest first."""
    async with storage.reading() as tx:
        total = await access.count_audit_events(tx)
        page = await load_page(partial(access.audit_events, tx), wanted, total, PER_PAGE)
        ids = {telegram_id for event in page.items for telegram_id in _ids_in(event)}
        names = await names_of_chats(tx, ids)
    return page.showing([_activity(event, names) for event in page.items])


async def newest_events(storage: Storage, limit: int) -> list[access.AuditEvent]:
    async with storage.reading() as tx:
        return await access.audit_events(tx, limit=limit)


def _ids_in(event: access.AuditEvent) -> set[int]:
    """Return the ids at Telegram that an event names."""
    ids = {event.user_id} if event.user_id is not None else set()
    if event.action in access.ACTIONS_ON_CHATS and event.subject.lstrip("-").isdecimal():
        ids.add(int(event.subject))
    return ids


def _activity(event: access.AuditEvent, names: Mapping[int, str]) -> Activity:
    names_by_id = {str(telegram_id): name for telegram_id, name in names.items()}
    by = "" if event.user_id is None else str(event.user_id)
    by = _ERASED if event.user_id == ERASED_USER else names_by_id.get(by, by)
    subject = event.subject
    if event.action in access.ACTIONS_ON_CHATS:
        subject = names_by_id.get(subject, subject)
    return Activity(event.at, by, event.action, subject or _ERASED)
