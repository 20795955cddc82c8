"""Digests: one edition for each chat, local date and schedule time, made when it is due.

1. Due chats are claimed. Their contents are loaded in batches, each in one reading transaction, and
   rendered outside of it. Their leases are renewed meanwhile.
2. A writing transaction decides: the chat must still be leased, its plan unchanged, and the date
   and schedule time without an edition. It stores all rows of the edition or none.
3. Every story of an edition is stored as listed, even one that the edition only counts ("+2 more"),
   so that no story comes twice unless it develops. Stories found after the claim belong to the
   next edition.
"""

from asyncio import sleep
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from bot.batches import in_batches
from bot.mail.compose import Mailer
from bot.matching.candidates import SearchLimits
from bot.matching.hits import hits_of
from bot.matching.query import ParsedQuery, parse
from bot.matching.query.ast import And, Node, Not, Or, Term, disjunction, term, terms
from bot.matching.search import find_stories
from bot.publishing.calendar import DigestDecision, Due, decide_digest
from bot.publishing.contents import News, Reader, StoryCounts, load_digests, readers_of
from bot.publishing.mails import edition_mail
from bot.publishing.pages import EditionPage, edition_page
from bot.publishing.pictures import with_picture
from bot.publishing.selection import LinkedReport, StoryView
from bot.publishing.stage import renewing, resting
from bot.rendering.links import Links
from bot.rendering.renderer import Renderer
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.editions import claim_due_chats, make_editions, schedule_chats
from storage.enums import ChatKind, ChatState, DeliveryKind, EmptyDay, Medium
from storage.outbox import StoredBody, enqueue, new_delivery
from storage.suspension import resume_chats

LEASE = timedelta(minutes=1)
# Editions in one transaction, which takes SQLite 20 ms of CPU, while other writers wait. Half as
# many in each take a tenth more CPU.
TOGETHER = 100


@dataclass(frozen=True, slots=True)
class Digests:
    """The stage of digests; keeps its counts of stories from round to round.

    *links* is None without a public web address; *mailer* is None if no mail is sent.
    """

    storage: Storage
    renderer: Renderer
    owner: str
    links: Links | None = None
    mailer: Mailer | None = None
    _counts: StoryCounts = field(default_factory=StoryCounts)

    async def run_once(self, limit: int = 600) -> int:
        """Make the editions that are due; return how many chats were claimed."""
        async with self.storage.writing() as tx:
            await resume_chats(tx, limit=limit)
            chats = await claim_due_chats(
                tx, limit=limit, owner=self.owner, lease=LEASE, mails=self.mailer is not None
            )
        news, now = News(), tx.now

        async def publish(batch: Sequence[Chat]) -> None:
            drafts = await self._draft(batch, news, now)
            async with self.storage.writing() as tx:
                await _store_editions(tx, drafts, self.owner)

        ids = [chat.id for chat in chats]
        async with renewing(self.storage, Chat, ids, self.owner, LEASE):
            give_up = resting(self.storage, Chat, self.owner)
            await in_batches(chats, publish, give_up, together=TOGETHER)
        return len(chats)

    async def _draft(self, chats: Sequence[Chat], news: News, now: datetime) -> list["_Draft"]:
        """Load and render the editions that are due; decide when the other chats are due next."""
        async with self.storage.reading() as tx:
            readers = await readers_of(tx, chats)
            decisions = {
                reader.id: decide_digest(
                    reader.plan, reader.chat.next_digest_at or now, now, reader.last.days
                )
                for reader in readers
            }
            due = [_for_time(reader, decisions[reader.id]) for reader in readers]
            due = [reader for reader in due if decisions[reader.id].due]
            editions = await load_digests(tx, due, news, self._counts, now)
        drafts = []
        for reader in readers:
            await sleep(0)  # let other tasks run
            decision, edition = decisions[reader.id], editions.get(reader.id)
            if decision.due is None or edition is None or not reader.topics:
                # Topics that are muted for a time have no edition now, but later ones.
                drafts.append(_Draft(reader, decision.next_at if reader.is_planned else None))
            elif reader.chat.state is not ChatState.ACTIVE and not self._is_mailed(reader):
                # The mailbox was lost after the claim.
                drafts.append(_Draft(reader, reader.chat.next_digest_at))
            else:
                drafts.append(await self._render(reader, decision, decision.due, edition))
        return drafts

    def _is_mailed(self, reader: Reader) -> bool:
        return self.mailer is not None and reader.recipient is not None

    async def _render(
        self, reader: Reader, decision: DigestDecision, due: Due, edition: EditionPage
    ) -> "_Draft":
        chat, number = reader.chat, due.scheduled.number
        next_at = decision.next_at if reader.is_regular else None
        edition = replace(
            edition,
            day=due.day,
            schedule_number=number,
            late=decision.late,
            next_at=next_at,
            is_channel=chat.kind is ChatKind.CHANNEL,
            url=self.links.edition(chat.id, due.day, number, edition.now) if self.links else None,
        )
        # What a chat has muted must not come back as the nearest story.
        if not edition.choice and chat.empty_day is EmptyDay.NEAREST and not reader.mutes:
            queries = [topic.query for topic in reader.subscribed]
            nearest = await nearest_story(
                self.storage, chat.id, queries, edition.since, edition.now
            )
            edition = replace(edition, nearest=nearest)
        bodies: dict[Medium, list[StoredBody]] = {}
        if edition.choice or (reader.subscribed and chat.empty_day is not EmptyDay.SKIP):
            shown = await with_picture(self.renderer, edition)
            # Without an active mailbox the digest goes to Telegram, whatever the chat chose. While
            # the chat is unreachable there, nothing is enqueued for Telegram, because such
            # deliveries would pile up.
            is_telegrammed = chat.digest_by.telegrams or not self._is_mailed(reader)
            if chat.state is ChatState.ACTIVE and is_telegrammed:
                messages = edition_page(self.renderer, shown)
                bodies[Medium.TELEGRAM] = list(map(StoredBody, messages))
            if self.mailer and reader.recipient:
                mail = edition_mail(self.mailer, reader.recipient, shown)
                bodies[Medium.EMAIL] = [StoredBody(mail)]
        return _Draft(reader, next_at, due, edition, bodies)


def _for_time(reader: Reader, decision: DigestDecision) -> Reader:
    """Return the reader of the edition of the schedule time that is due."""
    if decision.due is None:
        return reader
    scheduled = decision.due.scheduled
    return replace(
        reader,
        lists_most_covered=scheduled.lists_most_covered,
        is_weekly=scheduled.is_weekly,
    )


@dataclass(frozen=True, slots=True)
class _Draft:
    """A chat's edition, rendered but not stored yet, and the time of its next one.

    *due* and *edition* are None if the chat gets no edition now.
    """

    reader: Reader
    next_at: datetime | None
    due: Due | None = None
    edition: EditionPage | None = None
    bodies: Mapping[Medium, Sequence[StoredBody]] = field(default_factory=dict)


async def _store_editions(tx: Transaction, drafts: Sequence[_Draft], owner: str) -> None:
    """Schedule the chats anew, and store the editions of those whose plan has not changed."""
    plans = {draft.reader.id: (draft.reader.chat.next_digest_at, draft.next_at) for draft in drafts}
    scheduled = await schedule_chats(tx, owner, plans)
    edition_ids = await make_editions(
        tx,
        [
            (_row(draft.reader.chat, draft.due, draft.edition), draft.edition.choice.all_stories)
            for draft in drafts
            if draft.reader.id in scheduled and draft.due and draft.edition
        ],
    )
    deliveries = [
        _deliveries(tx, edition_ids[draft.reader.id], draft)
        for draft in drafts
        if draft.reader.id in edition_ids
    ]
    # First parts, then second parts and so on, so that the parts of an edition keep their order.
    for rows in zip_longest(*deliveries):
        await enqueue(tx, [row for row in rows if row])


def _row(chat: Chat, due: Due, edition: EditionPage) -> dict[str, Any]:
    return {
        "chat_id": chat.id,
        "local_date": due.day,
        "schedule_number": edition.schedule_number,
        "due_at": due.at,
        "made_at": edition.now,  # stories found during rendering belong to the next edition
        "since": edition.since,
        "stories": edition.choice.stories,
        "covered": [
            (story.id, story.article_id, story.topic_ids) for story in edition.choice.all_stories
        ]
        if edition.is_most_covered
        else None,
        "frozen": edition.frozen,
        "topics": [
            (section.topic.id, section.topic.name, section.topic.is_public)
            for section in edition.choice.sections
        ],
    }


def _deliveries(tx: Transaction, edition_id: int, draft: _Draft) -> list[dict[str, Any]]:
    reader = draft.reader
    rows = []
    for medium, bodies in draft.bodies.items():
        mailbox = reader.recipient if medium is Medium.EMAIL else None
        address = {"medium": medium, "mailbox_id": mailbox.mailbox_id if mailbox else None}
        for part, body in enumerate(bodies, 1):
            # Only the first part makes a sound.
            columns = {"edition_id": edition_id, "part": part, "silent": part > 1, **address}
            rows.append(new_delivery(tx, DeliveryKind.EDITION, reader.id, body, **columns))
    return rows


_MOST_WORDS = 20


def any_word(queries: Iterable[str]) -> ParsedQuery | None:
    """Return the query for at least one word of *queries* (canonical); None if they have none."""
    words: dict[Term, None] = {}
    for query in queries:
        for found in _wanted(parse(query).tree):
            words.update(dict.fromkeys(term([word]) for word in found.words))
    nodes = list(words)[:_MOST_WORDS]
    return ParsedQuery(disjunction(nodes)) if nodes else None


def _wanted(node: Node) -> Iterator[Term]:
    """Yield the terms that are not excluded."""
    if isinstance(node, And | Or):
        for operand in node.operands:
            yield from _wanted(operand)
    elif not isinstance(node, Not):
        yield from terms(node)


async def nearest_story(
    storage: Storage, chat_id: int, queries: Iterable[str], since: datetime, now: datetime
) -> StoryView | None:
    """Return the newest story after *since* with at least one word of *queries*; None without one.

    A digest without news shows it, if the chat wants that.
    """
    query = any_word(queries)
    if query is None:
        return None
    found = await find_stories(storage, query, SearchLimits(now - since), chat_id=chat_id)
    newest = [story.id for story in found.articles[:1]]
    for hit in await hits_of(storage, query, newest, chat_id=chat_id):
        by = LinkedReport(hit.source, hit.url)
        names = (hit.source,) if hit.source else ()
        return StoryView(hit.title, hit.url, names, hit.source, hit.published, (by,))
    return None
