"""Takes the letters that come to the addresses of newsletters.

- A letter is taken only once it is stored, held or counted; until then it stays unread in its
  mailbox, so that nothing is lost if the process ends.
- The first letter binds its sender. Letters of other senders are held until the chat accepts them,
  or for a public newsletter the operator.
- A letter that asks to confirm a subscription becomes a notice with the link as text. The bot never
  opens the link.
- Beyond the limits letters are counted and dropped, before they are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from bot.mail.bounces import administrators_of
from bot.ops.instrumentation import Instrumentation, Operation
from bot.rendering.keyboards import open_own_source
from bot.sources.delivered import store_delivered
from bot.sources.feeds.model import Document, DocumentKind, Unreadable
from bot.sources.letters.authentication import SenderFacts, Standing, standing
from bot.sources.letters.letter import MailKind
from storage import newsletters
from storage.enums import ChatKind, DeliveryKind, SenderState
from storage.outbox import enqueue, new_delivery
from storage.sources import Source, change_source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.budgets import Budgets
    from bot.rendering.links import Links
    from bot.rendering.renderer import Renderer
    from bot.sources.feeds.model import Item
    from bot.sources.letters.addresses import AddressPattern
    from bot.sources.letters.letter import ReadLetter
    from storage.db.engine import Storage, Transaction
    from storage.newsletters import AddressedSource, LetterSender, Newsletter

    ReadsLetters = Callable[[bytes], Awaitable[ReadLetter]]

log = structlog.get_logger(__name__)

MOST_A_DAY: Final = 50  # letters of a newsletter
MOST_HELD: Final = 20  # letters of a newsletter that wait, and confirmations
MOST_SENDERS: Final = 30  # of a newsletter, because anybody can write to a leaked address
LONGEST_HEADER: Final = 64 * 1024
_DAY: Final = timedelta(days=1)


@dataclass(eq=False, repr=False)
class Newsletters:
    """Takes letters to *addresses*.

    *links*: of pages for letters without a web version. *read* parses a letter. *budgets*: of an
    account, a day.
    """

    storage: Storage
    renderer: Renderer
    addresses: AddressPattern
    links: Links
    read: ReadsLetters
    budgets: Budgets
    instrumentation: Instrumentation = field(default_factory=Instrumentation)

    async def take(self, message: bytes) -> bool | None:
        """Take the whole *message*; return whether it is done with, None if it is no letter.

        A letter that cannot be read stays in its mailbox for the operator.
        """
        tokens = self.addresses.tokens(header_of(message))
        if not tokens:
            return None
        async with self.storage.writing() as tx:
            wanted = [each for token in tokens if (each := await self._admitted(tx, token))]
        if not wanted:
            return True
        letter = await self._letter(message)
        if letter is None or letter.kind is MailKind.REPORT:
            self._count("left", "report" if letter else "unreadable")
            return None if letter else False
        for addressed in wanted:
            await self._deliver(addressed, letter)
        return True

    async def _admitted(self, tx: Transaction, token: str) -> AddressedSource | None:
        """Count the letter against the limit of the day; None if it is dropped."""
        found = await newsletters.addressed_source(tx, token)
        if found is None or not found.is_wanted:
            await newsletters.count_for_unknown(tx, token)
            self._count("dropped", "no_newsletter")
            return None
        newsletter = await newsletters.lock_newsletter(tx, found.source.id)
        if newsletter is None:
            return None
        is_new_day = newsletter.day is None or tx.now - newsletter.day >= _DAY
        if not is_new_day and newsletter.today >= MOST_A_DAY:
            await self._drop(tx, found.source.id, "day_limit")
            return None
        day, count = (tx.now, 1) if is_new_day else (newsletter.day, newsletter.today + 1)
        await newsletters.change_newsletter(tx, found.source.id, {"day": day, "today": count})
        return found

    async def _letter(self, message: bytes) -> ReadLetter | None:
        try:
            return await self.read(message)
        except Unreadable as error:
            log.warning("an unreadable letter is left for the operator", reason=error.reason)
            return None

    async def _deliver(self, addressed: AddressedSource, letter: ReadLetter) -> None:
        source_id = addressed.source.id
        async with self.storage.writing() as tx:
            newsletter = await newsletters.lock_newsletter(tx, source_id)
            if newsletter is None or letter.kind is MailKind.REPLY:
                self._count("dropped", "reply" if newsletter else "no_newsletter")
                return
            if not letter.address:  # nobody to bind, to accept or to refuse
                await self._drop(tx, source_id, "no_sender")
                return
            is_accepted = await self._decide(tx, newsletter, letter)
        if not is_accepted:
            return
        stored = await store_delivered(
            self.storage, source_id, [self._item(source_id, letter)], self.budgets
        )
        async with self.storage.writing() as tx:
            await newsletters.count_stored(tx, source_id, stored)
        if stored:
            self._count("stored")
        else:
            self._count("dropped", "not_stored")

    async def _decide(self, tx: Transaction, newsletter: Newsletter, letter: ReadLetter) -> bool:
        """Return whether the letter becomes an entry; hold or drop any other."""
        source_id = newsletter.source_id
        senders = await newsletters.senders_of(tx, source_id)
        facts = SenderFacts(letter.address, letter.list_id, letter.authentication)
        stands, known = standing(facts, senders)
        sender = next((each for each in senders if each is known), None)
        # Before the first letter, a short mail with one link asks to confirm in whatever words.
        link = letter.confirms or ("" if newsletter.letters else letter.may_confirm)
        is_refused = sender is not None and sender.state is SenderState.REFUSED
        if link and not is_refused:
            await self._hold_confirmation(tx, source_id, letter, link)
            return False
        if stands is Standing.OTHER:
            await self._hold(tx, source_id, letter, sender, len(senders))
            return False
        if stands is Standing.FIRST:
            await self._bind(tx, source_id, letter)
        elif sender is not None:
            seen = {"letters": sender.letters + 1, "last_at": tx.now, "subject": letter.subject}
            await newsletters.change_sender(tx, sender.id, seen)
        way = letter.unsubscribing
        ways = {
            "unsubscribe_url": way.url,
            "unsubscribe_mail": way.mail,
            "has_one_click": way.has_one_click,
        }
        if way.url or way.mail:
            await newsletters.change_newsletter(tx, source_id, ways)
        return True

    def _item(self, source_id: int, letter: ReadLetter) -> Item:
        """Return the entry of a letter; without a web version a page of ours shows it."""
        own_page = self.links.letter(source_id, letter.guid) or ""
        return letter.item(letter.web_version or own_page)

    async def _bind(self, tx: Transaction, source_id: int, letter: ReadLetter) -> None:
        values = _sender_row(tx, source_id, letter) | {"state": SenderState.ACCEPTED}
        await newsletters.add_sender(tx, values)
        source = await tx.get_one(Source, source_id)
        if not source.title:  # the operator has named a public newsletter
            await change_source(tx, source_id, {"title": letter.name})

    async def _hold(
        self,
        tx: Transaction,
        source_id: int,
        letter: ReadLetter,
        sender: LetterSender | None,
        senders: int,
    ) -> None:
        """Hold the letter of a sender that waits; drop it beyond the limits or if it is refused."""
        if sender is not None and sender.state is SenderState.REFUSED:
            await self._drop(tx, source_id, "refused_sender")
            return
        if await newsletters.count_held(tx, source_id) >= MOST_HELD:
            await self._drop(tx, source_id, "too_many_held")
            return
        if sender is None and senders >= MOST_SENDERS:
            await self._drop(tx, source_id, "too_many_senders")
            return
        if sender is None:
            values = _sender_row(tx, source_id, letter) | {"state": SenderState.WAITING}
            sender_id = await newsletters.add_sender(tx, values)
        else:
            sender_id = sender.id
        held = _held_row(tx, source_id, letter) | {
            "sender_id": sender_id,
            "document": Document(
                DocumentKind.FEED, items=(self._item(source_id, letter),)
            ).to_json(),
        }
        is_new = await newsletters.hold_letter(tx, held)
        self._count_held(is_new=is_new, reason="new_sender")
        if sender is not None and is_new:
            seen = {"letters": sender.letters + 1, "last_at": tx.now, "subject": letter.subject}
            await newsletters.change_sender(tx, sender.id, seen)
        if sender is None:
            await self._notify(tx, source_id, f"sender:{sender_id}", letter, link="")

    async def _hold_confirmation(
        self, tx: Transaction, source_id: int, letter: ReadLetter, link: str
    ) -> None:
        if await newsletters.count_held(tx, source_id) >= MOST_HELD:
            await self._drop(tx, source_id, "too_many_held")
            return
        held = _held_row(tx, source_id, letter) | {"link": link}
        is_new = await newsletters.hold_letter(tx, held)
        self._count_held(is_new=is_new, reason="confirmation")
        if is_new:
            await self._notify(tx, source_id, letter.guid, letter, link=link)

    async def _drop(self, tx: Transaction, source_id: int, reason: str) -> None:
        await newsletters.count_dropped(tx, source_id)
        self._count("dropped", reason)

    def _count_held(self, *, is_new: bool, reason: str) -> None:
        if is_new:
            self._count("held", reason)
        else:
            self._count("dropped", "repeated")

    def _count(self, outcome: str, reason: str = "") -> None:
        """Count the letter for one newsletter; docs/reference/metrics.md lists the reasons."""
        with self.instrumentation.observe(Operation.LETTER, reason) as seen:
            seen.outcome = outcome

    async def _notify(
        self, tx: Transaction, source_id: int, subject: str, letter: ReadLetter, *, link: str
    ) -> None:
        """Notify the chats; those of groups and channels privately, because of the address."""
        named = {"notice": "newsletter", "subject": f"{source_id}:{subject}"}
        for chat in await newsletters.chats_following(tx, source_id):
            is_private = chat.kind is ChatKind.PRIVATE
            name = "" if is_private else chat.name
            for recipient in [chat] if is_private else await administrators_of(tx, chat):
                page = self.renderer.of(recipient.speaks)
                message = page.message(
                    "notices.html#newsletter",
                    letter=letter,
                    link=link,
                    name=name,
                    button=open_own_source(source_id) if is_private else "",
                )
                row = new_delivery(tx, DeliveryKind.NOTICE, recipient.id, message, **named)
                await enqueue(tx, [row])


def header_of(message: bytes) -> bytes:
    """Return the header of a mail, as far as it is read."""
    start = message[:LONGEST_HEADER]
    ends = [at for mark in (b"\r\n\r\n", b"\n\n") if (at := start.find(mark)) >= 0]
    return start[: min(ends, default=len(start))]


def _sender_row(tx: Transaction, source_id: int, letter: ReadLetter) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "address": letter.address,
        "list_id": letter.list_id,
        "name": letter.name,
        "proof": letter.authentication.proof,
        "letters": 1,
        "subject": letter.subject,
        "first_at": tx.now,
        "last_at": tx.now,
    }


def _held_row(tx: Transaction, source_id: int, letter: ReadLetter) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "guid": letter.guid,
        "subject": letter.subject,
        "sender": letter.address,
        "received_at": tx.now,
    }
