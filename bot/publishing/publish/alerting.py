"""Alerts: one for one story and chat, whatever number of its topics the story hits.

Chats are gone through in pages, each a transaction of its own. An alert's row decides: who made
it puts out its delivery, or leaves it in a bundle, so a page begun again after a crash repeats
nothing.

A story that continues one of the last days, which the chat was alerted to, is its next chapter: the
message is a reply to the first, and so is the mail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import Any

from structlog.contextvars import bound_contextvars

from bot.publishing.publish.bymail import ByMail, Letters
from bot.publishing.publish.holding import hold_back
from bot.publishing.publish.rounds import each
from bot.publishing.publish.wording import Wording
from bot.rendering.renderer import Renderer
from storage.alerts import (
    NO_EARLIER_REPORTS,
    AlertListener,
    EarlierReports,
    claim_matched,
    finish_articles,
    first_mails,
    listeners,
    make_alerts,
    matched_by_any,
    renew_article,
    reported_before,
)
from storage.articles import Article
from storage.db.engine import Storage, Transaction
from storage.enums import DeliveryKind
from storage.outbox import enqueue, new_delivery
from storage.publishers import publishers_of_story

LEASE = timedelta(minutes=1)
CHATS_IN_A_UNIT = 500
# After so long a story that moves on is told as if it were new.
CHAIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Alerting:
    storage: Storage
    renderer: Renderer
    owner: str
    by_mail: ByMail = field(default_factory=ByMail)
    alerts_a_day: int = 0

    async def alert_new(self, limit: int) -> int:
        async with self.storage.writing() as tx:
            articles = await claim_matched(tx, limit=limit, owner=self.owner, lease=LEASE)
            loud = [article.id for article in articles if not article.quiet]
            wanted = await matched_by_any(tx, loud)
            others = [article.id for article in articles if article.id not in wanted]
            await finish_articles(tx, others, self.owner)
        await each([article for article in articles if article.id in wanted], self._alert)
        return len(articles)

    async def _alert(self, article: Article) -> None:
        after: int | None = 0
        with bound_contextvars(article=article.id, story=article.story_id):
            while after is not None:
                async with self.storage.writing() as tx:
                    after = await self._alert_page(tx, article, after)

    async def _alert_page(self, tx: Transaction, article: Article, after: int) -> int | None:
        """Alert the chats after the row *after*; return the last of the page, None at the end."""
        if not await renew_article(tx, article.id, self.owner, LEASE):
            return None
        found, last = await listeners(
            tx, article, after=after, limit=CHATS_IN_A_UNIT, by_mail=self.by_mail.is_a_way
        )
        chats = {chat_id: list(ours) for chat_id, ours in groupby(found, _chat_of)}
        held = await hold_back(tx, chats, self.alerts_a_day)
        before = await reported_before(tx, article.story_id, chats, tx.now - CHAIN)
        rows = [
            _alert_row(tx, article, ours, held.get(chat), before.get(chat, NO_EARLIER_REPORTS))
            for chat, ours in chats.items()
        ]
        made = await make_alerts(tx, rows)
        at_once = {made[chat]: chats[chat] for chat in made if chat not in held}
        await self._put_out(tx, article, at_once, before)
        if last is None:
            await finish_articles(tx, [article.id], self.owner)
        return last

    async def _put_out(
        self,
        tx: Transaction,
        article: Article,
        alerts: Mapping[int, Sequence[AlertListener]],
        before: Mapping[int, EarlierReports],
    ) -> None:
        """Put out the deliveries of each of *alerts*, by their row."""
        if not alerts:
            return
        chats = {ours[0].chat_id: ours[0].language for ours in alerts.values()}
        tellers = await publishers_of_story(tx, article.story_id, list(chats))
        outlets = {chat: tellers.known_to(chat, article.id) for chat in chats}
        recipients = await self.by_mail.recipients(tx, chats)
        mailed = {row: ours for row, ours in alerts.items() if ours[0].chat_id in recipients}
        # What its mailbox gets is not told once more when Telegram's way is open again.
        others = {
            row: ours for row, ours in alerts.items() if ours[0].by_telegram or row not in mailed
        }
        await enqueue(tx, self._messages(tx, article, others, outlets, before))
        firsts = await first_mails(tx, article.story_id, recipients, tx.now - CHAIN)
        letters = Letters(article, recipients, outlets, before, firsts)
        await enqueue(tx, self.by_mail.alerts(tx, mailed, letters))

    def _messages(
        self,
        tx: Transaction,
        article: Article,
        alerts: Mapping[int, Sequence[AlertListener]],
        outlets: Mapping[int, Sequence[str]],
        before: Mapping[int, EarlierReports],
    ) -> list[dict[str, Any]]:
        wording = Wording(self.renderer, article, tx.now)
        rows = []
        for alert_id, ours in alerts.items():
            chat_id = ours[0].chat_id
            told = before.get(chat_id, NO_EARLIER_REPORTS)
            message = wording.message(ours, outlets[chat_id], is_chapter=told.chapters > 0)
            named = {"alert_id": alert_id, "reply_to_id": told.delivery_id}
            rows.append(new_delivery(tx, DeliveryKind.ALERT, chat_id, message, **named))
        return rows


def _chat_of(listener: AlertListener) -> int:
    return listener.chat_id


def _alert_row(
    tx: Transaction,
    article: Article,
    ours: Sequence[AlertListener],
    bundle_id: int | None,
    before: EarlierReports,
) -> dict[str, Any]:
    return {
        "chat_id": ours[0].chat_id,
        "story_id": article.story_id,
        "chapter": before.chapters + 1,
        "article_id": article.id,
        "topic_ids": [one.topic_id for one in ours],
        "made_at": tx.now,
        "bundle_id": bundle_id,
    }
