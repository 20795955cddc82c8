"""Access: who may use the bot, who is its admin, bans by Telegram's id, and the first admin.

The settings name users and admins. The database has further admins, further users with access, and
bans. The first admin is the user who opens the link printed at the start; in a playground, it is
the first user.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from bot.rendering.i18n import ENGLISH
from bot.rendering.renderer import Renderer
from bot.subscribers.errors import CannotBan
from bot.subscribers.timezones import guess_zone
from storage.access import (
    Admission,
    add_admin,
    admin_ids,
    admission_of,
    admissions,
    admit,
    is_admitted,
    record_event,
    replace_code,
    use_code,
)
from storage.admin_inbox import AccessRequest, decide_request, pending_requests
from storage.chats import chat_at, names_of_chats, open_chat, set_inviter, spoken_languages
from storage.db.engine import Storage, Transaction
from storage.enums import CLOSED, AuditAction, ChatKind, ChatState, DeliveryKind
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

MOST_ADMINS_NAMED = 5


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
        await decide_request(tx, telegram_id, is_allowed=False, by=by)
        if is_new:
            await record_event(tx, by, AuditAction.BANNED, telegram_id)
        await apply_to_chats(tx, telegram_id, access)
    return is_new


@dataclass(frozen=True, slots=True)
class Allowed:
    """The result of allowing a user or group; *name* is "" if it is unknown.

    *is_told*: whether the bot writes to them about it, which it may only in a chat with them.
    """

    result: AllowResult
    name: str = ""
    is_told: bool = False


async def allow_user(
    storage: Storage, telegram_id: int, *, by: int | None = None, access: Access, renderer: Renderer
) -> Allowed:
    """Lift a ban, and give the user access unless everybody has it.

    Grants a request of the user or for the group, even if an admin refused it. Notifies them if
    they have a chat with the bot, which can write to nobody else.
    """
    async with storage.writing() as tx:
        return await allow(tx, telegram_id, by=by, access=access, renderer=renderer)


async def allow(
    tx: Transaction, telegram_id: int, *, by: int | None, access: Access, renderer: Renderer
) -> Allowed:
    request = await decide_request(tx, telegram_id, is_allowed=True, by=by)
    user_id = request.user_id if request else telegram_id
    was_banned = await unban(tx, telegram_id)
    is_new = user_id > 0 and not access.may_use(user_id) and await admit(tx, user_id)
    if not (was_banned or is_new or request):
        return Allowed(AllowResult.UNCHANGED)
    await record_event(tx, by, AuditAction.ALLOWED, user_id)
    if request:
        await _open(tx, request)
    await apply_to_chats(tx, user_id, access)
    chat = await chat_at(tx, request.telegram_id if request else telegram_id)
    result = AllowResult.UNBANNED if was_banned else AllowResult.ADMITTED
    if chat is None or chat.state not in {ChatState.ACTIVE, ChatState.PAUSED}:
        return Allowed(result, chat.name if chat else "")
    notice = "allowed" if was_banned else "admitted"
    if chat.kind is not ChatKind.PRIVATE:
        notice = "group_allowed"
    message = renderer.of(chat.speaks).message(f"notices.html#{notice}")
    named = {"notice": "allowed", "subject": f"{tx.now:%Y%m%dT%H%M%S%f}"}
    await enqueue(tx, [new_delivery(tx, DeliveryKind.NOTICE, chat.id, message, **named)])
    return Allowed(result, chat.name, is_told=chat.state is ChatState.ACTIVE)


async def _open(tx: Transaction, request: AccessRequest) -> None:
    """Open the chat that the request was made in; a closed group now depends on who asked."""
    is_private = request.kind is ChatKind.PRIVATE
    values = {
        "telegram_id": request.telegram_id,
        "thread_id": 0,
        "kind": request.kind,
        "name": request.name if is_private else request.title,
        "language": request.language,
        "zone": guess_zone(request.language),
        "invited_by": None if is_private else request.user_id,
    }
    chat = await open_chat(tx, values)
    if chat.state in CLOSED and not is_private:
        await set_inviter(tx, request.telegram_id, request.user_id)


@dataclass(frozen=True, slots=True)
class WayBack:
    """How a user gets access again after their data is deleted, and the names of who can give it.

    *by_invitation*: with a new invitation; otherwise an admin has to allow them.
    """

    by_invitation: bool
    admins: Sequence[str]


async def way_back(storage: Storage, user_id: int, *, access: Access) -> WayBack | None:
    """Return the way back for a user who was given access; None if others keep or have none."""
    async with storage.reading() as tx:
        admission = await admission_of(tx, user_id)
        if admission is None or access.may_use(user_id):
            return None
        admins = access.admins | frozenset(await admin_ids(tx))
        names = await names_of_chats(tx, admins - {user_id})
    by_invitation = admission.invite_id is not None and access.invites
    return WayBack(by_invitation, sorted(names.values())[:MOST_ADMINS_NAMED])


async def bans_and_admissions(
    storage: Storage, limit: int = 1000
) -> tuple[Sequence[Ban], Sequence[Admission], Sequence[AccessRequest]]:
    """Return the bans, the users with access besides those in the settings, and who asks for it."""
    async with storage.reading() as tx:
        requests = await pending_requests(tx, limit)
        return await bans(tx, limit), await admissions(tx, limit), requests
