"""The first admin: whoever opens the link that the start printed; in a playground, who is first."""

import secrets
from collections.abc import Mapping
from hashlib import sha256

from bot.subscribers.access import Access
from storage.access import add_admin, admin_ids, record_event, replace_code, use_code
from storage.chats import chosen_languages
from storage.db.engine import Storage
from storage.enums import AuditAction
from storage.suspension import is_banned


async def new_admin_code(storage: Storage, *, access: Access) -> str | None:
    """Return a code that makes whoever brings it first the admin; None if there is one."""
    code = secrets.token_urlsafe(16)
    async with storage.writing() as tx:
        if access.admins or await admin_ids(tx):
            return None
        await replace_code(tx, _hash(code))
    return code


async def admin_languages(storage: Storage, *, access: Access) -> Mapping[int, str | None]:
    """Return who runs the bot, those of the settings and the appointed.

    To each the language that was chosen, if any.
    """
    async with storage.reading() as tx:
        everybody = access.admins | frozenset(await admin_ids(tx))
        return dict.fromkeys(everybody) | await chosen_languages(tx, everybody)


async def redeem_admin_code(storage: Storage, user_id: int, code: str, *, access: Access) -> bool:
    """Make the person an admin if the code is the printed one and still unused.

    Who is an admin already stays one: the same link may be opened twice.
    """
    async with storage.writing() as tx:
        if access.may_run(user_id, await admin_ids(tx)):
            return True
        if await is_banned(tx, [user_id]) or not await use_code(tx, _hash(code)):
            return False
        await add_admin(tx, user_id)
        await record_event(tx, user_id, AuditAction.APPOINTED, user_id)
        return True


async def make_first_admin(
    storage: Storage, user_id: int, *, access: Access, is_playground: bool
) -> bool:
    """Make the person an admin if that is for the first who comes, and nobody is one yet."""
    if not is_playground or access.admins:
        return False
    async with storage.writing() as tx:
        if await admin_ids(tx):
            return False
        await add_admin(tx, user_id)
        await record_event(tx, user_id, AuditAction.APPOINTED, user_id)
    return True


def _hash(code: str) -> str:
    return sha256(code.encode()).hexdigest()
