"""Editions: one for each chat, local date and slot, made when it is due.

Some together are gathered in one reading transaction, then pictured and rendered. A writing
transaction decides: the chat is still ours and its plan unchanged, the date and slot have no
edition yet; all rows, or none, are made.
"""

from asyncio import sleep
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import zip_longest
from typing import Any

from bot.mail.compose import Post, Recipient
from bot.publishing.calendar import DigestDecision, Due, decide_digest, is_first_of_week
from bot.publishing.pages import Edition
from bot.publishing.pictures import with_picture
from bot.publishing.publish.counting import StoryCounts
from bot.publishing.publish.gathering import Shared, gather
from bot.publishing.publish.layouts import layouts_for
from bot.publishing.publish.readers import Reader, readers_of
from bot.publishing.publish.rounds import each
from bot.publishing.selection import Story
from bot.rendering.links import Links
from bot.rendering.renderer import Renderer
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.editions import EditionEntry, claim_due_chats, make_editions, schedule_chats
from storage.enums import DeliveryKind, EmptyDay, Medium
from storage.outbox import Body, enqueue, new_delivery
from storage.suspension import resume_chats

LEASE = timedelta(minutes=1)
TOGETHER = 50  # editions in one transaction


@dataclass(frozen=True, slots=True)
class _Draft:
    """What a chat gets, not yet decided: no row on a turn without an edition."""

    reader: Reader
    next_at: datetime | None
    row: Mapping[str, Any] | None = None
    told: Sequence[EditionEntry] = ()
    bodies: Mapping[Medium, Sequence[Body]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Digesting:
    storage: Storage
    renderer: Renderer
    owner: str
    links: Links | None = None
    counts: StoryCounts | None = None
    post: Post | None = None

    async def publish_due(self, limit: int) -> int:
        async with self.storage.writing() as tx:
            await resume_chats(tx, limit=limit)
            chats = await claim_due_chats(tx, limit=limit, owner=self.owner, lease=LEASE)
        # What is found later than the claim belongs to the next edition too, told or not: some of
        # it comes after the stand was filled.
        publish = partial(self._publish, Shared(self.counts or StoryCounts()), tx.now)
        await each([chats[n : n + TOGETHER] for n in range(0, len(chats), TOGETHER)], publish)
        return len(chats)

    async def _publish(self, shared: Shared, now: datetime, chats: Sequence[Chat]) -> None:
        """Publish together; each alone where one of them cannot be rendered or stored."""
        try:
            drafts = [
                await self._draft(reader, turn, edition)
                for reader, turn, edition in await self._gathered(shared, now, chats)
            ]
            async with self.storage.writing() as tx:
                await self._decide(tx, drafts)
        except Exception:
            if len(chats) == 1:
                raise
            await each([[chat] for chat in chats], partial(self._publish, shared, now))

    async def _gathered(
        self, shared: Shared, now: datetime, chats: Sequence[Chat]
    ) -> list[tuple[Reader, DigestDecision, Edition | None]]:
        """Return each reader's turn, and its edition if this is one of those that have one."""
        async with self.storage.reading() as tx:
            readers = await readers_of(tx, chats)
            turns = {
                one.id: decide_digest(one.plan, one.chat.next_digest_at or now, now, one.last.days)
                for one in readers
            }
            served = [reader for reader in readers if turns[reader.id].due]
            editions = await gather(tx, served, shared, now)
        return [(reader, turns[reader.id], editions.get(reader.id)) for reader in readers]

    async def _draft(self, reader: Reader, turn: DigestDecision, edition: Edition | None) -> _Draft:
        await sleep(0)  # others have their turn
        if turn.due is None or edition is None:
            return _Draft(reader, turn.next_at)
        if not edition.topics:
            return _Draft(reader, next_at=None)
        named = replace(
            self._named(edition, reader.chat, turn.due, turn.late),
            gives_reason=is_first_of_week(turn.due.day, reader.last.days),
        )
        return _Draft(
            reader,
            next_at=turn.next_at,
            row=_row(reader.chat, turn.due, named),
            # Every story, even where it is only counted ("+2 more") or folded: none comes twice.
            told=[_told(story) for story in named.choice.all_stories],
            bodies=self._bodies(reader, await with_picture(self.renderer, named)),
        )

    def _named(self, edition: Edition, chat: Chat, due: Due, late: timedelta) -> Edition:
        url = (
            self.links.edition(chat.id, due.day, due.slot.number, edition.now)
            if self.links
            else None
        )
        return replace(
            edition,
            day=due.day,
            slot=due.slot.number,
            is_weekly=due.slot.is_weekly,
            late=late,
            url=url,
        )

    def _bodies(self, reader: Reader, edition: Edition) -> dict[Medium, Sequence[Body]]:
        """Render *edition* for each medium; for none where it says nothing."""
        if not edition.choice and reader.chat.empty_day is EmptyDay.SKIP:
            return {}
        layouts = layouts_for(reader.chat, self.post, reader.recipient)
        return {medium: layout(self.renderer, edition) for medium, layout in layouts.items()}

    async def _decide(self, tx: Transaction, drafts: Sequence[_Draft]) -> None:
        plans = {one.reader.id: (one.reader.chat.next_digest_at, one.next_at) for one in drafts}
        settled = await schedule_chats(tx, self.owner, plans)
        ours = [draft for draft in drafts if draft.reader.id in settled]
        made = await make_editions(tx, [(one.row, one.told) for one in ours if one.row])
        lines = [
            list(_deliveries(tx, made[draft.reader.id], draft))
            for draft in ours
            if draft.reader.id in made
        ]
        # All first parts, then all second ones: so the parts of each stand there in their order.
        for part in zip_longest(*lines):
            await enqueue(tx, [row for row in part if row])


def _deliveries(tx: Transaction, edition_id: int, draft: _Draft) -> Iterator[dict[str, Any]]:
    reader = draft.reader
    for medium, bodies in draft.bodies.items():
        for part, body in enumerate(bodies, 1):
            # A digest rings once.
            named = {"edition_id": edition_id, "part": part, "silent": part > 1}
            named |= _address(medium, reader.recipient)
            yield new_delivery(tx, DeliveryKind.EDITION, reader.id, body, **named)


def _address(medium: Medium, recipient: Recipient | None) -> dict[str, Any]:
    mailbox_id = recipient.mailbox_id if recipient and medium is Medium.EMAIL else None
    return {"medium": medium, "mailbox_id": mailbox_id}


def _row(chat: Chat, due: Due, edition: Edition) -> dict[str, Any]:
    return {
        "chat_id": chat.id,
        "local_date": due.day,
        "slot": edition.slot,
        "due_at": due.at,
        "made_at": edition.now,  # what came while it was rendered belongs to the next one
        "since": edition.since,
        "stories": edition.choice.stories,
        "topics": [(section.topic.id, section.topic.name) for section in edition.choice.sections],
    }


def _told(story: Story) -> EditionEntry:
    return EditionEntry(
        story.id, story.article_id, [hit.topic_id for hit in story.hits], story.alerted
    )
