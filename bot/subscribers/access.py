"""Access: who may use the bot, who is its admin, bans by Telegram's id, and the first admin.

The settings name users and admins. The database has further admins, further users with access, and
bans. The first admin is whoever opens the link printed at the start; in a playground, it is the
first user.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from bot.rendering.i18n import ENGLISH
from bot.rendering.renderer import Renderer
from bot.subscribers.errors import CannotBan
from storage.access import (
    Admission,
    add_admin,
    admin_ids,
    admissions,
    admit,
    is_admitted,
    record_event,
    replace_code,
    use_code,
)
from storage.chats import private_chat_of, spoken_languages
from storage.db.engine import Storage, Transaction
from storage.enums import AuditAction, DeliveryKind
from storage.outbox import enqueue, new_delivery
from storage.suspension import (
    AccessRule,
    Ban,
    access_changes,
    apply_access,
    ban,
    bans,
    is_banned,
    unban,
)


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of the settings. *is_open*: everybody may use the bot, not only those *allowed*.

    *invites*: an invitation gives access too.
    """

    is_open: bool
    allowed: frozenset[int] = frozenset()
    admins: frozenset[int] = frozenset()
    invites: bool = False

    def may_use(self, user_id: int, appointed: Collection[int] = ()) -> bool:
        return self.is_open or user_id in self.allowed or self.may_run(user_id, appointed)

    def owns(self, user_id: int) -> bool:
        """Return whether the settings name the user as an admin, whom nobody can ban."""
        return user_id in self.admins

    def may_run(self, user_id: int, appointed: Collection[int] = ()) -> bool:
        """Return whether the user is an admin; *appointed* are the admins in the database."""
        return user_id in self.admins or user_id in appointed

    @property
    def rule(self) -> AccessRule:
        return AccessRule(self.is_open, self.allowed, self.admins)


async def has_access(tx: Transaction, user_id: int, access: Access) -> bool:
    """Return whether the user may use the bot, if they are not banned."""
    return access.may_use(user_id, await admin_ids(tx)) or await is_admitted(tx, user_id)


async def follow_access(storage: Storage, *, access: Access) -> int:
    """Close the chats whose user may no longer use the bot, and reopen those whose user may again.

    Runs at the start, because the settings may have changed, and each minute, because the command
    line changes the database. Returns how many chats changed, a bounded number at a time.
    """
    async with storage.reading() as tx:
        if not await access_changes(tx, access.rule, limit=1):
            return 0
    async with storage.writing() as tx:
        return await apply_access(tx, access.rule)


async def apply_to_chats(tx: Transaction, telegram_id: int, access: Access) -> None:
    """Apply a change in the access of a user or group to all of their chats."""
    while await apply_access(tx, access.rule, telegram_id=telegram_id):
        pass


# Admins


async def new_admin_code(storage: Storage, *, access: Access) -> str | None:
    """Return a code that makes the first user who sends it an admin; None if there is an admin."""
    code = secrets.token_urlsafe(16)
    async with storage.writing() as tx:
        if access.admins or await admin_ids(tx):
            return None
        await replace_code(tx, _hash(code))
    return code


async def admin_languages(storage: Storage, *, access: Access) -> Mapping[int, str]:
    """Return all admins, each with the language in which the bot writes to them."""
    async with storage.reading() as tx:
        everybody = access.admins | frozenset(await admin_ids(tx))
        return dict.fromkeys(everybody, ENGLISH.code) | await spoken_languages(tx, everybody)


async def redeem_admin_code(storage: Storage, user_id: int, code: str, *, access: Access) -> bool:
    """Make the user an admin if *code* is the printed one and still unused.

    Returns True for an admin too, because the same link may be opened twice.
    """
    async with storage.writing() as tx:
        if access.may_run(user_id, await admin_ids(tx)):
            return True
        if await is_banned(tx, [user_id]) or not await use_code(tx, _hash(code)):
            return False
        await _appoint(tx, user_id)
        return True


async def make_first_admin(
    storage: Storage, user_id: int, *, access: Access, is_playground: bool
) -> bool:
    """Make the first user of a playground an admin; False elsewhere, or if there is one."""
    if not is_playground or access.admins:
        return False
    async with storage.writing() as tx:
        if await admin_ids(tx):
            return False
        await _appoint(tx, user_id)
    return True


async def _appoint(tx: Transaction, user_id: int) -> None:
    await add_admin(tx, user_id)
    await record_event(tx, user_id, AuditAction.APPOINTED, user_id)


def _hash(code: str) -> str:
    return sha256(code.encode()).hexdigest()


# Bans


class AllowResult(StrEnum):
    UNBANNED = "unbanned"
    ADMITTED = "admitted"  # the user was not banned, but had no access
    UNCHANGED = "unchanged"


async def ban_user(
    storage: Storage, telegram_id: int, *, by: int | None = None, access: Access
) -> bool:
    """Ban a user or a group, and keep all data; return False if it is banned already.

    Raises CannotBan for an admin whom the settings name, and for the admin *by* whom it is done.
    """
    if telegram_id == by or access.owns(telegram_id):
        raise CannotBan
    async with storage.writing() as tx:
        is_new = await ban(tx, telegram_id)
        if is_new:
            await record_event(tx, by, AuditAction.BANNED, telegram_id)
        await apply_to_chats(tx, telegram_id, access)
    return is_new


async def allow_user(
    storage: Storage, telegram_id: int, *, by: int | None = None, access: Access, renderer: Renderer
) -> AllowResult:
    """Lift a ban, and give the user access unless everybody has it.

    Notifies the user if they have a chat with the bot, which can write to nobody else.
    """
    async with storage.writing() as tx:
        was_banned = await unban(tx, telegram_id)
        is_user = telegram_id > 0 and not access.may_use(telegram_id)
        is_new = is_user and await admit(tx, telegram_id)
        if not (was_banned or is_new):
            return AllowResult.UNCHANGED
        await record_event(tx, by, AuditAction.ALLOWED, telegram_id)
        await apply_to_chats(tx, telegram_id, access)
        await _notify(tx, telegram_id, renderer=renderer)
    return AllowResult.UNBANNED if was_banned else AllowResult.ADMITTED


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
    """Return the bans, and the users with access besides those in the settings."""
    async with storage.reading() as tx:
        return await bans(tx, limit), await admissions(tx, limit)
