"""What those who run the bot did: written down, and shown to them."""

from dataclasses import dataclass

from bot.subscribers.pages import Page, page_number
from storage.acts import Act, acts_done, count_acts, write_act
from storage.engine import Storage
from storage.words import Deed

PER_PAGE = 10


@dataclass(frozen=True, slots=True)
class Audit:
    storage: Storage

    async def note(self, by: int | None, deed: Deed, subject: object, **details: object) -> None:
        """Write down what was done elsewhere; what our own use cases do they write themselves."""
        async with self.storage.writing() as unit:
            await write_act(unit, by, deed, subject, **details)

    async def page(self, wanted: int = 0) -> Page[Act]:
        """Return the acts, the newest first."""
        async with self.storage.reading() as unit:
            total = await count_acts(unit)
            number = page_number(wanted, total, PER_PAGE)
            acts = await acts_done(unit, offset=number * PER_PAGE, limit=PER_PAGE)
        return Page(acts, number, total, PER_PAGE)

    async def newest(self, limit: int) -> list[Act]:
        async with self.storage.reading() as unit:
            return await acts_done(unit, limit=limit)
