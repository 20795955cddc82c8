"""Bundles: the postponed alerts of one chat, sent together when the bundle is due.

1. A bundle is rendered when it is released, so it names all publishers up to then. It is not
   edited afterwards. A bundle of one story looks like an ordinary alert, with its buttons.
2. A story that continues an earlier alert is marked as an update.
3. The most widely covered stories come first, then the newest. The first ten have a lead and an
   excerpt. In Telegram, only the first five are open; the others are folded under their topics.
4. A story is left out if the chat has muted it, has unsubscribed from or muted all topics that it
   hits, or was sent a digest that lists it. Its alert is dropped, and so is that of a story that is
   only counted: neither counts as reported (`storage.reports`).
5. A late bundle that would arrive in quiet hours waits for their end.
6. A bundle expires like an alert: if the chat comes back more than six hours after its bundle was
   due, the stories go into the next digest.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from heapq import nlargest
from operator import attrgetter
from typing import Any

from bot.mail.compose import Mailer, Occasion, recipients_of
from bot.publishing.alerts import (
    CHAIN,
    AlertLeads,
    alerted_story,
    ids_of,
    load_rate_limits,
    mail_name,
    widely_covered,
)
from bot.publishing.developments import unless_repeated
from bot.publishing.excerpts import excerpt
from bot.publishing.mails import bundle_mail
from bot.publishing.pages import Bundled, bundle_page
from bot.publishing.rate_limits import WIDELY_COVERED, LocalQuietHours
from bot.publishing.selection import SelectedTopic
from bot.publishing.stage import in_pages, resting, run_stage
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from storage.articles import articles_by_id
from storage.bundles import (
    Bundle,
    alerts_in_bundle,
    claim_bundles,
    drop_others,
    release_alone,
    release_together,
    waiting_alerts,
)
from storage.chats import AlertPreferences, lock_chats
from storage.db.engine import Storage, Transaction
from storage.db.leases import release
from storage.editions import delivered_before
from storage.enums import ChatKind, ChatState, DeliveryKind, DeliveryState, Medium, MuteKind, Sound
from storage.mailboxes import mailboxes_for_alerts
from storage.mutes import subjects_muted
from storage.outbox import enqueue, new_delivery
from storage.publishers import publisher_names
from storage.reports import articles_reported_before
from storage.stories import chains_of
from storage.subscriptions import subscriptions_of
from storage.suspension import ALERT_LIFETIME
from storage.topics import NamedTopic, topics_by_id

LEASE = timedelta(minutes=1)
TOGETHER = 20  # bundles in one transaction
ALERTS_PER_PAGE = 500
MOST_LISTED = 100  # stories of a bundle; further ones are counted, so a flood is a few messages
MOST_EXCERPTS = 10  # the first stories of a bundle; an excerpt each would make a flood too long


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


async def release_widely_covered(
    storage: Storage, story_ids: Collection[int], a_day: int = 0
) -> None:
    """Make the waiting alerts to those of the stories that are widely covered by now due alone.

    *a_day*: the daily limit of alerts for each chat; 0 means no limit.
    """

    async def page(tx: Transaction, after: int) -> int | None:
        waiting = await waiting_alerts(
            tx, story_ids, growth=WIDELY_COVERED - 1, after=after, limit=ALERTS_PER_PAGE
        )
        covered = await widely_covered(tx, waiting)
        limits = await load_rate_limits(tx, {alert.chat_id for alert in covered}, a_day)
        alone = {}
        for alert in covered:
            chat_id = alert.chat_id
            if chat_id not in alone and not limits.decide(chat_id, is_widely_covered=True):
                alone[chat_id] = alert.id
        await release_alone(tx, alone)
        return waiting[-1].id if len(waiting) == ALERTS_PER_PAGE else None

    await in_pages(storage, page, 0)


async def _enqueue_bundle(
    tx: Transaction,
    bundle: Bundle,
    chat: AlertPreferences,
    renderer: Renderer,
    mailer: Mailer | None,
) -> None:
    """Enqueue the messages and the mail of a released bundle, unless no story is left."""
    topics = await _topics(tx, bundle.chat_id)
    stories, unlisted = await _stories(tx, bundle, topics)
    if not stories:
        return
    sounds = {topics[topic.id].sound for story in stories for topic in story.topics}
    is_silent = sounds == {Sound.SILENT}
    is_back = chat.state is ChatState.ACTIVE and chat.state_since > bundle.release_at
    is_stale = is_back and tx.now - bundle.release_at > ALERT_LIFETIME
    recipient = None
    if mailer and not is_stale:
        languages = {bundle.chat_id: chat.language}
        mailboxes = await mailboxes_for_alerts(tx, languages)
        recipient = recipients_of(mailboxes, languages).get(bundle.chat_id)
    if chat.state is ChatState.ACTIVE or not recipient:
        messages = bundle_page(
            renderer.of(chat.language),
            stories,
            zone=chat.zone,
            now=tx.now,
            unlisted=unlisted,
            is_quiet=bundle.is_quiet,
            is_channel=chat.kind is ChatKind.CHANNEL,
        )
        state = DeliveryState.EXPIRED if is_stale else DeliveryState.PENDING
        await enqueue(tx, _rows(tx, bundle, messages, state, is_silent=is_silent))
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


def _rows(
    tx: Transaction,
    bundle: Bundle,
    messages: Sequence[Message],
    state: DeliveryState,
    *,
    is_silent: bool,
) -> list[dict[str, Any]]:
    """Return the deliveries of a bundle's messages; only the first may make a sound."""
    facts = {"bundle_id": bundle.id, "state": state}
    return [
        new_delivery(
            tx,
            DeliveryKind.BUNDLE,
            bundle.chat_id,
            message,
            part=part,
            silent=is_silent or part > 1,
            **facts,
        )
        for part, message in enumerate(messages, 1)
    ]


async def _stories(
    tx: Transaction, bundle: Bundle, topics: Mapping[int, NamedTopic]
) -> tuple[list[Bundled], int]:
    """Return the stories to list, the most widely covered first, and drop all other alerts.

    The second value is the number of stories beyond `MOST_LISTED`.
    """
    alerts = await alerts_in_bundle(tx, bundle.id)
    delivered = await delivered_before(tx, bundle.chat_id, {alert.story_id for alert in alerts})
    wanted = [
        alert
        for alert in alerts
        if alert.story_id not in delivered and not topics.keys().isdisjoint(alert.topic_ids)
    ]
    # Growth stands for coverage here, because the publishers are read only of the listed stories.
    listed = nlargest(MOST_LISTED, wanted, key=attrgetter("growth", "news_at", "id"))
    await drop_others(tx, bundle.id, [alert.id for alert in listed])
    shown = {alert.story_id: alert.article_id for alert in listed}
    publishers = await publisher_names(tx, shown, bundle.chat_id)
    chains = await chains_of(tx, {alert.story_id for alert in listed if alert.chapter > 1})
    continued = {(bundle.chat_id, story_id): chain for story_id, chain in chains.items()}
    known = await articles_reported_before(tx, continued, tx.now - CHAIN)
    ids = {*shown.values(), *ids_of(known)}
    articles = {article.id: article for article in await articles_by_id(tx, ids)}
    leads = AlertLeads(articles)
    stories: list[Bundled] = []
    for alert in sorted(
        listed,
        key=lambda alert: (len(publishers.get(alert.story_id, ())), alert.news_at, alert.id),
        reverse=True,
    ):
        article = articles[alert.article_id]
        story = alerted_story(
            article, publishers.get(alert.story_id, ()), is_chapter=alert.chapter > 1
        )
        hits = [topic for topic in topics.values() if topic.id in alert.topic_ids]
        snippet, lead = None, None
        if len(stories) < MOST_EXCERPTS:
            queries = tuple(topic.query for topic in hits)
            snippet = excerpt(article.title, article.text or article.summary, queries)
            reported = known.get((bundle.chat_id, alert.story_id), ())
            lead = unless_repeated(leads.lead(article.id, reported, tx.now), snippet.text)
        selected = tuple(SelectedTopic(topic.id, topic.name, topic.is_public) for topic in hits)
        stories.append(Bundled(story, selected, snippet, lead))
    return stories, len(wanted) - len(listed)


async def _topics(tx: Transaction, chat_id: int) -> dict[int, NamedTopic]:
    """Return the topics that the chat subscribes to and has not muted, the oldest first."""
    muted = await subjects_muted(tx, chat_id)
    sounds = {
        topic.id: subscription.sound
        for topic, subscription in await subscriptions_of(tx, chat_id)
        if (MuteKind.TOPIC, topic.id) not in muted
    }
    topics = await topics_by_id(tx, sounds)
    return {topic_id: topics[topic_id]._replace(sound=sound) for topic_id, sound in sounds.items()}
