"""Alerts: one for one story and chat, whatever number of its topics the story hits.

1. An alert's row is the decision. The transaction that makes it also writes its deliveries, or
   leaves it in a bundle that waits.
2. A chat gets an alert at once unless its quiet hours or its rate limits postpone it.
3. A story that continues one of the last days, which the chat was alerted to, is its next chapter:
   the message is a reply to the first, and so is the mail.
4. Several articles share a transaction, but no two of one chain: the second is to find the alert
   to the first.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.batches import in_batches, put_article_aside
from bot.mail.compose import Mailer, Occasion, Recipient, recipients_of
from bot.publishing.excerpts import excerpt
from bot.publishing.mails import alert_mail
from bot.publishing.pages import alert_page
from bot.publishing.rate_limits import (
    DAY,
    HOUR,
    AlertHistory,
    LocalQuietHours,
    Postponement,
    postpone,
)
from bot.publishing.selection import SelectedStory, SelectedTopic
from bot.publishing.stage import in_pages, run_stage
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from bot.text.snippets import Snippet
from storage import alerts, reports
from storage.articles import PUBLIC, Article, articles_by_id, claim_matched
from storage.bundles import RecentAlerts, open_bundles, sent_recently
from storage.chats import AlertPreferences, alert_quotas, lock_accounts
from storage.db.engine import Storage, Transaction
from storage.db.leases import release, renew
from storage.enums import ArticleStage, ChatKind, ChatState, DeliveryKind, Medium
from storage.mailboxes import mailboxes_for_alerts
from storage.outbox import enqueue, new_delivery
from storage.publishers import publishers_of_stories
from storage.topics import NamedTopic

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=1)
TOPICS_PER_PAGE = 500  # a chat may have several of them
# After so long a story that moves on is reported as if it were new.
CHAIN = timedelta(days=7)


@dataclass
class Alerts:
    """The stage. It keeps which private source had its turn last.

    *mailer* is None where no mail is sent; *a_day*: how many alerts a chat may have a day unless an
    admin says otherwise, 0 for no limit.
    """

    storage: Storage
    renderer: Renderer
    owner: str
    mailer: Mailer | None = None
    a_day: int = 0
    _after_scope: int = PUBLIC

    async def run_once(self, limit: int = 50) -> int:
        """Alert to matched articles, the oldest public ones first; return how many were done."""
        return await run_stage(
            self.storage,
            partial(self._claim, limit),
            self._alert,
            self._alert_each_chat,
            together=limit,
        )

    async def _claim(self, limit: int, tx: Transaction) -> list[int]:
        claimed = await claim_matched(
            tx, owner=self.owner, limit=limit, after_scope=self._after_scope, lease=LEASE
        )
        private = [each.scope_id for each in claimed if each.scope_id != PUBLIC]
        self._after_scope = max(private, default=self._after_scope)
        return [each.id for each in claimed]

    async def _alert(self, article_ids: Sequence[int]) -> None:
        by_mail = self.mailer is not None

        async def page(tx: Transaction, after: tuple[int, int]) -> tuple[int, int] | None:
            due, end = await tx.at_once(
                _due_page(tx, article_ids, self.owner, after, by_mail=by_mail)
            )
            if due:
                await _alert(tx, due, self.renderer, self.mailer, self.a_day)
            return end

        await in_pages(self.storage, page, (0, 0))

    async def _alert_each_chat(self, article_id: int, _error: Exception) -> None:
        """Alert as many chats as can be, and put the article aside for the others.

        A chat that fails takes the alert from no other, and has it once it is tried again.
        """
        failures: list[Exception] = []

        async def alert(due: Sequence[alerts.DueAlert]) -> None:
            async with self.storage.writing() as tx:
                await _alert(tx, due, self.renderer, self.mailer, self.a_day)

        async def give_up(due: alerts.DueAlert, error: Exception) -> None:
            log.error("an alert fails", article=article_id, chat=due.chat.id, exc_info=error)
            failures.append(error)

        async def alert_all(_: Sequence[int]) -> None:
            async for due in self._pages(article_id):
                await in_batches(due, alert, give_up, together=TOPICS_PER_PAGE)

        async def give_up_all(_: int, error: Exception) -> None:
            failures.append(error)

        await in_batches([article_id], alert_all, give_up_all)
        if failures:
            await put_article_aside(self.storage, self.owner, article_id, failures[0])
            return
        async with self.storage.writing() as tx:
            await release(tx, Article, [article_id], self.owner, stage=ArticleStage.PUBLISHED)

    async def _pages(self, article_id: int) -> AsyncIterator[Sequence[alerts.DueAlert]]:
        """Yield whom to alert to the article, as long as it is leased."""
        after: tuple[int, int] | None = (0, 0)
        while after is not None:
            async with self.storage.writing() as tx:
                if not await renew(tx, Article, [article_id], self.owner, LEASE):
                    return
                by_mail = self.mailer is not None
                due, after = await alerts.due_alerts(
                    tx, [article_id], after=after, limit=TOPICS_PER_PAGE, by_mail=by_mail
                )
            yield due


async def _due_page(
    tx: Transaction,
    article_ids: Sequence[int],
    owner: str,
    after: tuple[int, int],
    *,
    by_mail: bool,
) -> tuple[Sequence[alerts.DueAlert], tuple[int, int] | None]:
    """Return whom to alert in this transaction, and where the next page begins; None at the end."""
    held = await renew(tx, Article, article_ids, owner, LEASE)
    if not held:
        return (), None
    due, end = await alerts.due_alerts(
        tx, held, after=after, limit=TOPICS_PER_PAGE, by_mail=by_mail
    )
    if end is None:
        await release(tx, Article, held, owner, stage=ArticleStage.PUBLISHED)
    return due, end


async def _alert(
    tx: Transaction,
    due: Sequence[alerts.DueAlert],
    renderer: Renderer,
    mailer: Mailer | None,
    a_day: int,
) -> None:
    """Make the alerts, and the deliveries of those that go at once."""
    at_once = await tx.at_once(_make(tx, due, a_day))
    if not at_once:
        return
    loaded = await tx.at_once(_load(tx, at_once, mailer))
    messages = AlertMessages(renderer)
    # What a mailbox gets is not sent once more when Telegram lets the bot in again.
    by_telegram = (
        one for one in loaded if one.due.chat.state is ChatState.ACTIVE or not one.recipient
    )
    await enqueue(tx, [_message(tx, one, messages) for one in by_telegram])
    if mailer:
        mailed = [_mail(tx, one, mailer, one.recipient) for one in loaded if one.recipient]
        await enqueue(tx, mailed)


_NewAlert = tuple[int, alerts.DueAlert, reports.EarlierReports]
"""An alert that was made and goes at once: its row, and what came before it in its chain."""


async def _make(tx: Transaction, due: Sequence[alerts.DueAlert], a_day: int) -> list[_NewAlert]:
    """Make the alerts that are new; return those that go at once."""
    earlier = await reports.reported_before(tx, _continued(due), tx.now - CHAIN)
    postponed = await postponed_alerts(tx, due, a_day)
    rows, bundles = [], []
    for one in due:
        key = (one.chat.id, one.story_id)
        bundles.append(postponed.get(one.key))
        rows.append(
            {
                "chat_id": one.chat.id,
                "story_id": one.story_id,
                "chapter": earlier.get(key, reports.NO_EARLIER_REPORTS).chapters + 1,
                "article_id": one.article_id,
                "topic_ids": [topic.id for topic in one.topics],
                "made_at": tx.now,
                "bundle_id": bundles[-1],
            }
        )
    made = await alerts.make_alerts(tx, rows)
    return [
        (made[key], one, earlier.get(key, reports.NO_EARLIER_REPORTS))
        for one, bundle in zip(due, bundles, strict=True)
        if bundle is None and (key := (one.chat.id, one.story_id)) in made
    ]


def _continued(due: Iterable[alerts.DueAlert]) -> reports.Continued:
    return {(one.chat.id, one.story_id): one.chain for one in due if one.chain != one.story_id}


# Whether a chat is alerted now.


async def postponed_alerts(
    tx: Transaction, due: Sequence[alerts.DueAlert], a_day: int = 0
) -> dict[tuple[int, int], int]:
    """Return, by article and chat, the bundle in which an alert waits; none that goes at once.

    The chats are locked with all their threads, so that each of two processes sees what the other
    one has sent them.
    """
    chat_ids = {one.chat.id for one in due}
    chats = {chat.chat_id: chat for chat in await lock_accounts(tx, chat_ids)}
    sent = await sent_recently(tx, chats, tx.now - HOUR)
    quotas = dict.fromkeys(chat_ids, a_day) | await alert_quotas(tx, chat_ids)
    limited = {chats[chat_id].telegram_id for chat_id, number in quotas.items() if number}
    if threads := [row for row, chat in chats.items() if chat.telegram_id in limited]:
        sent |= await sent_recently(tx, threads, tx.now - DAY)
    accounts: defaultdict[int, list[datetime]] = defaultdict(list)
    for chat_id, thread in chats.items():
        accounts[thread.telegram_id] += sent[chat_id].moments
    waiting = {
        one.key: postponement
        for one in due
        if (chat := chats.get(one.chat.id))
        and (
            postponement := _decide(
                chat, sent[one.chat.id], accounts[chat.telegram_id], tx.now, quotas[one.chat.id]
            )
        )
    }
    bundles = await open_bundles(
        tx, {key[1]: (one.release_at, one.is_quiet) for key, one in waiting.items()}
    )
    return {key: bundles[key[1]] for key in waiting if key[1] in bundles}


def _decide(
    chat: AlertPreferences,
    sent: RecentAlerts,
    account: list[datetime],
    now: datetime,
    a_day: int,
) -> Postponement | None:
    """Decide about one alert, and count it for those that follow.

    *account*: when any thread of the chat was alerted.
    """
    quiet = LocalQuietHours(chat.zone, chat.quiet_hours)
    recent = AlertHistory(sent.moments, account, sent.waiting)
    postponement = postpone(recent, now, chat.alerts_an_hour, quiet, a_day)
    if postponement:
        sent.waiting = postponement.release_at
    else:
        sent.moments.append(now)
        account.append(now)
    return postponement


# The deliveries of alerts that go at once.


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A new alert with what its messages say.

    *recipient*: the mailbox that it goes to, if any; *first*: what was mailed before it.
    """

    id: int
    due: alerts.DueAlert
    earlier: reports.EarlierReports
    article: Article
    story: SelectedStory
    recipient: Recipient | None
    first: reports.FirstMail | None


async def _load(tx: Transaction, new: Sequence[_NewAlert], mailer: Mailer | None) -> list[_Loaded]:
    chats = {due.chat.id: due.chat.language for _, due, _ in new}
    found = await articles_by_id(tx, {due.article_id for _, due, _ in new})
    articles = {article.id: article for article in found}
    publishers = await publishers_of_stories(tx, {due.story_id for _, due, _ in new}, chats)
    recipients = recipients_of(await mailboxes_for_alerts(tx, chats), chats) if mailer else {}
    continued = _continued(due for _, due, _ in new if due.chat.id in recipients)
    first = await reports.first_mails(tx, continued, tx.now - CHAIN)
    loaded = []
    for alert_id, due, earlier in new:
        article, chat_id = articles[due.article_id], due.chat.id
        names = publishers[due.story_id].known_to(chat_id, due.article_id)
        story = alerted_story(article, names, is_chapter=earlier.chapters > 0)
        mailed = recipients.get(chat_id), first.get((chat_id, due.story_id))
        loaded.append(_Loaded(alert_id, due, earlier, article, story, *mailed))
    return loaded


def _message(tx: Transaction, one: _Loaded, messages: "AlertMessages") -> dict[str, Any]:
    due = one.due
    message = messages.message(due.chat, one.article, one.story, due.topics, tx.now)
    named = {"alert_id": one.id, "reply_to_id": one.earlier.delivery_id}
    return new_delivery(tx, DeliveryKind.ALERT, due.chat.id, message, **named)


def _mail(tx: Transaction, one: _Loaded, mailer: Mailer, recipient: Recipient) -> dict[str, Any]:
    chat, first = one.due.chat, one.first
    occasion = Occasion(
        mail_name(DeliveryKind.ALERT, one.id),
        tx.now,
        follows=Occasion(mail_name(first.kind, first.number), first.made_at) if first else None,
    )
    shown, snippet = why(one.article, one.due.topics)
    mail = alert_mail(mailer, recipient, occasion, one.story, shown, snippet, zone=chat.zone)
    address = {"medium": Medium.EMAIL, "mailbox_id": recipient.mailbox_id}
    return new_delivery(tx, DeliveryKind.ALERT, chat.id, mail, alert_id=one.id, **address)


def mail_name(kind: DeliveryKind, number: int) -> str:
    """Return what the Message-ID of the mail about that alert, bundle or edition begins with."""
    return f"{kind}:{number}"


# The message of an alert, also when it is edited later.


@dataclass(frozen=True, slots=True)
class AlertMessages:
    """Renders each message once for all chats that see the same."""

    renderer: Renderer
    _known: dict[object, Message] = field(default_factory=dict)

    def message(
        self,
        chat: alerts.AlertChat,
        article: Article,
        story: SelectedStory,
        topics: Sequence[NamedTopic],
        now: datetime,
    ) -> Message:
        """Return what the chat is sent; *now* is when the alert is made."""
        renderer = self.renderer.of(chat.language)
        is_channel = chat.kind is ChatKind.CHANNEL
        key = (
            *(renderer.language.code, chat.zone, is_channel, now),
            *(story.id, article.id, story.publishers, story.is_chapter),
            *topics,
        )
        if key not in self._known:
            shown, snippet = why(article, topics)
            self._known[key] = alert_page(
                renderer, story, shown, snippet, zone=chat.zone, now=now, is_channel=is_channel
            )
        return self._known[key]


def why(article: Article, topics: Iterable[NamedTopic]) -> tuple[list[SelectedTopic], Snippet]:
    """Return the topics that the article hits, and where it does."""
    queries = tuple(dict.fromkeys(topic.query for topic in topics))
    shown = [SelectedTopic(topic.id, topic.name) for topic in topics]
    return shown, excerpt(article.title, article.text or article.summary, queries)


def alerted_story(
    article: Article, publishers: Sequence[str], *, is_chapter: bool
) -> SelectedStory:
    return SelectedStory(
        id=article.story_id,
        article_id=article.id,
        title=article.title,
        url=article.url,
        publishers=tuple(publishers),
        news_at=article.news_at,
        published=article.published_at or article.published_on,
        is_chapter=is_chapter,
    )
