"""Alerts by mail, to the mailboxes of chats that asked for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.mail.compose import Mail, Occasion, Post, Recipient
from bot.publishing.excerpts import excerpt
from bot.publishing.mails import alert_mail
from bot.publishing.publish.wording import story_of
from bot.publishing.selection import Topic
from storage.alerts import AlertListener, EarlierReports, FirstMail
from storage.articles import Article
from storage.db.engine import Transaction
from storage.enums import DeliveryKind, Medium
from storage.mailboxes import mailboxes_for_alerts
from storage.outbox import new_delivery


@dataclass(frozen=True, slots=True)
class Letters:
    """What the mails of one article say; all but it by chat. *before*, *firsts*: of its chain."""

    article: Article
    recipients: Mapping[int, Recipient]
    outlets: Mapping[int, Sequence[str]]
    before: Mapping[int, EarlierReports]
    firsts: Mapping[int, FirstMail]

    def letter(
        self, post: Post, alert_id: int, now: datetime, ours: Sequence[AlertListener]
    ) -> Mail:
        """Return what the mailbox of one chat, for whose topics *ours* stands, is told."""
        chat_id, article = ours[0].chat_id, self.article
        first, is_chapter = self.firsts.get(chat_id), chat_id in self.before
        story = replace(story_of(article, self.outlets[chat_id]), is_chapter=is_chapter)
        queries = tuple(dict.fromkeys(one.query for one in ours))
        return alert_mail(
            post,
            self.recipients[chat_id],
            Occasion(
                mail_name(DeliveryKind.ALERT, alert_id),
                now,
                follows=Occasion(mail_name(first.kind, first.number), first.made_at)
                if first
                else None,
            ),
            story,
            [Topic(one.topic_id, one.topic) for one in ours],
            excerpt(article.title, article.text or article.summary, queries),
            zone=ours[0].zone,
        )


@dataclass(frozen=True, slots=True)
class ByMail:
    """*post* is None where no mail is sent."""

    post: Post | None = None

    @property
    def is_a_way(self) -> bool:
        return self.post is not None

    async def recipients(
        self, tx: Transaction, languages: Mapping[int, str]
    ) -> dict[int, Recipient]:
        """Return, by chat, those of the chats that get alerts by mail; *languages*: of each."""
        if self.post is None:
            return {}
        return {
            mailbox.chat_id: Recipient(
                mailbox.id, mailbox.address, mailbox.chat_id, languages[mailbox.chat_id]
            )
            for mailbox in await mailboxes_for_alerts(tx, languages.keys())
        }

    def alerts(
        self, tx: Transaction, alerts: Mapping[int, Sequence[AlertListener]], letters: Letters
    ) -> list[dict[str, Any]]:
        """Return the rows of the mails of *alerts*, by their row."""
        if self.post is None:
            return []
        rows = []
        for alert_id, ours in alerts.items():
            mail = letters.letter(self.post, alert_id, tx.now, ours)
            recipient = letters.recipients[ours[0].chat_id]
            rows.append(mail_row(tx, DeliveryKind.ALERT, recipient, mail, alert_id=alert_id))
        return rows


def mail_name(kind: DeliveryKind, number: int) -> str:
    """Return what the Message-ID of the mail about that alert, bundle or edition begins with."""
    return f"{kind}:{number}"


def mail_row(
    tx: Transaction, kind: DeliveryKind, recipient: Recipient, mail: Mail, **decision: int
) -> dict[str, Any]:
    address = {"medium": Medium.EMAIL, "mailbox_id": recipient.mailbox_id}
    return new_delivery(tx, kind, recipient.chat_id, mail, **address, **decision)
