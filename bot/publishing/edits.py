"""Edits: for a day after an alert, new publishers of its story are added to its message.

1. All alerts about one story are edited together, then not again for five minutes, so that reports
   that arrive meanwhile share one edit.
2. A message whose text would not change is not edited.
3. A waiting alert whose story has become widely covered is sent (`bot.publishing.rate_limits`).
4. A message whose buttons were pressed less than ten minutes ago is edited later, because an edit
   restores the usual buttons and would take away those that the user is looking at.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bot.publishing.alerts import (
    CHAIN,
    AlertContent,
    AlertLeads,
    AlertMessages,
    alerted_story,
    ids_of,
    lead_picture,
    text_to_excerpt,
)
from bot.publishing.bundles import release_widely_covered
from bot.publishing.stage import in_pages, resting, run_stage
from bot.rendering.renderer import Renderer
from storage.alerts import SentAlert, sent_alerts, stories_pressed
from storage.articles import articles_by_id
from storage.db.engine import Storage, Transaction
from storage.db.leases import renew
from storage.enums import DeliveryKind
from storage.outbox import enqueue, new_delivery
from storage.publishers import publishers_of_stories
from storage.reports import articles_reported_before
from storage.stories import Story, chains_of, claim_growing_stories, finish_reporting
from storage.topics import topics_by_id

LEASE = timedelta(minutes=1)
PAUSE = timedelta(minutes=5)
EDITED_FOR = timedelta(days=1)
LOOKED_AT = timedelta(minutes=10)  # how long a message is not edited after a press
ALERTS_PER_PAGE = 500


async def edit_alerts(
    storage: Storage, renderer: Renderer, owner: str, limit: int = 200, *, a_day: int = 0
) -> int:
    """Enqueue edits of the alerts about stories that have grown; return how many stories.

    *a_day*: the daily limit of alerts for each chat; 0 means no limit.
    """
    messages = AlertMessages(renderer)

    async def claim(tx: Transaction) -> list[Story]:
        return await claim_growing_stories(tx, owner=owner, limit=limit, lease=LEASE, pause=PAUSE)

    async def edit(stories: Sequence[Story]) -> None:
        await release_widely_covered(storage, [story.id for story in stories], a_day)

        async def page(tx: Transaction, after: int) -> int | None:
            held = await renew(tx, Story, [story.id for story in stories], owner, LEASE)
            if not held:
                return None
            pressed = tx.now - LOOKED_AT
            alerts = await sent_alerts(
                tx,
                held,
                since=tx.now - EDITED_FOR,
                pressed=pressed,
                after=after,
                limit=ALERTS_PER_PAGE,
            )
            if alerts:
                await enqueue(tx, await _edits_of(tx, alerts, messages))
            if len(alerts) == ALERTS_PER_PAGE:
                return alerts[-1].id
            postponed = await stories_pressed(tx, held, pressed)
            reported = [story for story in stories if story.id in held]
            await finish_reporting(tx, owner, reported, postponed)
            return None

        await in_pages(storage, page, 0)

    give_up = resting(storage, Story, owner)
    return await run_stage(storage, claim, edit, give_up, together=limit)


async def _edits_of(
    tx: Transaction, alerts: Sequence[SentAlert], messages: AlertMessages
) -> list[dict[str, Any]]:
    publishers = await publishers_of_stories(
        tx, {alert.story_id for alert in alerts}, {alert.chat.id for alert in alerts}
    )
    chains = await chains_of(tx, {alert.story_id for alert in alerts if alert.chapter > 1})
    reported = await articles_reported_before(
        tx,
        {
            (alert.chat.id, alert.story_id): chains[alert.story_id]
            for alert in alerts
            if alert.story_id in chains and alert.chapter > 1
        },
        tx.now - CHAIN - EDITED_FOR,
    )
    ids = {alert.article_id for alert in alerts} | ids_of(reported)
    articles = {article.id: article for article in await articles_by_id(tx, ids)}
    texts = {article.id: text_to_excerpt(article) for article in articles.values()}
    leads = AlertLeads(articles)
    known = await topics_by_id(tx, {topic for alert in alerts for topic in alert.topic_ids})
    version = int(tx.now.timestamp()) // 60  # in minutes, because a story is edited less often
    edits = []
    for alert in alerts:
        topics = [known[topic_id] for topic_id in alert.topic_ids if topic_id in known]
        if not topics:  # all have been deleted
            continue
        names = publishers[alert.story_id].known_to(alert.chat.id, alert.article_id)
        article = articles[alert.article_id]
        story = alerted_story(article, names, is_chapter=alert.chapter > 1)
        before = reported.get((alert.chat.id, alert.story_id), ())
        lead = leads.lead(article.id, before, alert.made_at)
        content = AlertContent(texts[article.id], story, lead_picture(article), lead)
        message = messages.message(alert.chat, content, topics, alert.made_at)
        if message.to_json() != alert.body:
            target = {"target_id": alert.delivery_id, "version": version}
            edits.append(new_delivery(tx, DeliveryKind.EDIT, alert.chat.id, message, **target))
    return edits
