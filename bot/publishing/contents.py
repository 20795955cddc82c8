"""What a digest shows, loaded in one way for Telegram, mail, page and preview.

1. A digest that is due, or as it stands so far, lists what the chat's topics found since its last
   one and no digest has listed; `bot.publishing.selection` chooses and orders.
2. A digest made before lists the stories that it had, in its order.
3. Both get excerpts and trends, and become an `EditionPage`.
4. What public sources found for a query is the same for every chat. A round reads it once (`News`);
   a chat that mutes, or has sources of its own, has news of its own.
"""

from asyncio import sleep
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import attrgetter

from bot.mail.compose import Recipient, recipients_of
from bot.publishing.calendar import Plan
from bot.publishing.excerpts import LENGTHS, excerpts
from bot.publishing.pages import EditionPage, edition_page, section_page
from bot.publishing.selection import CAPS, Hit, SelectedStory, SelectedTopic, arrange, choose
from bot.publishing.trends import FORTNIGHT, Trend, trend_of
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from storage import editions
from storage.articles import news_since
from storage.chats import Chat, schedule_of, schedules_of
from storage.db.engine import Storage, Transaction
from storage.editions import DigestTopic, Edition, FoundArticle, LastEditions, ListedStory
from storage.enums import CLOSED, MuteKind, Style
from storage.feeds_followed import chats_with_own_sources
from storage.mailboxes import active_mailboxes
from storage.matches import stories_by_day
from storage.mutes import subjects_muted_of_each
from storage.publishers import Named, names_by_story, names_for_article, publisher_names
from storage.topics import topics_by_id

# How far a topic's first digest reaches back, and how far any, after however long a pause: a weekly
# one that was missed is merged into the next.
FIRST_REACH = timedelta(hours=24)
LONGEST_REACH = timedelta(days=15)

# To count anew for each digest took longer than all else that it is made of.
COUNTS_GOOD_FOR = timedelta(minutes=30)
MOST_COUNTED = 20_000

Ages = Mapping[int, int]
"""How many stories came, by whole days of age."""


# Chats, with what is known of each before its news is.


@dataclass(frozen=True, slots=True)
class Reader:
    """A chat with its plan, and the topics of its digest that it has not muted.

    *recipient*: its mailbox, where that is in use. *follows*: sources of its own reach it.
    *mutes*: it has muted anything.
    """

    chat: Chat
    plan: Plan
    last: LastEditions
    topics: Sequence[DigestTopic]
    follows: bool = False
    mutes: bool = False
    recipient: Recipient | None = None

    @property
    def id(self) -> int:
        return self.chat.id

    @property
    def subscribed(self) -> list[DigestTopic]:
        """Return the topics that it wants in each digest."""
        return [topic for topic in self.topics if topic.missed_until is None]

    @property
    def queries(self) -> set[int]:
        return {topic.query_id for topic in self.topics}

    @property
    def has_own_news(self) -> bool:
        """Whether it gets something else than everybody with the same query."""
        return self.follows or self.mutes

    def since(self, now: datetime) -> datetime:
        """Return from when on its next edition covers the news."""
        last = self.last.made_at
        return max(last, now - LONGEST_REACH) if last else now - FIRST_REACH


async def readers_of(tx: Transaction, chats: Sequence[Chat]) -> list[Reader]:
    """Return the *chats* as readers, in their order."""
    ids = [chat.id for chat in chats]
    schedules = await schedules_of(tx, ids)
    last = await editions.last_editions_of_each(tx, ids)
    topics = await editions.digest_topics_of_each(tx, ids)
    muted = await subjects_muted_of_each(tx, ids)
    following = await chats_with_own_sources(tx, ids)
    languages = {chat.id: chat.speaks for chat in chats if chat.digest_by.mails}
    recipients = recipients_of(
        await active_mailboxes(tx, languages) if languages else (), languages
    )
    return [
        Reader(
            chat,
            Plan(chat.zone, schedules[chat.id]),
            last[chat.id],
            [
                topic
                for topic in topics.get(chat.id, ())
                if (MuteKind.TOPIC, topic.id) not in muted.get(chat.id, ())
                and not _is_made_up(topic, last[chat.id])
            ],
            follows=chat.id in following,
            mutes=chat.id in muted,
            recipient=recipients.get(chat.id),
        )
        for chat in chats
    ]


def _is_made_up(topic: DigestTopic, last: LastEditions) -> bool:
    """Say whether a digest came after the time in which alerts of the topic were missed."""
    missed = topic.missed_until
    return missed is not None and last.made_at is not None and missed <= last.made_at


# Digests that are due, or as they stand so far.


async def load_digests(
    tx: Transaction,
    readers: Sequence[Reader],
    news: "News | None" = None,
    counts: "StoryCounts | None" = None,
    now: datetime | None = None,
) -> dict[int, EditionPage]:
    """Return, by chat, the edition of what came since its last one and no digest has listed.

    *news* and *counts* have what was read for other readers before. *now*: from when on the next
    edition covers the news, where that is before this transaction's time.
    """
    news, counts, now = news or News(), counts or StoryCounts(), now or tx.now
    shared = [reader for reader in readers if not reader.has_own_news]
    pages = await _load(tx, news, shared, counts, now) if shared else {}
    for reader in readers:
        if reader.has_own_news:
            pages |= await _load(tx, News(reader.id), [reader], counts, now)
    return pages


async def _load(
    tx: Transaction, news: "News", readers: Sequence[Reader], counts: "StoryCounts", now: datetime
) -> dict[int, EditionPage]:
    missed = [topic for reader in readers for topic in reader.topics if topic.missed_until]
    await news.load_found(
        tx,
        [
            *((reader.queries, reader.since(now)) for reader in readers),
            *(([topic.query_id], max(topic.since, now - LONGEST_REACH)) for topic in missed),
        ],
    )
    found = {
        reader.id: [(topic, news.found(topic, reader.since(now))) for topic in reader.topics]
        for reader in readers
    }
    stories = {
        chat_id: set[int]().union(*(by_story for _, by_story in of_topics))
        for chat_id, of_topics in found.items()
    }
    listed, alerted = (
        await editions.listed_before(tx, stories),
        await editions.alerted_before(tx, stories),
    )
    await news.load_publishers(tx, set[int]().union(*stories.values()))
    choices = {}
    for reader in readers:
        new = news.stories(found[reader.id], listed[reader.id], alerted[reader.id])
        topics = [SelectedTopic(topic.id, topic.name) for topic in reader.topics]
        choices[reader.id] = choose(topics, new, CAPS[reader.chat.style])
        await sleep(0)  # others have their turn
    excerpted = {
        story.article_id
        for reader in readers
        if LENGTHS[reader.chat.style].characters
        for story in choices[reader.id].listed
    }
    texts = await news.load_texts(tx, excerpted)
    queries = set[int]().union(*(reader.queries for reader in readers))
    ages = await counts.by_age(tx, queries, readers[0].id if readers[0].follows else None)
    since = await news_since(tx)
    return {
        reader.id: EditionPage(
            choice=choices[reader.id],
            snippets=await excerpts(
                choices[reader.id].listed,
                texts,
                {topic.id: topic.query for topic in reader.topics},
                LENGTHS[reader.chat.style],
            ),
            plan=reader.plan,
            topics=len(reader.subscribed),
            subscribed=tuple(SelectedTopic(topic.id, topic.name) for topic in reader.subscribed),
            since=reader.since(now),
            now=now,
            style=reader.chat.style,
            layout=reader.chat.layout,
            trends=_trends(ages, reader.topics, now, since),
            language=reader.chat.speaks,
        )
        for reader in readers
    }


async def load_digest_so_far(storage: Storage, chat_id: int) -> EditionPage:
    """Return the chat's next digest as it stands; LookupError if there is no such chat."""
    async with storage.reading() as tx:
        chat = await tx.session.get(Chat, chat_id)
        if chat is None:
            raise LookupError(f"no chat {chat_id}")
        return (await load_digests(tx, await readers_of(tx, [chat])))[chat_id]


# Digests made before.


async def load_made_digest(
    storage: Storage, chat_id: int, day: date, schedule_number: int
) -> EditionPage | None:
    """Return all that the edition of a local date and schedule time listed.

    None if there is none, or if the chat has no access. The words of a topic that is gone are not
    marked.
    """
    async with storage.reading() as tx:
        made = await editions.edition_on(tx, chat_id, day, schedule_number)
        if made is None:
            return None
        chat = await tx.session.get_one(Chat, chat_id)
        if chat.state in CLOSED:
            return None
        plan = Plan(chat.zone, await schedule_of(tx, chat_id))
        topics = await editions.digest_topics(tx, chat_id)
        rows = await editions.stories_listed(tx, [made.id])
        shown = {row.story_id: row.article_id for row in rows}
        names = await publisher_names(tx, shown, chat_id)
        choice = arrange([SelectedTopic(*topic) for topic in made.topics], stories_of(rows, names))
        listed = list(choice.listed)
        texts = await editions.texts_of(tx, [story.article_id for story in listed])
        shown_topics = await topics_by_id(tx, [section.topic.id for section in choice.sections])
        queries = {topic.id: topic.query for topic in shown_topics.values()}
        return EditionPage(
            choice=choice,
            snippets=await excerpts(listed, texts, queries, LENGTHS[Style.STANDARD]),
            plan=plan,
            topics=len(choice.sections),
            since=made.since,
            now=made.made_at,
            day=day,
            schedule_number=schedule_number,
            style=Style.FULL,
            subscribed=[SelectedTopic(topic.id, topic.name) for topic in topics],
            trends=await _trends_then(tx, made, topics),
            language=chat.speaks,
            is_weekly=any(one.number == schedule_number and one.is_weekly for one in plan.times),
        )


def stories_of(
    rows: Iterable[ListedStory], publishers: Mapping[int, Sequence[str]] | None = None
) -> list[SelectedStory]:
    """Return the stories of editions made before; *publishers*: the names by story."""
    names = publishers or {}
    return [
        SelectedStory(
            id=row.story_id,
            article_id=row.article_id,
            title=row.title,
            url=row.url,
            publishers=tuple(names.get(row.story_id, ())),
            news_at=row.news_at,
            hits=tuple(Hit(topic_id, frozenset()) for topic_id in row.topic_ids),
            published=row.published_at or row.published_on,
            alerted=row.alerted,
        )
        for row in rows
    ]


# What is shown on demand; nothing is changed by it.


async def show_digest_so_far(storage: Storage, renderer: Renderer, chat_id: int) -> list[Message]:
    """Return what has gathered since the last edition; LookupError if there is no such chat."""
    return edition_page(renderer, await load_digest_so_far(storage, chat_id))


async def show_section(
    storage: Storage,
    renderer: Renderer,
    chat_id: int,
    topic_id: int,
    day: date | None = None,
    schedule_number: int = 0,
) -> list[Message]:
    """Return every story of a topic in the edition of a local date, or in the digest so far.

    Of an edition or a topic that is gone, the line that says so.
    """
    if day is None:
        return section_page(renderer, await load_digest_so_far(storage, chat_id), topic_id)
    return section_page(
        renderer, await load_made_digest(storage, chat_id, day, schedule_number), topic_id
    )


# Trends.


@dataclass(frozen=True, slots=True)
class StoryCounts:
    """Counts the stories of queries, once for all chats, and keeps that for half an hour.

    It keeps nothing of chats with sources of their own.
    """

    _known: dict[int, tuple[datetime, Ages]] = field(default_factory=dict)

    async def by_age(
        self, tx: Transaction, query_ids: Collection[int], chat_id: int | None = None
    ) -> Mapping[int, Ages]:
        """Return, by query, how many stories the last fortnight had, by their age.

        To everybody, or to the one chat that has sources of its own.
        """
        if chat_id is not None:
            return await stories_by_day(tx, chat_id, query_ids, FORTNIGHT)
        old = tx.now - COUNTS_GOOD_FOR
        missing = [one for one in query_ids if self._known.get(one, (old,))[0] <= old]
        counted = await stories_by_day(tx, None, missing, FORTNIGHT)
        if len(self._known) > MOST_COUNTED:
            self._known.clear()
        self._known.update({one: (tx.now, counted.get(one, {})) for one in missing})
        return {one: self._known[one][1] for one in query_ids if one in self._known}


def _trends(
    ages: Mapping[int, Ages], topics: Iterable[DigestTopic], now: datetime, news_since: datetime
) -> dict[int, Trend]:
    """Return the trend of each topic that has one, by its query's *ages*."""
    trends = {
        topic.id: trend_of(ages.get(topic.query_id, {}), topic.since, now, news_since)
        for topic in topics
    }
    return {topic_id: trend for topic_id, trend in trends.items() if trend}


async def _trends_then(
    tx: Transaction, made: Edition, topics: Sequence[DigestTopic]
) -> dict[int, Trend]:
    """Return the trends as they were when the edition was made."""
    then = replace(tx, now=made.made_at)
    queries = {topic.query_id for topic in topics}
    has_own = await chats_with_own_sources(tx, [made.chat_id])
    ages = await StoryCounts().by_age(then, queries, made.chat_id if has_own else None)
    return _trends(ages, topics, then.now, await news_since(tx))


# News, as the chats of a round share it.


@dataclass(frozen=True, slots=True)
class _Found:
    """A story as one topic found it: the article that came first, and the hit."""

    article: FoundArticle
    hit: Hit


@dataclass(frozen=True, slots=True)
class News:
    """Keeps what it has read. It is for one round, so that it is never old and never large."""

    chat_id: int | None = None  # for which alone it is
    _matches: dict[int, Sequence[FoundArticle]] = field(default_factory=dict)
    _reach: dict[int, datetime] = field(default_factory=dict)
    _found: dict[object, Mapping[int, _Found]] = field(default_factory=dict)
    _publishers: dict[int, Sequence[Named]] = field(default_factory=dict)
    _names: dict[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)
    _stories: dict[object, SelectedStory] = field(default_factory=dict)
    _texts: dict[int, str] = field(default_factory=dict)

    async def load_found(
        self, tx: Transaction, wanted: Iterable[tuple[Collection[int], datetime]]
    ) -> None:
        """Read what queries, wanted since a time, have found."""
        earliest: dict[int, datetime] = {}
        for query_ids, since in wanted:
            for query_id in query_ids:
                earliest[query_id] = min(since, earliest.get(query_id, since))
        # Together by days of reach, so that one long absence does not make all reach back as far.
        missing: defaultdict[int, dict[int, datetime]] = defaultdict(dict)
        for query_id, since in earliest.items():
            if query_id not in self._reach or self._reach[query_id] > since:
                missing[(tx.now - since).days][query_id] = since
        for reach in missing.values():
            since = min(reach.values())
            found = await editions.found_since(tx, reach, since, self.chat_id)
            self._matches.update({one: found.get(one, ()) for one in reach})
            self._reach.update(dict.fromkeys(reach, since))

    def found(self, topic: DigestTopic, since: datetime) -> Mapping[int, _Found]:
        """Return what is new to the topic since then, by story, the first article first."""
        earliest = max(topic.since - FIRST_REACH, since - editions.MATCHED_LATE)
        key = (topic.id, since, earliest, topic.missed_until and topic.since, topic.missed_until)
        if key in self._found:
            return self._found[key]
        matches = sorted(
            (
                match
                for match in self._matches[topic.query_id]
                if (
                    match.was_missed(topic.since, topic.missed_until)
                    if topic.missed_until
                    else match.news_at > earliest and match.is_new_since(since)
                )
            ),
            key=attrgetter("story_id", "article_id"),
        )
        found = []
        for story_id, group in groupby(matches, attrgetter("story_id")):
            articles = list(group)
            words = frozenset(word for one in articles for word in one.words)
            in_title = any(one.in_title for one in articles)
            found.append((story_id, _Found(articles[0], Hit(topic.id, words, in_title))))
        found.sort(key=lambda story: story[1].article.article_id)
        self._found[key] = dict(found)
        return self._found[key]

    def stories(
        self,
        found: Iterable[tuple[DigestTopic, Mapping[int, _Found]]],
        listed: Collection[int],
        alerted: Collection[int],
    ) -> list[SelectedStory]:
        """Return the stories of one chat that no digest has *listed*, up to the newest 2000."""
        by_story: dict[int, list[_Found]] = {}
        for topic, of_topic in found:
            for story_id, one in of_topic.items():
                came = story_id in listed or (topic.missed_until and story_id in alerted)
                if not came:
                    by_story.setdefault(story_id, []).append(one)
        if len(by_story) > editions.MOST_FOUND:
            newest = sorted(
                by_story, key=lambda story: by_story[story][0].article.news_at, reverse=True
            )
            by_story = {story: by_story[story] for story in newest[: editions.MOST_FOUND]}
        return [self._story(some, story in alerted) for story, some in by_story.items()]

    def _story(self, found: Sequence[_Found], alerted: bool) -> SelectedStory:  # noqa: FBT001 - one caller
        # Each is kept as long as the key, so that none has the number of one that is gone.
        key = (alerted, *map(id, found))
        if key not in self._stories:
            first = min((one.article for one in found), key=attrgetter("article_id"))
            named = (first.story_id, first.article_id)
            if named not in self._names:
                publishers = self._publishers[first.story_id]
                self._names[named] = names_for_article(publishers, first.article_id)
            self._stories[key] = SelectedStory(
                id=first.story_id,
                article_id=first.article_id,
                title=first.title,
                url=first.url,
                publishers=self._names[named],
                news_at=first.news_at,
                hits=tuple(one.hit for one in found),
                published=first.published_at or first.published_on,
                alerted=alerted,
            )
        return self._stories[key]

    async def load_publishers(self, tx: Transaction, story_ids: Collection[int]) -> None:
        if missing := [story for story in story_ids if story not in self._publishers]:
            found = await names_by_story(tx, missing, self.chat_id)
            self._publishers.update({story: found.get(story, ()) for story in missing})

    async def load_texts(self, tx: Transaction, article_ids: Iterable[int]) -> Mapping[int, str]:
        """Return the texts read so far, those of the articles among them."""
        if missing := [article for article in article_ids if article not in self._texts]:
            self._texts.update(await editions.texts_of(tx, missing))
        return self._texts
