"""Invitations: an admin makes a code that gives access to the users who send it."""

import re
import secrets
from base64 import b32encode
from datetime import date, timedelta
from enum import StrEnum
from functools import partial

from bot.subscribers.access import Access, has_access
from bot.subscribers.errors import NotADate, NotANumber
from bot.subscribers.paging import ListPage, load_page
from storage.access import (
    Invite,
    admit,
    count_guess,
    count_invites,
    end_invite,
    forget_admission,
    invite_of,
    invites_made,
    make_invite,
    record_event,
    use_invite,
    wrong_guesses,
)
from storage.db.engine import Storage, Transaction
from storage.enums import AuditAction
from storage.suspension import is_banned
from storage.updates import UpdateRef, is_duplicate

MOST_USES = 10_000
LONGEST_DAYS = 366
MOST_GUESSES = 5  # an hour
_BYTES = 10  # 80 bits, 16 letters
CODE = r"[A-Z2-7]{16}"
_CODE = re.compile(CODE)


class Redeemed(StrEnum):
    """The result of redeeming an invitation code."""

    IN = "in"
    ALREADY_IN = "already in"
    UNKNOWN = "unknown"  # or revoked
    USED_UP = "used up"
    EXPIRED = "expired"
    TOO_OFTEN = "too often"


async def create_invite(
    storage: Storage, uses: int, last_day: date, *, by: int | None = None, code: str = ""
) -> Invite:
    """Create an invitation for *uses* users, valid through *last_day*, a day in UTC.

    *code*: a code that was drawn before; repeated calls with it create one invitation.
    """
    if not 1 <= uses <= MOST_USES:
        raise NotANumber(1, MOST_USES)
    async with storage.writing() as tx:
        if not 0 <= (last_day - tx.now.date()).days <= LONGEST_DAYS:
            raise NotADate
        made, is_new = await make_invite(tx, code or new_code(), uses, last_day)
        if is_new:
            # Without the code, because reading the activity log must not give access.
            details = {"uses": uses, "last_day": last_day.isoformat()}
            await record_event(tx, by, AuditAction.INVITED, made.id, **details)
    return made


async def create_invite_for(
    storage: Storage, uses: int, days: int, *, by: int | None = None, code: str = ""
) -> Invite:
    """Create an invitation that is valid for *days*, including today; see `create_invite`."""
    async with storage.reading() as tx:
        today = tx.now.date()
    return await create_invite(storage, uses, today + timedelta(days=days - 1), by=by, code=code)


async def invite_page(storage: Storage, wanted: int = 0) -> ListPage[Invite]:
    async with storage.reading() as tx:
        return await load_page(partial(invites_made, tx), wanted, await count_invites(tx))


async def revoke_invite(storage: Storage, invite_id: int, *, by: int | None = None) -> bool:
    """Revoke an invitation; its users keep their access. Return False if there is none."""
    async with storage.writing() as tx:
        ended = await end_invite(tx, invite_id)
        if ended:
            await record_event(tx, by, AuditAction.UNINVITED, invite_id)
    return ended is not None


async def is_unauthorized(storage: Storage, user_id: int, *, access: Access) -> bool:
    """Return whether the user lacks access."""
    async with storage.reading() as tx:
        return not await has_access(tx, user_id, access)


async def redeem_invite(
    storage: Storage, user_id: int, code: str, *, once: UpdateRef | None = None, access: Access
) -> Redeemed:
    """Give the user access by *code*, in any spelling; each user counts once."""
    if not await is_unauthorized(storage, user_id, access=access):
        return Redeemed.ALREADY_IN
    async with storage.writing() as tx:
        is_counted = await is_duplicate(tx, once)
        if not is_counted and await wrong_guesses(tx, user_id) >= MOST_GUESSES:
            return Redeemed.TOO_OFTEN
        invite = await invite_of(tx, as_code(code))
        if invite is None or invite.ended_at or await is_banned(tx, [user_id]):
            if not is_counted:
                await count_guess(tx, user_id)
            return Redeemed.UNKNOWN
        return await _admit(tx, user_id, invite)


async def _admit(tx: Transaction, user_id: int, invite: Invite) -> Redeemed:
    if invite.is_over(tx.now):
        return Redeemed.EXPIRED
    if not await admit(tx, user_id, invite.id):
        return Redeemed.ALREADY_IN  # another process admitted them just now
    if not await use_invite(tx, invite.id):
        await forget_admission(tx, user_id)
        return Redeemed.USED_UP
    return Redeemed.IN


def new_code() -> str:
    return b32encode(secrets.token_bytes(_BYTES)).decode()


def as_code(typed: str) -> str:
    """Return a typed code, such as `abcd-efgh …`, as it is stored."""
    return re.sub(r"[\s-]", "", typed).upper()


def looks_like_a_code(typed: str) -> bool:
    return bool(_CODE.fullmatch(as_code(typed)))
