"""Shutting people and chats out, and letting them in again: by Telegram's number."""

from collections.abc import Sequence
from enum import StrEnum

from bot.rendering.renderer import Renderer
from bot.subscribers.access import Access
from bot.subscribers.errors import CannotBan
from storage.access import Admission, admissions, admit, record_event
from storage.chats import private_chat_of
from storage.db.engine import Storage, Transaction
from storage.enums import AuditAction, DeliveryKind
from storage.outbox import enqueue, new_delivery
from storage.suspension import Ban, ban, bans, unban


class Allowed(StrEnum):
    """What came of it."""

    LIFTED = "lifted"  # there was a ban
    LET_IN = "let in"
    THERE = "there"  # nothing was in the way


async def ban_user(
    storage: Storage, telegram_id: int, *, by: int | None = None, access: Access
) -> bool:
    """Shut a person or a group out; False if that is so already.

    Nothing of theirs is deleted. CannotBan for the operator's own and for *by* themselves.
    """
    if telegram_id == by or access.owns(telegram_id):
        raise CannotBan
    async with storage.writing() as tx:
        is_new = await ban(tx, telegram_id)
        if is_new:
            await record_event(tx, by, AuditAction.BANNED, telegram_id)
    return is_new


async def allow_user(
    storage: Storage, telegram_id: int, *, by: int | None = None, access: Access, renderer: Renderer
) -> Allowed:
    """Lift a ban; and where not everybody may use the bot, let the person in.

    They are told so, if they have a chat with the bot: nobody else may be written to.
    """
    async with storage.writing() as tx:
        was_banned = await unban(tx, telegram_id)
        is_person = telegram_id > 0 and not access.may_use(telegram_id)
        is_new = is_person and await admit(tx, telegram_id)
        if not (was_banned or is_new):
            return Allowed.THERE
        await record_event(tx, by, AuditAction.ALLOWED, telegram_id)
        await _notify(tx, telegram_id, renderer=renderer)
    return Allowed.LIFTED if was_banned else Allowed.LET_IN


async def _notify(tx: Transaction, telegram_id: int, *, renderer: Renderer) -> None:
    chat = await private_chat_of(tx, telegram_id)
    if chat is None:
        return
    message = renderer.of(chat.speaks).message("notices.html#allowed")
    named = {"notice": "allowed", "subject": f"{tx.now:%Y%m%dT%H%M%S%f}"}
    await enqueue(tx, [new_delivery(tx, DeliveryKind.NOTICE, chat.id, message, **named)])


async def bans_and_admissions(
    storage: Storage, limit: int = 1000
) -> tuple[Sequence[Ban], Sequence[Admission]]:
    """Return who is shut out, and who was let in besides those of the settings."""
    async with storage.reading() as tx:
        return await bans(tx, limit), await admissions(tx, limit)
