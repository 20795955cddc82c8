"""Alerts: a chat gets at most one alert about a story, however many of its topics match.

1. The row of an alert is the decision. The transaction that makes it also enqueues its deliveries,
   or puts the alert into a bundle that is sent later.
2. An alert is sent at once unless the chat's quiet hours or its rate limits postpone it.
3. A story that continues one that the chat was alerted to in the last seven days is its next
   chapter: its message or mail replies to the first.
4. One transaction handles several articles, but never two of the same chain of stories, because
   the second has to see the alert about the first.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, TypeVar

import structlog

from bot.batches import in_batches, put_article_aside
from bot.mail.compose import Mailer, Occasion, Recipient, recipients_of
from bot.publishing.developments import AlertLead, alert_lead, unless_repeated
from bot.publishing.excerpts import ArticleText
from bot.publishing.hashtags import hashtags
from bot.publishing.leads import ReportText
from bot.publishing.mails import alert_mail
from bot.publishing.pages import TELEGRAM_WIDTH, alert_page, with_preview
from bot.publishing.rate_limits import (
    DAY,
    HOUR,
    WIDELY_COVERED,
    AlertHistory,
    LocalQuietHours,
    Postponement,
    postpone,
)
from bot.publishing.selection import SelectedStory, SelectedTopic
from bot.publishing.stage import in_pages, run_stage
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from bot.rendering.shown_pictures import shown_picture
from bot.sources.lead_pictures import LeadPicture
from bot.text.snippets import Snippet
from storage import alerts, reports
from storage.articles import PUBLIC, Article, articles_by_id, claim_matched
from storage.bundles import RecentAlerts, WaitingAlert, open_bundles, sent_recently
from storage.chats import AlertPreferences, alert_quotas, lock_accounts
from storage.db.engine import Storage, Transaction
from storage.db.leases import release, renew
from storage.enums import ArticleStage, ChatKind, ChatState, DeliveryKind, Medium, Sound
from storage.mailboxes import mailboxes_for_alerts
from storage.outbox import enqueue, new_delivery
from storage.publishers import publishers_of_stories
from storage.topics import NamedTopic

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=1)
TOPICS_PER_PAGE = 500  # one chat may have several topics in a page
# A story that continues an alert older than this is reported as new.
CHAIN = timedelta(days=7)
_MOST_KNOWN = 5  # earlier articles of a chain, to which a follow-up is compared


@dataclass
class Alerts:
    """The stage of alerts; remembers which private source was claimed last.

    *mailer* is None if no mail is sent. *a_day* is the daily limit of alerts for each chat, unless
    an admin set another one for it; 0 means no limit.
    """

    storage: Storage
    renderer: Renderer
    owner: str
    mailer: Mailer | None = None
    a_day: int = 0
    _after_scope: int = PUBLIC

    async def run_once(self, limit: int = 50) -> int:
        """Send alerts about matched articles, oldest public first; return how many articles."""
        return await run_stage(
            self.storage,
            partial(self._claim, limit),
            self._alert_all,
            self._alert_each_chat,
            together=limit,
        )

    async def _claim(self, limit: int, tx: Transaction) -> list[int]:
        claimed = await claim_matched(
            tx, owner=self.owner, limit=limit, after_scope=self._after_scope, lease=LEASE
        )
        private = [article.scope_id for article in claimed if article.scope_id != PUBLIC]
        self._after_scope = max(private, default=self._after_scope)
        return [article.id for article in claimed]

    async def _alert_all(self, article_ids: Sequence[int]) -> None:
        by_mail = self.mailer is not None

        async def page(tx: Transaction, after: tuple[int, int]) -> tuple[int, int] | None:
            due, end = await tx.at_once(
                _due_page(tx, article_ids, self.owner, after, by_mail=by_mail)
            )
            if due:
                await _publish_alerts(tx, due, self.renderer, self.mailer, self.a_day)
            return end

        await in_pages(self.storage, page, (0, 0))

    async def _alert_each_chat(self, article_id: int, _error: Exception) -> None:
        """Alert each chat on its own, and put the article aside if any of them fails.

        The other chats get their alert. The failing chat gets it when the article is tried again.
        """
        failures: list[Exception] = []

        async def alert(due: Sequence[alerts.DueAlert]) -> None:
            async with self.storage.writing() as tx:
                await _publish_alerts(tx, due, self.renderer, self.mailer, self.a_day)

        async def give_up(due: alerts.DueAlert, error: Exception) -> None:
            log.error("an alert failed", article=article_id, chat=due.chat.id, exc_info=error)
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
        """Yield the due alerts of the article in pages, as long as its lease can be renewed."""
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
    """Return one page of due alerts, and the cursor of the next page (None at the end)."""
    held = await renew(tx, Article, article_ids, owner, LEASE)
    if not held:
        return (), None
    due, end = await alerts.due_alerts(
        tx, held, after=after, limit=TOPICS_PER_PAGE, by_mail=by_mail
    )
    if end is None:
        await release(tx, Article, held, owner, stage=ArticleStage.PUBLISHED)
    return due, end


async def _publish_alerts(
    tx: Transaction,
    due: Sequence[alerts.DueAlert],
    renderer: Renderer,
    mailer: Mailer | None,
    a_day: int,
) -> None:
    """Make the alerts, and enqueue the deliveries of those that are sent at once."""
    new = await tx.at_once(_make_alerts(tx, due, a_day))
    if not new:
        return
    loaded = await tx.at_once(_load_contents(tx, new, mailer))
    messages = AlertMessages(renderer)
    # A chat that Telegram cannot reach gets its alert by mail only, so that the same alert does not
    # arrive again when Telegram becomes reachable.
    telegrams = [
        _message(tx, alert, messages)
        for alert in loaded
        if alert.due.chat.state is ChatState.ACTIVE or not alert.recipient
    ]
    await enqueue(tx, telegrams)
    if mailer:
        mails = [_mail(tx, alert, mailer, alert.recipient) for alert in loaded if alert.recipient]
        await enqueue(tx, mails)


_NewAlert = tuple[int, alerts.DueAlert, reports.EarlierReports]
"""An alert to send at once: its id, the decision, and the earlier reports of its chain."""


async def _make_alerts(
    tx: Transaction, due: Sequence[alerts.DueAlert], a_day: int
) -> list[_NewAlert]:
    """Make the alerts that are new; return those to send at once."""
    earlier = await reports.reported_before(tx, _continued(due), tx.now - CHAIN)
    postponed = await postponed_alerts(tx, due, a_day)
    rows, at_once = [], []
    for alert in due:
        story = (alert.chat.id, alert.story_id)
        reported = earlier.get(story, reports.NO_EARLIER_REPORTS)
        bundle_id = postponed.get(alert.key)
        rows.append(
            {
                "chat_id": alert.chat.id,
                "story_id": alert.story_id,
                "chapter": reported.chapters + 1,
                "article_id": alert.article_id,
                "topic_ids": [topic.id for topic in alert.topics],
                "made_at": tx.now,
                "bundle_id": bundle_id,
            }
        )
        if bundle_id is None:
            at_once.append((story, alert, reported))
    new_ids = await alerts.make_alerts(tx, rows)
    return [
        (new_ids[story], alert, reported) for story, alert, reported in at_once if story in new_ids
    ]


def _continued(due: Iterable[alerts.DueAlert]) -> reports.Continued:
    return {
        (alert.chat.id, alert.story_id): alert.chain
        for alert in due
        if alert.chain != alert.story_id
    }


# Whether an alert is sent at once.


async def postponed_alerts(
    tx: Transaction, due: Sequence[alerts.DueAlert], a_day: int = 0
) -> dict[tuple[int, int], int]:
    """Return the bundles of the alerts that have to wait, by article and chat.

    Locks the chats with all their threads, so that two processes see each other's alerts.
    """
    limits = await load_rate_limits(tx, {alert.chat.id for alert in due}, a_day)
    postponements: dict[tuple[int, int], Postponement] = {}
    for alert in due:
        if alert.chat.id in limits.chats and (postponement := limits.decide_on(alert)):
            postponements[alert.key] = postponement
    grown = [
        alert for alert in due if alert.key in postponements and alert.growth >= WIDELY_COVERED - 1
    ]
    for alert in await widely_covered(tx, grown):
        if limits.decide_on(alert, is_widely_covered=True) is None:
            del postponements[alert.key]
    bundles = await open_bundles(
        tx,
        {chat_id: (one.release_at, one.is_quiet) for (_, chat_id), one in postponements.items()},
    )
    return {key: bundles[key[1]] for key in postponements if key[1] in bundles}


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limits that decide whether alerts of locked chats wait.

    *accounts*: by Telegram's id, when any thread of a chat was alerted. *quotas*: the daily limit,
    by chat; 0 means none.
    """

    now: datetime
    chats: Mapping[int, AlertPreferences]
    recent: Mapping[int, RecentAlerts]
    accounts: Mapping[int, list[datetime]]
    quotas: Mapping[int, int]

    def decide_on(
        self, alert: alerts.DueAlert, *, is_widely_covered: bool = False
    ) -> Postponement | None:
        """Decide whether a new alert waits, and count it for the next decisions."""
        return self.decide(
            alert.chat.id,
            [topic.id for topic in alert.topics],
            is_widely_covered=is_widely_covered,
            is_loud=alert.sound is Sound.LOUD,
        )

    def decide(
        self,
        chat_id: int,
        topic_ids: Collection[int] = (),
        *,
        is_widely_covered: bool = False,
        is_loud: bool = False,
    ) -> Postponement | None:
        chat, recent = self.chats[chat_id], self.recent[chat_id]
        of_topic = max((recent.by_topic[topic_id] for topic_id in topic_ids), key=len, default=())
        account = self.accounts[chat.telegram_id]
        postponement = postpone(
            AlertHistory(recent.moments, account, recent.waiting, of_topic),
            self.now,
            chat.alerts_an_hour,
            LocalQuietHours(chat.zone, chat.quiet_hours),
            self.quotas[chat_id],
            is_widely_covered=is_widely_covered,
            is_loud=is_loud,
        )
        if postponement:
            recent.waiting = postponement.release_at
        else:
            recent.moments.append(self.now)
            account.append(self.now)
            for topic_id in topic_ids:
                recent.by_topic[topic_id].append(self.now)
        return postponement


async def load_rate_limits(tx: Transaction, chat_ids: Collection[int], a_day: int) -> RateLimits:
    """Lock the chats with all their threads, and load their limits and recent alerts."""
    chats = {chat.chat_id: chat for chat in await lock_accounts(tx, chat_ids)}
    quotas = dict.fromkeys(chat_ids, a_day) | await alert_quotas(tx, chat_ids)
    recent = await sent_recently(tx, chats, tx.now - HOUR)
    limited = {chats[chat_id].telegram_id for chat_id, quota in quotas.items() if quota}
    if threads := [row for row, chat in chats.items() if chat.telegram_id in limited]:
        recent |= await sent_recently(tx, threads, tx.now - DAY)
    accounts: defaultdict[int, list[datetime]] = defaultdict(list)
    for chat_id, chat in chats.items():
        accounts[chat.telegram_id] += recent[chat_id].moments
    return RateLimits(tx.now, chats, recent, accounts, quotas)


_Alert = TypeVar("_Alert", alerts.DueAlert, WaitingAlert)


async def widely_covered(tx: Transaction, grown: Sequence[_Alert]) -> list[_Alert]:
    """Return those of the alerts whose story enough publishers report that the chat can see."""
    if not grown:
        return []
    chat_ids = {alert.chat_id for alert in grown}
    publishers = await publishers_of_stories(tx, {alert.story_id for alert in grown}, chat_ids)
    return [
        alert
        for alert in grown
        if (known := publishers.get(alert.story_id))
        and len(known.known_to(alert.chat_id, alert.article_id)) >= WIDELY_COVERED
    ]


# The deliveries of alerts that are sent at once.


@dataclass(frozen=True, slots=True)
class _LoadedAlert:
    """A new alert with the contents of its messages.

    *recipient* is the mailbox that gets it, if any; *first_mail* began the chain in that mailbox.
    """

    id: int
    due: alerts.DueAlert
    earlier: reports.EarlierReports
    content: "AlertContent"
    recipient: Recipient | None
    first_mail: reports.FirstMail | None


async def _load_contents(
    tx: Transaction, new: Sequence[_NewAlert], mailer: Mailer | None
) -> list[_LoadedAlert]:
    languages = {due.chat.id: due.chat.language for _, due, _ in new}
    chapters = _continued(due for _, due, earlier in new if earlier.chapters)
    known = await reports.articles_reported_before(tx, chapters, tx.now - CHAIN)
    ids = {due.article_id for _, due, _ in new} | ids_of(known)
    articles = {article.id: article for article in await articles_by_id(tx, ids)}
    leads = AlertLeads(articles)
    texts = {article.id: text_to_excerpt(article) for article in articles.values()}
    publishers = await publishers_of_stories(tx, {due.story_id for _, due, _ in new}, languages)
    mailboxes = await mailboxes_for_alerts(tx, languages) if mailer else ()
    recipients = recipients_of(mailboxes, languages)
    continued = _continued(due for _, due, _ in new if due.chat.id in recipients)
    first_mails = await reports.first_mails(tx, continued, tx.now - CHAIN)
    loaded = []
    for alert_id, due, earlier in new:
        article, chat_id = articles[due.article_id], due.chat.id
        names = publishers[due.story_id].known_to(chat_id, due.article_id)
        loaded.append(
            _LoadedAlert(
                alert_id,
                due,
                earlier,
                AlertContent(
                    texts[article.id],
                    alerted_story(article, names, is_chapter=earlier.chapters > 0),
                    lead_picture(article),
                    leads.lead(article.id, known.get((chat_id, due.story_id), ()), tx.now),
                ),
                recipients.get(chat_id),
                first_mails.get((chat_id, due.story_id)),
            )
        )
    return loaded


def _message(tx: Transaction, alert: _LoadedAlert, messages: "AlertMessages") -> dict[str, Any]:
    due = alert.due
    message = messages.message(due.chat, alert.content, due.topics, tx.now)
    decision = {
        "alert_id": alert.id,
        "reply_to_id": alert.earlier.delivery_id,
        "silent": due.sound is Sound.SILENT,
    }
    return new_delivery(tx, DeliveryKind.ALERT, due.chat.id, message, **decision)


def _mail(
    tx: Transaction, alert: _LoadedAlert, mailer: Mailer, recipient: Recipient
) -> dict[str, Any]:
    chat, first = alert.due.chat, alert.first_mail
    occasion = Occasion(
        mail_name(DeliveryKind.ALERT, alert.id),
        tx.now,
        follows=Occasion(mail_name(first.kind, first.number), first.made_at) if first else None,
    )
    topics, snippet = hits_and_snippet(alert.content.text, alert.due.topics)
    story = alert.content.story
    lead, zone = unless_repeated(alert.content.lead, snippet.text), chat.zone
    mail = alert_mail(mailer, recipient, occasion, story, topics, snippet, zone=zone, lead=lead)
    address = {"medium": Medium.EMAIL, "mailbox_id": recipient.mailbox_id}
    return new_delivery(tx, DeliveryKind.ALERT, chat.id, mail, alert_id=alert.id, **address)


def mail_name(kind: DeliveryKind, number: int) -> str:
    """Return the start of the Message-ID of the mail about this alert, bundle or edition."""
    return f"{kind}:{number}"


# The message of an alert, when it is sent and when it is edited.


class AlertContent(NamedTuple):
    """The part of an alert's message that does not depend on the topics it belongs to."""

    text: ArticleText
    story: SelectedStory
    picture: LeadPicture | None = None
    lead: AlertLead | None = None


ReportedArticles = Mapping[tuple[int, int], Sequence[tuple[int, datetime]]]
"""Articles by chat and story, each with the time of its alert; see `articles_reported_before`."""


def ids_of(known: ReportedArticles) -> set[int]:
    return {article_id for reported in known.values() for article_id, _ in reported[:_MOST_KNOWN]}


@dataclass(frozen=True, slots=True)
class AlertLeads:
    """Finds what articles tell, once for all chats that know the same."""

    articles: Mapping[int, Article]
    _leads: dict[object, AlertLead | None] = field(default_factory=dict)

    def lead(
        self, article_id: int, reported: Sequence[tuple[int, datetime]], before: datetime
    ) -> AlertLead | None:
        """Return what the article tells a chat with these alerts *before* a time."""
        newest = [each for each, made_at in reported[:_MOST_KNOWN] if made_at < before]
        key = (article_id, *newest)
        if key not in self._leads:
            known = [_report(self.articles[each]) for each in newest if each in self.articles]
            self._leads[key] = alert_lead(_report(self.articles[article_id]), known)
        return self._leads[key]


def _report(article: Article) -> ReportText:
    return ReportText(
        article_id=article.id,
        publisher="",
        title=article.title,
        url=article.url,
        text=article.text or article.summary,
        language=article.language,
        news_at=article.news_at,
    )


@dataclass(frozen=True, slots=True)
class AlertMessages:
    """Renders alerts; chats whose message is the same share one rendering."""

    renderer: Renderer
    _rendered: dict[object, Message] = field(default_factory=dict)

    def message(
        self,
        chat: alerts.AlertChat,
        content: AlertContent,
        topics: Sequence[NamedTopic],
        now: datetime,
    ) -> Message:
        """Return the message for *chat*; *now* is when the alert was made."""
        story, lead = content.story, content.lead
        picture = content.picture if chat.pictures else None
        renderer = self.renderer.of(chat.language)
        is_channel = chat.kind is ChatKind.CHANNEL
        key = (
            *(renderer.language.code, chat.zone, is_channel, now),
            *(story.id, story.article_id, story.publishers, story.is_chapter),
            *(picture, lead, chat.hashtags),
            *((topic.id, topic.name, topic.is_public, topic.query) for topic in topics),
        )
        if key not in self._rendered:
            selected, snippet = hits_and_snippet(content.text, topics)
            message = alert_page(
                renderer,
                story,
                selected,
                snippet,
                zone=chat.zone,
                now=now,
                is_channel=is_channel,
                lead=unless_repeated(lead, snippet.text),
                tags=hashtags(topic.name for topic in topics) if chat.hashtags else (),
            )
            if picture:
                shown = shown_picture(picture, renderer.picture_proxy, TELEGRAM_WIDTH)
                message = with_preview(message, shown)
            self._rendered[key] = message
        return self._rendered[key]


def hits_and_snippet(
    text: ArticleText, topics: Iterable[NamedTopic]
) -> tuple[list[SelectedTopic], Snippet]:
    """Return *topics* for a template, and the passage of *text* that hits them."""
    queries = tuple(dict.fromkeys(topic.query for topic in topics))
    selected = [SelectedTopic(topic.id, topic.name, topic.is_public) for topic in topics]
    return selected, text.excerpt(queries)


def lead_picture(article: Article) -> LeadPicture | None:
    if not article.picture_url:
        return None
    size = (article.picture_width, article.picture_height)
    return LeadPicture(article.picture_url, *size, article.picture_alt)


def text_to_excerpt(article: Article) -> ArticleText:
    return ArticleText(article.title, article.text or article.summary)


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
