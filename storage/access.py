"""Access: admins and the code for the first one, invitations, and the audit log."""

import secrets
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    String,
    cast,
    delete,
    func,
    literal,
    update,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.chats import ERASED_USER, Chat, effective_language
from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, among, enum_column, insert_new, upsert
from storage.enums import AuditAction, ChatKind, ChatState


class Admin(SQLModel, table=True):
    user_id: int = Field(primary_key=True, sa_type=BigInteger)
    since: datetime


class AdminCode(SQLModel, table=True):
    """At most one row: the hash of the code that the last start printed. The code works once."""

    code_hash: str = Field(primary_key=True, max_length=64)
    made_at: datetime


class Invite(SQLModel, table=True):
    """An invitation. *code* is stored unhashed, because admins can see it again."""

    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    code: str = Field(max_length=32, unique=True)
    uses: int
    used: int = 0
    last_day: date  # in UTC
    made_at: datetime
    ended_at: datetime | None = None  # revoked

    def is_over(self, now: datetime) -> bool:
        return now.date() > self.last_day


class Admission(SQLModel, table=True):
    """A user who was given access, by an invitation or by the operator."""

    user_id: int = Field(primary_key=True, sa_type=BigInteger)
    since: datetime
    invite_id: int | None = Field(
        default=None, foreign_key="invite.id", ondelete="SET NULL", sa_type=ROW_ID, index=True
    )


class WrongGuesses(SQLModel, table=True):
    """How often a user has tried a code that does not exist; forgotten after an hour."""

    user_id: int = Field(primary_key=True, sa_type=BigInteger)
    tries: int
    since: datetime


LONGEST_SUBJECT = 200


class AuditEvent(SQLModel, table=True):
    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    at: datetime = Field(index=True)
    user_id: int | None = Field(default=None, sa_type=BigInteger)  # None: on the command line
    action: AuditAction = Field(sa_type=enum_column(AuditAction))
    subject: str = Field(max_length=LONGEST_SUBJECT)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


_THE_ONE = 1


class Secret(SQLModel, table=True):
    """The only row holds the key that signs all tokens. If it is lost, these become invalid."""

    id: int = Field(default=_THE_ONE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    key: bytes
    made_at: datetime


async def admin_ids(tx: Transaction) -> Sequence[int]:
    return await tx.rows(_admin_ids())


@cache
def _admin_ids() -> SelectOfScalar[int]:
    return select(Admin.user_id)


class AdminChat(NamedTuple):
    """The private chat of an admin, with its time zone and language."""

    chat_id: int
    zone: str
    language: str


async def admin_chats(tx: Transaction, configured: Collection[int]) -> list[AdminChat]:
    """Return the active private chats of the *configured* admins and of those in the database."""
    admins = {*configured, *await admin_ids(tx)}
    rows = await tx.rows(
        select(Chat.id, Chat.zone, effective_language()).where(
            among(col(Chat.telegram_id), admins),
            col(Chat.kind) == ChatKind.PRIVATE,
            col(Chat.state) == ChatState.ACTIVE,
        )
    )
    return [AdminChat(*row) for row in rows]


async def add_admin(tx: Transaction, user_id: int) -> None:
    await insert_new(tx, Admin, [{"user_id": user_id, "since": tx.now}])


async def remove_admin(tx: Transaction, user_id: int) -> None:
    await tx.change(delete(Admin).where(col(Admin.user_id) == user_id))


async def replace_code(tx: Transaction, code_hash: str) -> None:
    """Store the code of the first admin; older codes become invalid."""
    await tx.change(delete(AdminCode))
    await insert_new(tx, AdminCode, [{"code_hash": code_hash, "made_at": tx.now}])


async def use_code(tx: Transaction, code_hash: str) -> bool:
    """Delete the code; return False if it does not exist or was already used."""
    return bool(await tx.change(delete(AdminCode).where(col(AdminCode.code_hash) == code_hash)))


# Invitations: their codes, how often each was used, and the users whom they admitted.


# How long a wrong guess counts.
GUESSES_COUNT = timedelta(hours=1)


async def make_invite(tx: Transaction, code: str, uses: int, last_day: date) -> tuple[Invite, bool]:
    """Create the invitation unless *code* has one; return it, and whether it is new."""
    row = {"code": code, "uses": uses, "used": 0, "last_day": last_day, "made_at": tx.now}
    new = await insert_new(tx, Invite, [row], returning=Invite.id)
    return await tx.one(select(Invite).where(col(Invite.code) == code)), bool(new)


async def invite_of(tx: Transaction, code: str) -> Invite | None:
    invite: Invite | None = await tx.first(select(Invite).where(col(Invite.code) == code))
    return invite


async def invites_made(tx: Transaction, *, offset: int, limit: int) -> Sequence[Invite]:
    """Return the invitations that were not revoked, the newest first."""
    newest = select(Invite).where(col(Invite.ended_at).is_(None)).order_by(col(Invite.id).desc())
    return await tx.rows(newest.offset(offset).limit(limit))


async def count_invites(tx: Transaction) -> int:
    """Return how many invitations were not revoked."""
    return await tx.one(
        select(func.count()).select_from(Invite).where(col(Invite.ended_at).is_(None))
    )


async def end_invite(tx: Transaction, invite_id: int) -> str | None:
    """Revoke the invitation; return its code, or None if there is nothing to revoke.

    Users whom it admitted keep their access.
    """
    ended = update(Invite).where(col(Invite.id) == invite_id, col(Invite.ended_at).is_(None))
    row = await tx.first(ended.values(ended_at=tx.now).returning(col(Invite.code)))
    return row[0] if row else None


async def use_invite(tx: Transaction, invite_id: int) -> bool:
    """Count one use; return False if none is left. Locks the row until the transaction ends."""
    is_left = (col(Invite.id) == invite_id, col(Invite.used) < col(Invite.uses))
    used = update(Invite).where(*is_left).values(used=col(Invite.used) + 1)
    return bool(await tx.change(used))


async def admission_of(tx: Transaction, user_id: int) -> Admission | None:
    admission: Admission | None = await tx.get(Admission, user_id)
    return admission


async def is_admitted(tx: Transaction, user_id: int) -> bool:
    return await admission_of(tx, user_id) is not None


async def admit(tx: Transaction, user_id: int, invite_id: int | None = None) -> bool:
    """Give the user access; return False if the user already has it."""
    row = {"user_id": user_id, "since": tx.now, "invite_id": invite_id}
    return bool(await insert_new(tx, Admission, [row], returning=Admission.user_id))


async def forget_admission(tx: Transaction, user_id: int) -> None:
    await tx.change(delete(Admission).where(col(Admission.user_id) == user_id))


async def admissions(tx: Transaction, limit: int) -> Sequence[Admission]:
    newest = select(Admission).order_by(col(Admission.since).desc(), col(Admission.user_id))
    return await tx.rows(newest.limit(limit))


async def wrong_guesses(tx: Transaction, user_id: int) -> int:
    """Return how often the user guessed wrong in the last hour."""
    recent = select(WrongGuesses.tries).where(
        col(WrongGuesses.user_id) == user_id, col(WrongGuesses.since) > tx.now - GUESSES_COUNT
    )
    return await tx.first(recent) or 0


async def count_guess(tx: Transaction, user_id: int) -> None:
    await tx.change(delete(WrongGuesses).where(col(WrongGuesses.since) <= tx.now - GUESSES_COUNT))
    first = {"user_id": user_id, "tries": 1, "since": tx.now}
    again = "tries = wrongguesses.tries + 1"
    await upsert(tx, WrongGuesses, [first], key="user_id", changes=again)


async def forget_guesses(tx: Transaction, user_id: int) -> None:
    await tx.change(delete(WrongGuesses).where(col(WrongGuesses.user_id) == user_id))


# Audit events: the actions of admins, kept for a year.


AUDIT_KEPT_FOR = timedelta(days=365)

# Actions whose subject is the Telegram id of a chat or user.
ACTIONS_ON_CHATS = frozenset(
    {AuditAction.APPOINTED, AuditAction.BANNED, AuditAction.ALLOWED, AuditAction.LIMITED}
)


async def record_event(
    tx: Transaction, by: int | None, action: AuditAction, subject: object, **details: object
) -> None:
    """Record an action in the same transaction as the action itself. Deletes old events.

    *by*: the Telegram id of a user; None: the operator, on the command line.
    """
    await tx.change(delete(AuditEvent).where(col(AuditEvent.at) < tx.now - AUDIT_KEPT_FOR))
    event = {"at": tx.now, "user_id": by, "action": action, "details": details}
    await insert_new(tx, AuditEvent, [event | {"subject": str(subject)[:LONGEST_SUBJECT]}])


async def forget_actor(tx: Transaction, telegram_id: int) -> None:
    """Remove the id of this user or chat from the events."""
    by_user = update(AuditEvent).where(col(AuditEvent.user_id) == telegram_id)
    await tx.change(by_user.values(user_id=ERASED_USER))
    on_chat = update(AuditEvent).where(
        col(AuditEvent.action).in_(ACTIONS_ON_CHATS), col(AuditEvent.subject) == str(telegram_id)
    )
    await tx.change(on_chat.values(subject=""))


async def audit_events(tx: Transaction, *, offset: int = 0, limit: int = 100) -> list[AuditEvent]:
    """Return the events, the newest first."""
    newest = select(AuditEvent).order_by(col(AuditEvent.id).desc())
    return list(await tx.rows(newest.offset(offset).limit(limit)))


async def count_audit_events(tx: Transaction) -> int:
    return await tx.one(select(func.count()).select_from(AuditEvent))


# The secret of this database: created once, the same for all processes, never shown.


_KEY_BYTES = 32
_HASH_DIGITS = 32
_KNOWN_AS = "secret"  # in `Transaction.known`


async def signing_key(tx: Transaction) -> bytes:
    """Return the key that signs all tokens; create it if there is none. Needs `writing()`."""
    row = {"id": _THE_ONE, "key": secrets.token_bytes(_KEY_BYTES), "made_at": tx.now}
    await insert_new(tx, Secret, [row])
    return await tx.one(select(Secret.key))


async def existing_signing_key(tx: Transaction) -> bytes | None:
    key: bytes | None = await tx.first(select(Secret.key))
    return key


async def hashing_secret(tx: Transaction) -> bytes:
    """Return the secret for `keyed_hash`, which a process reads once.

    Within `reading()` it returns a random secret if there is none yet. No stored row can match its
    hashes, which is correct, because no hash is stored yet.
    """
    if _KNOWN_AS not in tx.known:
        key = await (signing_key(tx) if tx.is_writing else existing_signing_key(tx))
        if key is None:
            return secrets.token_bytes(_KEY_BYTES)
        tx.known[_KNOWN_AS] = key
    return tx.known[_KNOWN_AS]


def keyed_hash(secret: bytes, purpose: str, value: str) -> str:
    """Return 32 hexadecimal digits, from which nobody can guess *value* without *secret*.

    `keyed_hash_of` is the same in SQL.
    """
    return sha256(secret + f"{purpose}:{value}".encode()).hexdigest()[:_HASH_DIGITS]


class _KeyedHash(FunctionElement[str]):
    """The SQL form of `sha256(secret + text)`, cut to `_HASH_DIGITS` hexadecimal digits."""

    type = String()
    inherit_cache = True


@compiles(_KeyedHash, "sqlite")
def _on_sqlite(element: _KeyedHash, compiler: Any, **options: Any) -> str:
    """Call the function `keyed_sha256`, which `storage.db.sqlite` defines."""
    return (
        f"substr(keyed_sha256({compiler.process(element.clauses, **options)}), 1, {_HASH_DIGITS})"
    )


@compiles(_KeyedHash, "postgresql")
def _on_postgresql(element: _KeyedHash, compiler: Any, **options: Any) -> str:
    secret, value = (compiler.process(clause, **options) for clause in element.clauses)
    hashed = f"sha256({secret} || convert_to({value}, 'UTF8'))"
    return f"substr(encode({hashed}, 'hex'), 1, {_HASH_DIGITS})"


def keyed_hash_of(secret: ColumnElement[bytes], purpose: str, column: Any) -> ColumnElement[str]:
    text = literal(f"{purpose}:").concat(cast(column, String))
    return _KeyedHash(secret, text)
