"""Editions: one for each chat, local date and slot, made when it is due.

An edition is gathered in one reading unit, then pictured and rendered. A writing unit decides, for
some together: the chat is still ours and its plan unchanged, the date and slot have no edition yet;
all rows, or none, are made.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import zip_longest
from typing import Any, TypeAlias

from bot.publishing.calendar import Due, Turn, take_turn
from bot.publishing.choice import Story
from bot.publishing.pages import Edition
from bot.publishing.publish.counting import StoryCounts
from bot.publishing.publish.gathering import Shared, gather, plan_of, reach
from bot.publishing.publish.layouts import layouts_for, recipient_of
from bot.publishing.publish.outbox import Body, delivery, put_out
from bot.publishing.publish.picturing import Picturing
from bot.publishing.publish.rounds import each
from bot.rendering.links import Links
from bot.rendering.post import Post, Recipient
from bot.rendering.renderer import Renderer
from storage.chats import Chat
from storage.chats_paused import wake_chats
from storage.editions import Told, claim_due_chats, last_editions, make_editions, settle_chat
from storage.engine import DatabaseError, Storage, Unit
from storage.words import DeliveryKind, EmptyDay, Medium, edition_key

LEASE = timedelta(minutes=1)
TOGETHER = 20  # editions in one unit of work


@dataclass(frozen=True, slots=True)
class _Draft:
    """What a chat gets, not yet decided: no row on a turn without an edition."""

    next_at: datetime | None
    row: Mapping[str, Any] | None = None
    told: Sequence[Told] = ()
    bodies: Mapping[Medium, Sequence[Body]] = field(default_factory=dict)
    recipient: Recipient | None = None  # of the bodies that are mails


_Drafted: TypeAlias = tuple[Chat, _Draft]


@dataclass(frozen=True, slots=True)
class Digesting:
    storage: Storage
    renderer: Renderer
    owner: str
    picturing: Picturing
    links: Links | None = None
    counts: StoryCounts | None = None
    post: Post | None = None

    async def publish_due(self, limit: int) -> int:
        async with self.storage.writing() as unit:
            await wake_chats(unit, limit=limit)
            chats = await claim_due_chats(unit, limit=limit, owner=self.owner, lease=LEASE)
        shared = Shared(self.counts or StoryCounts())
        together = [chats[n : n + TOGETHER] for n in range(0, len(chats), TOGETHER)]
        await each(together, partial(self._publish, shared))
        return len(chats)

    async def _publish(self, shared: Shared, chats: Sequence[Chat]) -> None:
        drafts: list[_Drafted] = []

        async def draft(chat: Chat) -> None:
            drafts.append((chat, await self._drafted(shared, chat)))

        try:
            await each(chats, draft)
        finally:
            await self._decide(drafts)

    async def _drafted(self, shared: Shared, chat: Chat) -> _Draft:
        async with self.storage.reading() as unit:
            turn, edition = await self._gathered(unit, shared, chat)
            recipient = await recipient_of(unit, chat) if edition else None
        return await self._draft(chat, turn, edition, recipient)

    async def _decide(self, drafts: Sequence[_Drafted]) -> None:
        """Decide on the drafts together; alone where one of them cannot be stored."""
        try:
            async with self.storage.writing() as unit:
                settled = [
                    (chat, draft)
                    for chat, draft in drafts
                    if await settle_chat(unit, chat, self.owner, draft.next_at)
                ]
                await self._put_out(unit, settled)
        except DatabaseError:
            if len(drafts) == 1:
                raise
            await each([[one] for one in drafts], self._decide)

    async def _gathered(
        self, unit: Unit, shared: Shared, chat: Chat
    ) -> tuple[Turn, Edition | None]:
        """Return the chat's turn, and its edition if this is one of those that have one."""
        last = await last_editions(unit, chat.id or 0)
        due_at = chat.next_digest_at or unit.now
        plan = await plan_of(unit, chat)
        turn = take_turn(plan, due_at, unit.now, last.days)
        if turn.due is None:
            return turn, None
        since = reach(last.made_at, unit.now)
        gathered = await gather(unit, chat, since, plan=plan, shared=shared)
        return turn, self._named(gathered, chat, turn.due, turn.late)

    async def _draft(
        self, chat: Chat, turn: Turn, edition: Edition | None, recipient: Recipient | None
    ) -> _Draft:
        if turn.due is None or edition is None:
            return _Draft(turn.next_at)
        if not edition.topics:
            return _Draft(next_at=None)
        return _Draft(
            next_at=turn.next_at,
            row=_row(chat, turn.due, edition),
            # Every story, even where it is only counted ("+2 more") or folded: none comes twice.
            told=[_told(story) for story in edition.choice.all_stories],
            bodies=self._bodies(chat, await self.picturing.pictured(edition), recipient),
            recipient=recipient,
        )

    def _named(self, edition: Edition, chat: Chat, due: Due, late: timedelta) -> Edition:
        url = (
            self.links.edition(chat.id or 0, due.day, due.slot.number, edition.now)
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

    def _bodies(
        self, chat: Chat, edition: Edition, recipient: Recipient | None
    ) -> dict[Medium, Sequence[Body]]:
        """Render *edition* for each medium; for none where it says nothing."""
        if not edition.choice and chat.empty_day is EmptyDay.SKIP:
            return {}
        layouts = layouts_for(chat, self.post, recipient)
        return {medium: layout(self.renderer, edition) for medium, layout in layouts.items()}

    async def _put_out(self, unit: Unit, drafts: Sequence[_Drafted]) -> None:
        editions = [(draft.row, draft.told) for _, draft in drafts if draft.row]
        made = await make_editions(unit, editions)
        lines = [
            list(_deliveries(unit, made[chat.id], chat.id, draft))
            for chat, draft in drafts
            if chat.id in made
        ]
        # All first parts, then all second ones: so the parts of each stand there in their order.
        for part in zip_longest(*lines):
            await put_out(unit, [row for row in part if row])


def _deliveries(
    unit: Unit, edition_id: int, chat_id: int, draft: _Draft
) -> Iterator[dict[str, Any]]:
    for medium, bodies in draft.bodies.items():
        for part, body in enumerate(bodies, 1):
            key = edition_key(edition_id, medium, part)
            row = delivery(unit, DeliveryKind.EDITION, key, chat_id, body)
            # A digest rings once.
            yield row | _address(medium, draft.recipient) | {"silent": part > 1}


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


def _told(story: Story) -> Told:
    return Told(story.id, story.article_id, [hit.topic_id for hit in story.hits], story.alerted)
