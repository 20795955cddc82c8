"""What those who run the bot did: written down, and shown to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.subscribers.pages import Page, page_number
from storage.acts import SOMEBODY, TO_A_CHAT, Act, acts_done, count_acts, write_act
from storage.chats_listed import names_of
from storage.engine import Storage
from storage.words import Deed

PER_PAGE = 10
_ERASED = "—"


@dataclass(frozen=True, slots=True)
class ActSeen:
    """*by*: a name, or a number where none is known; "" on the command line.

    What names somebody who had all erased is a dash.
    """

    at: datetime
    by: str
    deed: Deed
    subject: str


@dataclass(frozen=True, slots=True)
class Audit:
    storage: Storage

    async def note(self, by: int | None, deed: Deed, subject: object, **details: object) -> None:
        """Write down what was done elsewhere; what our own use cases do they write themselves."""
        async with self.storage.writing() as unit:
            await write_act(unit, by, deed, subject, **details)

    async def page(self, wanted: int = 0) -> Page[ActSeen]:
        """Return the acts, the newest first."""
        async with self.storage.reading() as unit:
            total = await count_acts(unit)
            number = page_number(wanted, total, PER_PAGE)
            acts = await acts_done(unit, offset=number * PER_PAGE, limit=PER_PAGE)
            names = await names_of(unit, {number for act in acts for number in _named(act)})
        return Page([_seen(act, names) for act in acts], number, total, PER_PAGE)

    async def newest(self, limit: int) -> list[Act]:
        async with self.storage.reading() as unit:
            return await acts_done(unit, limit=limit)


def _named(act: Act) -> set[int]:
    """Return the Telegram numbers that an act names."""
    numbers = {act.person_id} if act.person_id is not None else set()
    if act.deed in TO_A_CHAT and act.subject.lstrip("-").isdecimal():
        numbers.add(int(act.subject))
    return numbers


def _seen(act: Act, names: Mapping[int, str]) -> ActSeen:
    called = {str(number): name for number, name in names.items()}
    by = "" if act.person_id is None else str(act.person_id)
    by = _ERASED if act.person_id == SOMEBODY else called.get(by, by)
    subject = called.get(act.subject, act.subject) if act.deed in TO_A_CHAT else act.subject
    return ActSeen(act.at, by, act.deed, subject or _ERASED)
