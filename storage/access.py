"""Admins: people who may run the bot from the chat, and the code that makes the first one."""

import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, delete, func, update
from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, enum_column, insert_new, upsert
from storage.enums import AuditAction


class Admin(SQLModel, table=True):
    person_id: int = Field(primary_key=True, sa_type=BigInteger)
    since: datetime


class AdminCode(SQLModel, table=True):
    """At most one row: the hash of the code printed at the last start; its link uses it up."""

    code_hash: str = Field(primary_key=True, max_length=64)
    made_at: datetime


class Invite(SQLModel, table=True):
    """*code* stands here as it is, since it is shown again; none can be guessed."""

    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    code: str = Field(max_length=32, unique=True)
    uses: int
    used: int = 0
    last_day: date  # in UTC
    made_at: datetime
    ended_at: datetime | None = None  # taken back

    def is_over(self, now: datetime) -> bool:
        return now.date() > self.last_day


class Admission(SQLModel, table=True):
    """Somebody who was let in: by an invitation, or by whoever runs the bot."""

    person_id: int = Field(primary_key=True, sa_type=BigInteger)
    since: datetime
    invite_id: int | None = Field(
        default=None, foreign_key="invite.id", ondelete="SET NULL", sa_type=ROW_ID, index=True
    )


class WrongGuesses(SQLModel, table=True):
    """How often a person has brought a code that there is none of; forgotten after an hour."""

    person_id: int = Field(primary_key=True, sa_type=BigInteger)
    tries: int
    since: datetime


LONGEST_SUBJECT = 200


class AuditEvent(SQLModel, table=True):
    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    at: datetime = Field(index=True)
    person_id: int | None = Field(default=None, sa_type=BigInteger)  # None: on the command line
    deed: AuditAction = Field(sa_type=enum_column(AuditAction))
    subject: str = Field(max_length=LONGEST_SUBJECT)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


_THE_ONE = 1


class Secret(SQLModel, table=True):
    """One row; what is sealed with its key opens nothing once it is lost."""

    id: int = Field(default=_THE_ONE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    key: bytes
    made_at: datetime


async def admin_ids(unit: Transaction) -> Sequence[int]:
    return (await unit.session.exec(select(Admin.person_id))).all()


async def add_admin(unit: Transaction, person_id: int) -> None:
    await insert_new(unit, Admin, [{"person_id": person_id, "since": unit.now}])


async def remove_admin(unit: Transaction, person_id: int) -> None:
    await unit.session.exec(delete(Admin).where(col(Admin.person_id) == person_id))


async def replace_code(unit: Transaction, code_hash: str) -> None:
    """Let this be the one code; an older one opens nothing any more."""
    await unit.session.exec(delete(AdminCode))
    unit.session.add(AdminCode(code_hash=code_hash, made_at=unit.now))


async def use_code(unit: Transaction, code_hash: str) -> bool:
    """Use the code up; False if there is no such code, or no longer."""
    used = await unit.session.exec(delete(AdminCode).where(col(AdminCode.code_hash) == code_hash))
    return used.rowcount == 1


# Invitations: codes that let people in, how often each was used, and who was let in.


# So long a wrong guess counts.
GUESSES_COUNT = timedelta(hours=1)


async def make_invite(
    unit: Transaction, code: str, uses: int, last_day: date
) -> tuple[Invite, bool]:
    """Make the invitation, once for each *code*; return it, and whether it is new."""
    row = {"code": code, "uses": uses, "used": 0, "last_day": last_day, "made_at": unit.now}
    new = await insert_new(unit, Invite, [row], returning=Invite.id)
    found = await unit.session.exec(select(Invite).where(col(Invite.code) == code))
    return found.one(), bool(new)


async def invite_of(unit: Transaction, code: str) -> Invite | None:
    found = await unit.session.exec(select(Invite).where(col(Invite.code) == code))
    return found.one_or_none()


async def invites_made(unit: Transaction, *, offset: int, limit: int) -> list[Invite]:
    """Return those that were not taken back, the newest first."""
    there = select(Invite).where(col(Invite.ended_at).is_(None)).order_by(col(Invite.id).desc())
    return list(await unit.session.exec(there.offset(offset).limit(limit)))


async def count_invites(unit: Transaction) -> int:
    there = select(func.count()).select_from(Invite).where(col(Invite.ended_at).is_(None))
    return (await unit.session.exec(there)).one()


async def end_invite(unit: Transaction, invite_id: int) -> str | None:
    """Take it back; return its code, None if there is no such one. Who is in stays in."""
    ended = update(Invite).where(col(Invite.id) == invite_id, col(Invite.ended_at).is_(None))
    codes = await unit.session.exec(ended.values(ended_at=unit.now).returning(col(Invite.code)))
    return codes.scalars().first()


async def use_invite(unit: Transaction, invite_id: int) -> bool:
    """Count one use; False where none is left. The row is locked till the unit ends."""
    left = (col(Invite.id) == invite_id, col(Invite.used) < col(Invite.uses))
    used = update(Invite).where(*left).values(used=col(Invite.used) + 1)
    silently = used.execution_options(synchronize_session=False)
    return bool((await unit.session.exec(silently)).rowcount)


async def is_admitted(unit: Transaction, person_id: int) -> bool:
    return await unit.session.get(Admission, person_id) is not None


async def admit(unit: Transaction, person_id: int, invite_id: int | None = None) -> bool:
    """Let the person in; False if that was done before."""
    row = {"person_id": person_id, "since": unit.now, "invite_id": invite_id}
    return bool(await insert_new(unit, Admission, [row], returning=Admission.person_id))


async def forget_admission(unit: Transaction, person_id: int) -> None:
    await unit.session.exec(delete(Admission).where(col(Admission.person_id) == person_id))


async def forget_guesses(unit: Transaction, person_id: int) -> None:
    await unit.session.exec(delete(WrongGuesses).where(col(WrongGuesses.person_id) == person_id))


async def admissions(unit: Transaction, limit: int) -> Sequence[Admission]:
    newest = select(Admission).order_by(col(Admission.since).desc(), col(Admission.person_id))
    return (await unit.session.exec(newest.limit(limit))).all()


async def wrong_guesses(unit: Transaction, person_id: int) -> int:
    """How often the person guessed wrong in the last hour."""
    recent = select(WrongGuesses.tries).where(
        col(WrongGuesses.person_id) == person_id, col(WrongGuesses.since) > unit.now - GUESSES_COUNT
    )
    return (await unit.session.exec(recent)).first() or 0


async def count_guess(unit: Transaction, person_id: int) -> None:
    await unit.session.exec(
        delete(WrongGuesses).where(col(WrongGuesses.since) <= unit.now - GUESSES_COUNT)
    )
    first = {"person_id": person_id, "tries": 1, "since": unit.now}
    again = "tries = wrongguesses.tries + 1"
    await upsert(unit, WrongGuesses, [first], key="person_id", changes=again)


# Acts of those who run the bot: who did what to whom, and when. Kept for a year.


AUDIT_KEPT_FOR = timedelta(days=365)

ERASED_USER = 0  # who did it has had all about themselves erased

# Done to a chat, which is named by its Telegram number.
ACTIONS_ON_CHATS = frozenset(
    {AuditAction.APPOINTED, AuditAction.BANNED, AuditAction.ALLOWED, AuditAction.LIMITED}
)


async def record_event(
    unit: Transaction, by: int | None, deed: AuditAction, subject: object, **details: object
) -> None:
    """Write down what *by* does in this unit, with which it stands and falls.

    *by* is Telegram's number of a person; None: whoever has the command line.
    """
    await unit.session.exec(
        delete(AuditEvent).where(col(AuditEvent.at) < unit.now - AUDIT_KEPT_FOR)
    )
    named = str(subject)[:LONGEST_SUBJECT]
    unit.session.add(
        AuditEvent(at=unit.now, person_id=by, deed=deed, subject=named, details=details)
    )
    await unit.session.flush()


async def forget_actor(unit: Transaction, telegram_id: int) -> None:
    """Let the acts stay, and none name this person or chat any more."""
    acts = update(AuditEvent).execution_options(synchronize_session=False)
    by_them = acts.where(col(AuditEvent.person_id) == telegram_id)
    await unit.session.exec(by_them.values(person_id=ERASED_USER))
    to_them = acts.where(
        col(AuditEvent.deed).in_(ACTIONS_ON_CHATS), col(AuditEvent.subject) == str(telegram_id)
    )
    await unit.session.exec(to_them.values(subject=""))


async def audit_events(unit: Transaction, *, offset: int = 0, limit: int = 100) -> list[AuditEvent]:
    """Return the acts, the newest first."""
    newest = select(AuditEvent).order_by(col(AuditEvent.id).desc())
    return list(await unit.session.exec(newest.offset(offset).limit(limit)))


async def count_audit_events(unit: Transaction) -> int:
    return (await unit.session.exec(select(func.count()).select_from(AuditEvent))).one()


# The secret of this database: made once, the same for all processes, never shown.


_KEY_BYTES = 32


async def signing_key(unit: Transaction) -> bytes:
    """Return the key of all seals, made now if there is none; the unit must be a writing one."""
    row = {"id": _THE_ONE, "key": secrets.token_bytes(_KEY_BYTES), "made_at": unit.now}
    await insert_new(unit, Secret, [row])
    return (await unit.session.exec(select(Secret.key))).one()


async def existing_signing_key(unit: Transaction) -> bytes | None:
    return (await unit.session.exec(select(Secret.key))).first()
