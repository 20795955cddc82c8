"""Bundles: the postponed alerts of one chat, sent together when the bundle is due.

1. A bundle is rendered when it is released, so it names all publishers up to then. It is not
   edited afterwards.
2. A story that continues an earlier alert is marked as an update.
3. A story is left out if the chat has unsubscribed from or muted all topics that it hits.
4. A late bundle that would arrive in quiet hours waits for their end.
5. A bundle expires like an alert: if the chat comes back more than six hours after its bundle was
   due, the stories go into the next digest.
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
MOST_LISTED = 100  # stories of a bundle; further ones are counted, so a flood is a few messages


async def publish_bundles(
    storage: Storage,
    renderer: Renderer,
    owner: str,
    *,
    mailer: Mailer | None = None,
    limit: int = 50,
) -> int:
    """Send the bundles that are due; return how many were claimed."""

    async def claim(tx: Transaction) -> list[Bundle]:
        by_mail = mailer is not None
        return await claim_bundles(tx, limit=limit, owner=owner, lease=LEASE, by_mail=by_mail)

    async def send(bundles: Sequence[Bundle]) -> None:
        async with storage.writing() as tx:
            # The lock waits for processes that are adding alerts to these bundles.
            locked = await lock_chats(tx, {bundle.chat_id for bundle in bundles})
            chats = {chat.chat_id: chat for chat in locked}
            for bundle in bundles:
                chat = chats.get(bundle.chat_id)
                if chat is None:
                    continue
                if end := LocalQuietHours(chat.zone, chat.quiet_hours).until(tx.now):
                    await release_together(tx, bundle.chat_id, end, is_quiet=True)
                elif await release(tx, Bundle, [bundle.id], owner, released_at=tx.now):
                    await _enqueue_bundle(tx, bundle, chat, renderer, mailer)

    give_up = resting(storage, Bundle, owner)
    return await run_stage(storage, claim, send, give_up, together=TOGETHER)


async def _enqueue_bundle(
    tx: Transaction,
    bundle: Bundle,
    chat: AlertPreferences,
    renderer: Renderer,
    mailer: Mailer | None,
) -> None:
    """Enqueue the messages and the mail of a released bundle, unless no story is left."""
    stories, unlisted = await _stories(tx, bundle)
    if not stories:
        return
    is_back = chat.state is ChatState.ACTIVE and chat.state_since > bundle.release_at
    is_stale = is_back and tx.now - bundle.release_at > ALERT_LIFETIME
    recipient = None
    if mailer and not is_stale:
        languages = {bundle.chat_id: chat.language}
        mailboxes = await mailboxes_for_alerts(tx, languages)
        recipient = recipients_of(mailboxes, languages).get(bundle.chat_id)
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
        rows = []
        for part, message in enumerate(parts, 1):
            # Only the first part makes a sound.
            columns = {"bundle_id": bundle.id, "state": state, "part": part, "silent": part > 1}
            rows.append(new_delivery(tx, DeliveryKind.BUNDLE, bundle.chat_id, message, **columns))
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
    """Return the stories to list, each with the topics that the chat still wants.

    The second value is the number of stories beyond `MOST_LISTED`.
    """
    rows, unlisted = await alerts_in_bundle(tx, bundle.id, MOST_LISTED)
    muted = await subjects_muted(tx, bundle.chat_id)
    topics = [
        SelectedTopic(topic.id, topic.name)
        for topic, _ in await subscribed_topics(tx, bundle.chat_id)
        if (MuteKind.TOPIC, topic.id) not in muted
    ]
    article_ids = {alert.story_id: alert.article_id for alert, _ in rows}
    publishers = await publisher_names(tx, article_ids, bundle.chat_id)
    stories = []
    for alert, article in rows:
        hits = tuple(topic for topic in topics if topic.id in alert.topic_ids)
        if hits:
            reported_by = publishers.get(alert.story_id, ())
            story = alerted_story(article, reported_by, is_chapter=alert.chapter > 1)
            stories.append(Bundled(story, hits))
    return stories, unlisted
