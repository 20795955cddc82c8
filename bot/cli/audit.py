"""`dateline audit`: the activity log of admins and of the command line."""

from __future__ import annotations

import asyncio
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.output import AsJson, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.access import AuditEvent


def audit(
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 100,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Show what admins did in the chat, and what was done on the command line."""
    columns: dict[str, Callable[[AuditEvent], object]] = {
        "when (UTC)": attrgetter("at"),
        "user": _user,
        "action": attrgetter("action"),
        "subject": attrgetter("subject"),
        "details": _details,
    }
    show(asyncio.run(_newest(limit)), columns, as_json=as_json, empty="The activity log is empty.")


async def _newest(limit: int) -> list[AuditEvent]:
    from bot.cli.storage import stored
    from bot.subscribers.audit import newest_events

    async with stored() as storage:
        return await newest_events(storage, limit)


def _user(event: AuditEvent) -> str:
    return "command line" if event.user_id is None else str(event.user_id or "—")


def _details(event: AuditEvent) -> str:
    return ", ".join(f"{name}: {value}" for name, value in event.details.items())
