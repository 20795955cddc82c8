"""Chats: where Telegram delivers. Keys name this row, never Telegram's id, which may change."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from storage.columns import ROW_ID, Leased, stored_as
from storage.words import ChatKind, ChatState, EmptyDay

EIGHT_O_CLOCK = 8 * 60
EVERY_DAY = 0b1111111


class Chat(Leased, table=True):
    __table_args__ = (
        UniqueConstraint("telegram_id", "thread_id"),
        Index("ix_chat_digest_due", "next_digest_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    telegram_id: int = Field(sa_type=BigInteger)
    thread_id: int = 0  # 0: the chat itself
    kind: ChatKind = Field(default=ChatKind.PRIVATE, sa_type=stored_as(ChatKind))
    name: str = ""
    language: str = Field(default="en", max_length=16)  # IETF tag, as the client said
    state: ChatState = Field(default=ChatState.ACTIVE, sa_type=stored_as(ChatState))
    state_since: datetime
    created_at: datetime

    zone: str = "UTC"  # IANA name
    zone_guessed: bool = True
    digest_minutes: int = EIGHT_O_CLOCK  # after local midnight
    digest_weekdays: int = EVERY_DAY  # bit 0 is Monday
    empty_day: EmptyDay = Field(default=EmptyDay.SKIP, sa_type=stored_as(EmptyDay))
    next_digest_at: datetime | None = None  # None: no subscription asks for a digest
