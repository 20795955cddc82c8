"""Editions: one for each chat, local date and slot, made when it is due.

An edition is gathered in one reading unit, then pictured and rendered. One writing unit decides:
the chat is still ours and its plan unchanged, the date and slot have no edition yet; all rows, or
none, are made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.publishing.calendar import Due, Turn, take_turn
from bot.publishing.choice import Story
from bot.publishing.pages import Edition
from bot.publishing.publish.counting import StoryCounts
from bot.publishing.publish.gathering import gather, plan_of, reach
from bot.publishing.publish.layouts import layouts_for, recipient_of
from bot.publishing.publish.outbox import Body, delivery, put_out
from bot.publishing.publish.picturing import Picturing
from bot.publishing.publish.rounds import each
from bot.rendering.links import Links
from bot.rendering.post import Post, Recipient
from bot.rendering.renderer import Renderer
from storage.chats import Chat
from storage.chats_paused import wake_chats
from storage.editions import Told, claim_due_chats, last_editions, make_edition, settle_chat
from storage.engine import Storage, Unit
from storage.words import DeliveryKind, EmptyDay, Medium, edition_key

LEASE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Draft:
    """What a chat gets, not yet decided: no row on a turn without an edition."""

    next_at: datetime | None
    row: Mapping[str, Any] | None = None
    told: Sequence[Told] = ()
    bodies: Mapping[Medium, Sequence[Body]] = field(default_factory=dict)
    recipient: Recipient | None = None  # of the bodies that are mails


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
        await each(chats, self._publish)
        return len(chats)

    async def _publish(self, chat: Chat) -> None:
        async with self.storage.reading() as unit:
            turn, edition = await self._gathered(unit, chat)
            recipient = await recipient_of(unit, chat) if edition else None
        draft = await self._draft(chat, turn, edition, recipient)
        async with self.storage.writing() as unit:
            if await settle_chat(unit, chat, self.owner, draft.next_at):
                await self._put_out(unit, chat, draft)

    async def _gathered(self, unit: Unit, chat: Chat) -> tuple[Turn, Edition | None]:
        """Return the chat's turn, and its edition if this is one of those that have one."""
        last = await last_editions(unit, chat.id or 0)
        due_at = chat.next_digest_at or unit.now
        turn = take_turn(await plan_of(unit, chat), due_at, unit.now, last.days)
        if turn.due is None:
            return turn, None
        gathered = await gather(unit, chat, reach(last.made_at, unit.now), self.counts)
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

    async def _put_out(self, unit: Unit, chat: Chat, draft: _Draft) -> None:
        edition_id = await make_edition(unit, draft.row, draft.told) if draft.row else None
        if edition_id is None:
            return
        # One by one, so that the parts stand in the outbox in their order.
        for medium, bodies in draft.bodies.items():
            for part, body in enumerate(bodies, 1):
                key = edition_key(edition_id, medium, part)
                row = delivery(unit, DeliveryKind.EDITION, key, chat.id or 0, body)
                # A digest rings once.
                address = _address(medium, draft.recipient)
                await put_out(unit, [row | address | {"silent": part > 1}])


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
