"""Notices that a source is dead, to the chats that depend on it: once for each outage.

Whoever looks after the sources hears of one that is gone for good: it is read no more until
somebody says so.

Chats are gone through in pages. What is decided once is the notice's key, so a page that is begun
again after a crash repeats nothing.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.publishing.notices import Loss, dead_source_page
from bot.publishing.publish.rounds import each
from bot.rendering.renderer import Renderer
from storage.db.engine import Storage, Transaction
from storage.enums import DeliveryKind, SourceState
from storage.outages import (
    Dependent,
    Outage,
    SourceShare,
    admins_of_source,
    claim_outages,
    dependents,
    finish_outage,
    note_outages,
    renew_outage,
    source_share,
)
from storage.outbox import enqueue, new_delivery
from storage.sources import Source

LEASE = timedelta(minutes=5)
CHATS_IN_A_UNIT = 200


@dataclass(frozen=True, slots=True)
class Noticing:
    storage: Storage
    renderer: Renderer
    owner: str
    admins: frozenset[int] = frozenset()

    async def notice_dead(self, limit: int) -> int:
        async with self.storage.writing() as tx:
            await note_outages(tx)
            outages = await claim_outages(tx, owner=self.owner, limit=limit, lease=LEASE)
        await each(outages, self._tell)
        return len(outages)

    async def _tell(self, outage: Outage) -> None:
        # Read apart from the writing, since to count what a chat was given may take its time.
        async with self.storage.reading() as tx:
            source = await tx.session.get(Source, outage.source_id)
            if source is None:
                return  # removed, and the outage with it
            shares = await source_share(tx, source, outage.since)
        after: int | None = outage.reported_through
        while after is not None:
            after = await self._tell_page(outage, shares, after)

    async def _tell_page(self, outage: Outage, shares: SourceShare, after: int) -> int | None:
        """Tell the chats above the row *after*; return the last of the page, None at the end."""
        source = shares.source
        async with self.storage.reading() as tx:
            told, last = await dependents(tx, shares, after=after, limit=CHATS_IN_A_UNIT)
            if last is None and source.public and source.state is SourceState.GONE:
                # Who depends on it too has the words for that already: the key is the same.
                told += await admins_of_source(tx, self.admins)
        async with self.storage.writing() as tx:
            if last is None:
                ours = await finish_outage(tx, outage, self.owner)
            else:
                ours = await renew_outage(tx, outage, self.owner, LEASE, last)
            if not ours:
                return None
            await enqueue(tx, [self._notice(tx, outage, source, chat) for chat in told])
        return last

    def _notice(
        self, tx: Transaction, outage: Outage, source: Source, chat: Dependent
    ) -> dict[str, Any]:
        loss = Loss(
            source=source.title or source.host,
            trouble=source.trouble_text or "",
            since=outage.since,
            is_gone=source.state is SourceState.GONE,
            follows=chat.follows,
            given=chat.given,
            found=chat.found,
        )
        page = dead_source_page(self.renderer.of(chat.language), loss, zone=chat.zone)
        subject = f"{source.id}:{outage.since:%Y%m%dT%H%M%S}"
        # It is no news: there is no need to wake anybody.
        named = {"notice": "source_dead", "subject": subject, "silent": True}
        return new_delivery(tx, DeliveryKind.NOTICE, chat.chat_id, page, **named)
