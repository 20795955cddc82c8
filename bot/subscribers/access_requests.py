"""Requests for access: a user asks the admins, and the first admin to answer decides.

A group depends on the user who added the bot, so access for a group is access for the administrator
who asks for it.
"""

from dataclasses import dataclass

from bot.rendering.keyboards import decide
from bot.rendering.renderer import Renderer
from bot.subscribers.access import Access, allow, has_access
from bot.subscribers.errors import Banned, NoSuchRequest
from bot.subscribers.users import Sender
from storage.access import AdminChat, admin_chats
from storage.admin_inbox import (
    REQUEST_NOTICE,
    AccessRequest,
    add_request,
    count_requests,
    decide_request,
    forget_old_requests,
    has_asked,
    lock_request,
)
from storage.chats import chat_at, lock_chats, names_of_chats
from storage.db.engine import Storage, Transaction
from storage.enums import CLOSED, ChatKind, DeliveryKind
from storage.outbox import enqueue, new_delivery
from storage.suspension import is_banned

MOST_A_DAY = 20  # of all users together, because each admin gets a message about each


@dataclass(frozen=True, slots=True)
class AccessDecision:
    """An admin's decision about a request; *by* is None on the command line."""

    user_id: int
    name: str
    title: str  # of the group that the user asked for, "" for none
    is_allowed: bool
    by: int | None
    by_name: str  # "" if unknown


async def may_ask(storage: Storage, sender: Sender, *, access: Access) -> bool:
    """Return whether the sender lacks access here: to the bot, or to an open group."""
    async with storage.reading() as tx:
        if await has_access(tx, sender.user_id, access):
            return False
        chat = await chat_at(tx, sender.telegram_id)
    return sender.kind is ChatKind.PRIVATE or chat is None or chat.state in CLOSED


async def ask(storage: Storage, sender: Sender, *, access: Access, renderer: Renderer) -> bool:
    """Send the admins the request, at most one a day for each user and each group.

    Returns False if no admin can be reached, or if they got `MOST_A_DAY`. Raises Banned.
    """
    async with storage.writing() as tx:
        if await is_banned(tx, {sender.user_id, sender.telegram_id}):
            raise Banned(is_first=False)
        to = await admin_chats(tx, access.admins)
        # Simultaneous requests must be counted one after the other.
        await lock_chats(tx, [admin.chat_id for admin in to])
        await forget_old_requests(tx)
        if await has_asked(tx, sender.user_id, sender.telegram_id):
            return True
        if not to or await count_requests(tx) >= MOST_A_DAY:
            return False
        await _send(tx, sender, to, renderer)
    return True


async def _send(tx: Transaction, sender: Sender, to: list[AdminChat], renderer: Renderer) -> None:
    values = {
        "user_id": sender.user_id,
        "telegram_id": sender.telegram_id,
        "kind": sender.kind,
        "name": sender.name,
        "title": sender.title,
        "language": sender.language or "en",
    }
    request_id = await add_request(tx, values)
    if request_id is None:
        return
    named = {"notice": REQUEST_NOTICE, "subject": str(request_id)}
    deliveries = []
    for admin in to:
        message = renderer.of(admin.language).message(
            "notices.html#access_request",
            sender=sender,
            allow=decide(request_id, is_allowed=True),
            refuse=decide(request_id, is_allowed=False),
        )
        deliveries.append(new_delivery(tx, DeliveryKind.NOTICE, admin.chat_id, message, **named))
    await enqueue(tx, deliveries)


async def decide_access(
    storage: Storage,
    request_id: int,
    *,
    is_allowed: bool,
    by: int,
    access: Access,
    renderer: Renderer,
) -> AccessDecision:
    """Decide the request unless an admin already has; return the decision that counts.

    Raises NoSuchRequest if the request was deleted.
    """
    async with storage.writing() as tx:
        request = await lock_request(tx, request_id)
        if request is None:
            raise NoSuchRequest
        if request.decided_at is None and is_allowed:
            await allow(tx, request.user_id, by=by, access=access, renderer=renderer)
        elif request.decided_at is None:
            await decide_request(tx, request.user_id, is_allowed=False, by=by)
        return await _decision(tx, request)


async def _decision(tx: Transaction, request: AccessRequest) -> AccessDecision:
    by = request.decided_by
    names = await names_of_chats(tx, [by] if by else [])
    return AccessDecision(
        user_id=request.user_id,
        name=request.name,
        title=request.title,
        is_allowed=request.is_allowed,
        by=by,
        by_name=names.get(by or 0, ""),
    )
