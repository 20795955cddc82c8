"""Also: an alert is told once, and while it is of today its message says who else tells the story.

Alerts of one story are edited together, and then not again for some minutes: what comes meanwhile
is one edit. A message that would say the same is left alone, and so is one whose buttons somebody
has just pressed: an edit shows the usual ones again, and would take away what they look at. It is
edited some minutes later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.publishing.publish.rounds import each
from bot.publishing.publish.wording import Wording
from bot.rendering.renderer import Renderer
from storage.alerts import SentAlert, alerted_since, is_any_pressed, sent_alerts, still_wanted
from storage.db.engine import Storage, Transaction
from storage.enums import DeliveryKind
from storage.outbox import enqueue, new_delivery
from storage.publishers import publishers_of_story
from storage.search import articles_of
from storage.stories import (
    Story,
    claim_growing_stories,
    finish_reporting,
    finish_stories,
    release_story,
    renew_story,
)

LEASE = timedelta(minutes=1)
PAUSE = timedelta(minutes=5)
OF_TODAY = timedelta(days=1)
LOOKED_AT = timedelta(minutes=10)  # how long what a press showed is let be
ALERTS_IN_A_UNIT = 500


@dataclass(frozen=True, slots=True)
class Also:
    storage: Storage
    renderer: Renderer
    owner: str

    async def edit_grown(self, limit: int) -> int:
        async with self.storage.writing() as tx:
            grown = await claim_growing_stories(
                tx, owner=self.owner, limit=limit, lease=LEASE, pause=PAUSE
            )
            ids = [story.id for story in grown]
            alerted = await alerted_since(tx, ids, tx.now - OF_TODAY)
            await finish_stories(tx, set(ids) - alerted, self.owner)
        await each([story for story in grown if story.id in alerted], self._edit)
        return len(grown)

    async def _edit(self, story: Story) -> None:
        after: int | None = 0
        while after is not None:
            async with self.storage.writing() as tx:
                after = await self._edit_page(tx, story, after)

    async def _edit_page(self, tx: Transaction, story: Story, after: int) -> int | None:
        """Edit the alerts after the row *after*; return the last of the page, None at the end."""
        if not await renew_story(tx, story.id, self.owner, LEASE):
            return None
        since, pressed, story_id = tx.now - OF_TODAY, tx.now - LOOKED_AT, story.id
        alerts = await sent_alerts(
            tx, story_id, since=since, pressed=pressed, after=after, limit=ALERTS_IN_A_UNIT
        )
        await enqueue(tx, await self._edits(tx, story_id, alerts))
        if len(alerts) == ALERTS_IN_A_UNIT:
            return alerts[-1].id
        if await is_any_pressed(tx, story_id, pressed):
            await release_story(tx, story, self.owner)
        else:
            await finish_reporting(tx, story, self.owner)
        return None

    async def _edits(
        self, tx: Transaction, story_id: int, alerts: Sequence[SentAlert]
    ) -> list[dict[str, Any]]:
        if not alerts:
            return []
        tellers = await publishers_of_story(tx, story_id, [alert.chat_id for alert in alerts])
        topics = await still_wanted(tx, alerts)
        wordings = await self._wordings(tx, alerts)
        version = int(tx.now.timestamp()) // 60  # a story is edited once in so many minutes
        rows = []
        for alert in alerts:
            ours = topics[alert.id]
            if not ours:  # all its topics are gone
                continue
            outlets = tellers.known_to(alert.chat_id, alert.article_id)
            wording = wordings[alert.article_id, alert.made_at]
            message = wording.message(ours, outlets, is_chapter=alert.chapter > 1)
            if message.to_json() != alert.body:
                named = {"target_id": alert.delivery_id, "version": version}
                row = new_delivery(tx, DeliveryKind.EDIT, alert.chat_id, message, **named)
                rows.append(row)
        return rows

    async def _wordings(
        self, tx: Transaction, alerts: Sequence[SentAlert]
    ) -> dict[tuple[int, object], Wording]:
        """Return one for the article and the moment of each alert."""
        found = await articles_of(tx, {alert.article_id for alert in alerts})
        articles = {article.id: article for article in found}
        return {
            (alert.article_id, alert.made_at): Wording(
                self.renderer, articles[alert.article_id], alert.made_at
            )
            for alert in alerts
        }
