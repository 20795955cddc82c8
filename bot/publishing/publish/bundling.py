"""Bundles whose moment has come: alerts that waited, told in one message or its parts.

1. What they say is written when they are put out, so it names all outlets up to then; it is not
   edited afterwards.
2. A story that moved on is marked as an update of what the chat was told before.
3. A story none of whose topics the chat watches any more, or that it has muted, is left out.
4. One that is late, and would come in quiet hours, waits for their end.
5. One that was due while the chat was away for long has expired, as alerts do: its stories go into
   the next digest.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.mail.compose import Occasion, Post, Recipient
from bot.publishing.bundles import Bundled, bundle_page
from bot.publishing.mails import bundle_mail
from bot.publishing.publish.bymail import ByMail, mail_name, mail_row
from bot.publishing.publish.rounds import each
from bot.publishing.publish.wording import story_of
from bot.publishing.rate_limits import LocalQuietHours
from bot.publishing.selection import Topic
from bot.rendering.renderer import Renderer
from storage.bundles import (
    Bundle,
    bundled,
    claim_bundles,
    close_bundle,
    release_together,
    subscribed_names,
)
from storage.chats import AlertPreferences, lock_chats
from storage.db.engine import Storage, Transaction
from storage.enums import ChatState, DeliveryKind, DeliveryState, MuteKind
from storage.mutes import subjects_muted
from storage.outbox import enqueue, new_delivery
from storage.publishers import publisher_names
from storage.suspension import ALERT_LIFETIME

LEASE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Bundling:
    storage: Storage
    renderer: Renderer
    owner: str
    by_mail: ByMail = field(default_factory=ByMail)

    async def put_out_due(self, limit: int) -> int:
        async with self.storage.writing() as tx:
            bundles = await claim_bundles(
                tx, limit=limit, owner=self.owner, lease=LEASE, by_mail=self.by_mail.is_a_way
            )
        await each(bundles, self._put_out)
        return len(bundles)

    async def _put_out(self, bundle: Bundle) -> None:
        async with self.storage.writing() as tx:
            # Whoever is adding to it at this moment is waited for.
            for chat in await lock_chats(tx, [bundle.chat_id]):
                if end := LocalQuietHours(chat.zone, chat.quiet_hours).until(tx.now):
                    await release_together(tx, bundle.chat_id, end, is_quiet=True)
                elif await close_bundle(tx, bundle.id, self.owner):
                    await self._tell(tx, bundle, chat)

    async def _tell(self, tx: Transaction, bundle: Bundle, chat: AlertPreferences) -> None:
        stories = await _stories(tx, bundle)
        if not stories:
            return
        is_stale = _is_stale(tx, bundle, chat)
        languages = {} if is_stale else {bundle.chat_id: chat.language}
        recipients = await self.by_mail.recipients(tx, languages)
        recipient = recipients.get(bundle.chat_id)
        if chat.state is ChatState.ACTIVE or not recipient:
            state = DeliveryState.EXPIRED if is_stale else DeliveryState.PENDING
            await self._message(tx, bundle, chat, stories, state)
        if recipient and self.by_mail.post:
            await self._mail(tx, bundle, chat, stories, self.by_mail.post, recipient)

    async def _message(
        self,
        tx: Transaction,
        bundle: Bundle,
        chat: AlertPreferences,
        stories: list[Bundled],
        state: DeliveryState,
    ) -> None:
        renderer = self.renderer.of(chat.language)
        page = bundle_page(renderer, stories, zone=chat.zone, now=tx.now, is_quiet=bundle.is_quiet)
        for part, message in enumerate(page, 1):
            named = {"bundle_id": bundle.id, "part": part, "state": state}
            # It rings once.
            named["silent"] = part > 1
            row = new_delivery(tx, DeliveryKind.BUNDLE, bundle.chat_id, message, **named)
            await enqueue(tx, [row])

    async def _mail(
        self,
        tx: Transaction,
        bundle: Bundle,
        chat: AlertPreferences,
        stories: list[Bundled],
        post: Post,
        recipient: Recipient,
    ) -> None:
        occasion = Occasion(mail_name(DeliveryKind.BUNDLE, bundle.id), tx.now)
        mail = bundle_mail(
            post, recipient, occasion, stories, zone=chat.zone, is_quiet=bundle.is_quiet
        )
        await enqueue(tx, [mail_row(tx, DeliveryKind.BUNDLE, recipient, mail, bundle_id=bundle.id)])


def _is_stale(tx: Transaction, bundle: Bundle, chat: AlertPreferences) -> bool:
    is_back = chat.state is ChatState.ACTIVE and chat.state_since > bundle.release_at
    return is_back and tx.now - bundle.release_at > ALERT_LIFETIME


async def _stories(tx: Transaction, bundle: Bundle) -> list[Bundled]:
    rows = await bundled(tx, bundle.id)
    muted = await subjects_muted(tx, bundle.chat_id)
    watched = await subscribed_names(tx, bundle.chat_id)
    names = {row: name for row, name in watched.items() if (MuteKind.TOPIC, row) not in muted}
    shown = {alert.story_id: alert.article_id for alert, _ in rows}
    outlets = await publisher_names(tx, shown, bundle.chat_id)
    stories = (
        Bundled(
            replace(
                story_of(article, outlets.get(alert.story_id, ())), is_chapter=alert.chapter > 1
            ),
            _topics(names, alert.topic_ids),
        )
        for alert, article in rows
    )
    return [story for story in stories if story.topics]


def _topics(names: dict[int, str], topic_ids: Iterable[int]) -> tuple[Topic, ...]:
    hit = set(topic_ids)
    return tuple(Topic(topic_id, name) for topic_id, name in names.items() if topic_id in hit)
