"""How much each chat may have: what the settings say for all, or an admin for one."""

from bot.subscribers.errors import NoSuchChat, NotANumber
from bot.subscribers.limits import Limited, Limits
from storage.access import record_event
from storage.chats import Chat, Quota, quota_of
from storage.db.engine import Storage, Transaction
from storage.enums import AuditAction

LARGEST = 1000


async def limits_of(tx: Transaction, chat_id: int, usual: Limits) -> Limits:
    """Return how much the chat may have, where *usual* is what all may."""
    return limits_said(await quota_of(tx, chat_id), usual)


def limits_said(said: Quota, usual: Limits) -> Limits:
    return Limits(**{kind: _said(said, kind, usual) for kind in Limited})


def _said(said: Quota, kind: Limited, usual: Limits) -> int:
    number: int | None = getattr(said, kind)
    return getattr(usual, kind) if number is None else number


async def get_limits(storage: Storage, chat_id: int, *, limits: Limits) -> Limits:
    async with storage.reading() as tx:
        return await limits_of(tx, chat_id, limits)


async def set_limits(
    storage: Storage, chat_id: int, kind: Limited, number: int | None, *, by: int | None = None
) -> None:
    """Let our row *chat_id* have *number* of a kind, None: as many as all.

    What it has already stays. NoSuchChat if it is gone, NotANumber if that is too large.
    """
    if number is not None and not 0 <= number <= LARGEST:
        raise NotANumber(0, LARGEST)
    async with storage.writing() as tx:
        chat = await tx.session.get(Chat, chat_id)
        if chat is None:
            raise NoSuchChat
        said = await quota_of(tx, chat_id)
        if getattr(said, kind) == number:
            return
        setattr(said, kind, number)
        tx.session.add(said)
        await record_event(tx, by, AuditAction.LIMITED, chat.telegram_id, **{kind: number})
