"""Bundles: alerts that waited, sent in one message or its parts when their time has come.

1. What they say is written when they are sent, so it names all publishers up to then; it is not
   edited afterwards.
2. A story that moved on is marked as an update of what the chat was sent before.
3. A story is left out if the chat subscribes to none of its topics any more, or has muted it.
4. A bundle that is late, and would come in quiet hours, waits for their end.
5. One that was due while the chat was away for long has expired, as alerts do: its stories go into
   the next digest.
"""

from collections.abc import Sequence
from datetime import timedelta

from bot.mail.compose import Mailer, Occasion, recipients_of
from bot.publishing.alerts import alerted_story, mail_name
from bot.publishing.mails import bundle_mail
from bot.publishing.pages import Bundled, bundle_page
from bot.publishing.rate_limits import LocalQuietHours
from bot.publishing.selection import SelectedTopic
from bot.publishing.stage import resting, run_stage
from bot.rendering.renderer import Renderer
from storage.bundles import Bundle, alerts_in_bundle, claim_bundles, release_together
from storage.chats import AlertPreferences, lock_chats
from storage.db.engine import Storage, Transaction
from storage.db.leases import release
from storage.enums import ChatKind, ChatState, DeliveryKind, DeliveryState, Medium, MuteKind
from storage.mailboxes import mailboxes_for_alerts
from storage.mutes import subjects_muted
from storage.outbox import enqueue, new_delivery
from storage.publishers import publisher_names
from storage.subscriptions import subscribed_topics
from storage.suspension import ALERT_LIFETIME

LEASE = timedelta(minutes=1)
TOGETHER = 20  # bundles in one transaction
MOST_LISTED = 100  # stories of one; the others are counted, so that a flood is a few messages


async def publish_bundles(
    storage: Storage,
    renderer: Renderer,
    owner: str,
    *,
    mailer: Mailer | None = None,
    limit: int = 50,
) -> int:
    """Send the alerts that have waited for now; return how many bundles of them there were."""

    async def claim(tx: Transaction) -> list[Bundle]:
        by_mail = mailer is not None
        return await claim_bundles(tx, limit=limit, owner=owner, lease=LEASE, by_mail=by_mail)

    async def send(bundles: Sequence[Bundle]) -> None:
        async with storage.writing() as tx:
            # A process that adds to one of them at this moment is waited for.
            locked = await lock_chats(tx, {bundle.chat_id for bundle in bundles})
            chats = {chat.chat_id: chat for chat in locked}
            for bundle in bundles:
                chat = chats.get(bundle.chat_id)
                if chat is None:
                    continue
                if end := LocalQuietHours(chat.zone, chat.quiet_hours).until(tx.now):
                    await release_together(tx, bundle.chat_id, end, is_quiet=True)
                elif await release(tx, Bundle, [bundle.id], owner, released_at=tx.now):
                    await _write(tx, bundle, chat, renderer, mailer)

    give_up = resting(storage, Bundle, owner)
    return await run_stage(storage, claim, send, give_up, together=TOGETHER)


async def _write(
    tx: Transaction,
    bundle: Bundle,
    chat: AlertPreferences,
    renderer: Renderer,
    mailer: Mailer | None,
) -> None:
    """Write the deliveries of a bundle that was just closed, if it still says anything."""
    stories, unlisted = await _stories(tx, bundle)
    if not stories:
        return
    is_back = chat.state is ChatState.ACTIVE and chat.state_since > bundle.release_at
    is_stale = is_back and tx.now - bundle.release_at > ALERT_LIFETIME
    recipient = None
    if mailer and not is_stale:
        languages = {bundle.chat_id: chat.language}
        found = await mailboxes_for_alerts(tx, languages)
        recipient = recipients_of(found, languages).get(bundle.chat_id)
    if chat.state is ChatState.ACTIVE or not recipient:
        parts = bundle_page(
            renderer.of(chat.language),
            stories,
            zone=chat.zone,
            now=tx.now,
            unlisted=unlisted,
            is_quiet=bundle.is_quiet,
            is_channel=chat.kind is ChatKind.CHANNEL,
        )
        state = DeliveryState.EXPIRED if is_stale else DeliveryState.PENDING
        named = {"bundle_id": bundle.id, "state": state}
        rows = [
            # It rings once.
            new_delivery(
                tx, DeliveryKind.BUNDLE, bundle.chat_id, message, part=n, silent=n > 1, **named
            )
            for n, message in enumerate(parts, 1)
        ]
        await enqueue(tx, rows)
    if recipient and mailer:
        occasion = Occasion(mail_name(DeliveryKind.BUNDLE, bundle.id), tx.now)
        mail = bundle_mail(
            mailer,
            recipient,
            occasion,
            stories,
            unlisted=unlisted,
            zone=chat.zone,
            is_quiet=bundle.is_quiet,
        )
        address = {"medium": Medium.EMAIL, "mailbox_id": recipient.mailbox_id}
        row = new_delivery(
            tx, DeliveryKind.BUNDLE, bundle.chat_id, mail, bundle_id=bundle.id, **address
        )
        await enqueue(tx, [row])


async def _stories(tx: Transaction, bundle: Bundle) -> tuple[list[Bundled], int]:
    """Return what the bundle still says, and each story's topics that the chat still wants.

    The number is how many more stories it only counts.
    """
    rows, unlisted = await alerts_in_bundle(tx, bundle.id, MOST_LISTED)
    muted = await subjects_muted(tx, bundle.chat_id)
    names = {
        topic.id: topic.name
        for topic, _ in await subscribed_topics(tx, bundle.chat_id)
        if (MuteKind.TOPIC, topic.id) not in muted
    }
    shown = {alert.story_id: alert.article_id for alert, _ in rows}
    publishers = await publisher_names(tx, shown, bundle.chat_id)
    stories = (
        Bundled(
            alerted_story(
                article, publishers.get(alert.story_id, ()), is_chapter=alert.chapter > 1
            ),
            tuple(SelectedTopic(*named) for named in names.items() if named[0] in alert.topic_ids),
        )
        for alert, article in rows
    )
    return [story for story in stories if story.topics], unlisted
