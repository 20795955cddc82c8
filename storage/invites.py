"""Invitations: codes that let people in, how often each was used, and who was let in."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import BigInteger, delete, func, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel, col, select

from storage.columns import NUMBERED, ROW_ID
from storage.engine import POSTGRESQL, Unit
from storage.insert import insert_new

# So long a wrong guess counts.
GUESSES_COUNT = timedelta(hours=1)


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


class Guessing(SQLModel, table=True):
    """How often a person has brought a code that there is none of; forgotten after an hour."""

    person_id: int = Field(primary_key=True, sa_type=BigInteger)
    tries: int
    since: datetime


async def make_invite(unit: Unit, code: str, uses: int, last_day: date) -> tuple[Invite, bool]:
    """Make the invitation, once for each *code*; return it, and whether it is new."""
    row = {"code": code, "uses": uses, "used": 0, "last_day": last_day, "made_at": unit.now}
    new = await insert_new(unit, Invite, [row], returning=Invite.id)
    found = await unit.session.exec(select(Invite).where(col(Invite.code) == code))
    return found.one(), bool(new)


async def invite_of(unit: Unit, code: str) -> Invite | None:
    found = await unit.session.exec(select(Invite).where(col(Invite.code) == code))
    return found.one_or_none()


async def invites_made(unit: Unit, *, offset: int, limit: int) -> list[Invite]:
    """Return those that were not taken back, the newest first."""
    there = select(Invite).where(col(Invite.ended_at).is_(None)).order_by(col(Invite.id).desc())
    return list(await unit.session.exec(there.offset(offset).limit(limit)))


async def count_invites(unit: Unit) -> int:
    there = select(func.count()).select_from(Invite).where(col(Invite.ended_at).is_(None))
    return (await unit.session.exec(there)).one()


async def end_invite(unit: Unit, invite_id: int) -> str | None:
    """Take it back; return its code, None if there is no such one. Who is in stays in."""
    ended = update(Invite).where(col(Invite.id) == invite_id, col(Invite.ended_at).is_(None))
    codes = await unit.session.exec(ended.values(ended_at=unit.now).returning(col(Invite.code)))
    return codes.scalars().first()


async def use_invite(unit: Unit, invite_id: int) -> bool:
    """Count one use; False where none is left. The row is locked till the unit ends."""
    left = (col(Invite.id) == invite_id, col(Invite.used) < col(Invite.uses))
    used = update(Invite).where(*left).values(used=col(Invite.used) + 1)
    silently = used.execution_options(synchronize_session=False)
    return bool((await unit.session.exec(silently)).rowcount)


async def is_admitted(unit: Unit, person_id: int) -> bool:
    return await unit.session.get(Admission, person_id) is not None


async def admit(unit: Unit, person_id: int, invite_id: int | None = None) -> bool:
    """Let the person in; False if that was done before."""
    row = {"person_id": person_id, "since": unit.now, "invite_id": invite_id}
    return bool(await insert_new(unit, Admission, [row], returning=Admission.person_id))


async def forget_admission(unit: Unit, person_id: int) -> None:
    await unit.session.exec(delete(Admission).where(col(Admission.person_id) == person_id))


async def forget_guesses(unit: Unit, person_id: int) -> None:
    await unit.session.exec(delete(Guessing).where(col(Guessing.person_id) == person_id))


async def admissions(unit: Unit, limit: int) -> Sequence[Admission]:
    newest = select(Admission).order_by(col(Admission.since).desc(), col(Admission.person_id))
    return (await unit.session.exec(newest.limit(limit))).all()


async def wrong_guesses(unit: Unit, person_id: int) -> int:
    """How often the person guessed wrong in the last hour."""
    recent = select(Guessing.tries).where(
        col(Guessing.person_id) == person_id, col(Guessing.since) > unit.now - GUESSES_COUNT
    )
    return (await unit.session.exec(recent)).first() or 0


async def count_guess(unit: Unit, person_id: int) -> None:
    await unit.session.exec(delete(Guessing).where(col(Guessing.since) <= unit.now - GUESSES_COUNT))
    vendor = postgresql if unit.dialect == POSTGRESQL else sqlite
    first = vendor.insert(Guessing).values(person_id=person_id, tries=1, since=unit.now)
    again = {"tries": col(Guessing.tries) + 1}
    connection = await unit.session.connection()
    await connection.execute(first.on_conflict_do_update(index_elements=["person_id"], set_=again))
