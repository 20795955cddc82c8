"""The contents of digests, loaded in one way for Telegram, e-mail, web page and preview.

1. A due digest, and the preview of the next one, lists the stories that the chat's topics found
   since its last digest. A story that a digest has listed comes again only if the topics found
   newer articles about it that add something, and if the chat was not alerted to it.
   `bot.publishing.selection` picks and orders the stories.
2. A digest that was made before shows its stored stories in their stored order.
3. Both kinds get leads, excerpts and trends, and become an `EditionPage`.
4. Chats share the stories that a query found in public sources: a round reads them once (`News`).
   A chat that has muted something or follows private sources gets its own `News`.
"""

from asyncio import sleep
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from heapq import nlargest
from operator import attrgetter
from typing import NamedTuple

from bot.mail.compose import Recipient, recipients_of
from bot.publishing.calendar import Plan
from bot.publishing.coverage import ShownArticle, development_in, load_leads, load_reports
from bot.publishing.developments import Development
from bot.publishing.excerpts import LENGTHS, TOLD_BY_LEADS, Length, excerpts
from bot.publishing.headlines import is_round_up
from bot.publishing.leads import ReportText, StoryLead
from bot.publishing.model_words import ModelWords, words_by_story
from bot.publishing.pages import EditionPage, section_page
from bot.publishing.selection import (
    CAPS,
    Choice,
    Hit,
    LinkedReport,
    SelectedStory,
    SelectedTopic,
    StoryView,
    arrange,
    choose,
    most_covered,
)
from bot.publishing.trends import FORTNIGHT, Trend, trend_of
from bot.rendering.i18n import language_for
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from bot.sources.hosts import host_shown
from bot.sources.lead_pictures import LeadPicture
from bot.text.snippets import Snippet
from storage import editions
from storage.articles import news_since, pictures_of
from storage.chats import Chat, schedule_of, schedules_of, words_of_each
from storage.db.engine import Storage, Transaction
from storage.editions import (
    DigestTopic,
    Edition,
    FoundArticle,
    LastEditions,
    ListedStory,
    Listing,
)
from storage.enums import CLOSED, ChatKind, MuteKind, Style, WordsPart
from storage.feeds_followed import chats_with_own_sources
from storage.mailboxes import active_mailboxes
from storage.matches import stories_by_day
from storage.model_texts import ModelText, model_texts_of
from storage.mutes import subjects_muted_of_each
from storage.publishers import Named, names_by_story, publisher_reports, reports_for_article
from storage.saved_stories import SavedStory, saved_between
from storage.topics import topics_by_id

# How far back the first digest of a chat or of a topic reaches.
FIRST_REACH = timedelta(hours=24)
# How far back any digest reaches, however long the pause before it. Two weeks and a day, because a
# missed weekly digest is merged into the next one.
LONGEST_REACH = timedelta(days=15)

# Newest reports of a story that are compared with what its reader knows.
_MOST_COMPARED = 24
_NO_EXCERPT = Snippet("")
# How far back an edition of the most covered stories reaches, and how many it lists.
WEEK = timedelta(days=7)
MOST_COVERED = 10
# Saved stories that a weekly edition lists.
MOST_SAVED_SHOWN = 10

# Counts are cached because counting took longer than everything else about a digest.
COUNTS_GOOD_FOR = timedelta(minutes=30)
MOST_COUNTED = 20_000


class Developed(NamedTuple):
    """The news about a story since a digest listed it, and the report with the headline."""

    development: Development
    listed_at: datetime
    headline: ReportText


Ages = Mapping[int, int]
"""The number of stories by their age in whole days."""


# Chats, with their topics and settings.


@dataclass(frozen=True, slots=True)
class Reader:
    """A chat with its plan, and the topics of its digest that it has not muted.

    *recipient* is its mailbox, if digests are mailed to it. *follows* says whether it follows
    private sources, *mutes* whether it has muted anything. *words* are its own words.
    *lists_most_covered*: its edition lists the most covered stories of the week, known or not.
    *is_weekly*: its edition is that of a week. *is_planned*: a next digest is due after an edition
    that was not made; *is_regular*: also after one that was made.
    """

    chat: Chat
    plan: Plan
    last: LastEditions
    topics: Sequence[DigestTopic]
    follows: bool = False
    mutes: bool = False
    recipient: Recipient | None = None
    words: Mapping[WordsPart, str] = field(default_factory=dict)
    lists_most_covered: bool = False
    is_weekly: bool = False
    is_planned: bool = True
    is_regular: bool = True

    @property
    def id(self) -> int:
        return self.chat.id

    @property
    def subscribed(self) -> list[DigestTopic]:
        """The topics of every digest, without those that only list missed alerts."""
        return [topic for topic in self.topics if topic.missed_until is None]

    @property
    def queries(self) -> set[int]:
        return {topic.query_id for topic in self.topics}

    @property
    def wants_picture(self) -> bool:
        return self.chat.pictures or self.chat.mail_pictures

    @property
    def has_own_news(self) -> bool:
        """Whether the chat's stories can differ from those of chats with the same queries."""
        return self.follows or self.mutes

    def since(self, now: datetime) -> datetime:
        """Return the start of the period that the next edition covers."""
        if self.lists_most_covered:
            return now - WEEK
        last = self.last.made_at
        return max(last, now - LONGEST_REACH) if last else now - FIRST_REACH


async def readers_of(tx: Transaction, chats: Sequence[Chat]) -> list[Reader]:
    """Load the settings and topics of *chats*; return the readers in the same order."""
    ids = [chat.id for chat in chats]
    schedules = await schedules_of(tx, ids)
    last = await editions.last_editions_of_each(tx, ids)
    topics = await editions.digest_topics_of_each(tx, ids)
    muted = await subjects_muted_of_each(tx, ids)
    wanted = await editions.digests_wanted(tx, ids)
    following = await chats_with_own_sources(tx, ids)
    languages = {chat.id: chat.speaks for chat in chats if chat.digest_by.mails}
    recipients = recipients_of(
        await active_mailboxes(tx, languages) if languages else (), languages
    )
    # Only groups and channels have words of their own.
    words = await words_of_each(
        tx, [chat.id for chat in chats if chat.kind is not ChatKind.PRIVATE]
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
                and not _is_caught_up(topic, last[chat.id])
            ],
            follows=chat.id in following,
            mutes=chat.id in muted,
            recipient=recipients.get(chat.id),
            words=words.get(chat.id, {}),
            is_planned=chat.id in wanted,
            is_regular=wanted.get(chat.id, False),
        )
        for chat in chats
    ]


def _is_caught_up(topic: DigestTopic, last: LastEditions) -> bool:
    """Return whether a digest was made since the topic's alerts were missed."""
    missed = topic.missed_until
    return missed is not None and last.made_at is not None and missed <= last.made_at


# Digests that are due, and previews of the next one.


async def load_digests(
    tx: Transaction,
    readers: Sequence[Reader],
    news: "News | None" = None,
    counts: "StoryCounts | None" = None,
    now: datetime | None = None,
) -> dict[int, EditionPage]:
    """Return the next edition of each reader, by chat.

    *news* and *counts* cache the stories and counts of earlier calls in the same round. *now* is
    the end of the period that the editions cover; by default, the time of the transaction.
    """
    news, counts, now = news or News(), counts or StoryCounts(), now or tx.now
    shared = [reader for reader in readers if not reader.has_own_news]
    pages = await _next_editions(tx, news, shared, counts, now) if shared else {}
    for reader in readers:
        if reader.has_own_news:
            pages |= await _next_editions(tx, News(reader.id), [reader], counts, now)
    return pages


async def _next_editions(
    tx: Transaction, news: "News", readers: Sequence[Reader], counts: "StoryCounts", now: datetime
) -> dict[int, EditionPage]:
    choices = await _choices(tx, news, readers, now)
    listed_by_length: defaultdict[Length, set[ShownArticle]] = defaultdict(set)
    for reader in readers:
        if (length := LENGTHS[reader.chat.style]).characters:
            listed = choices[reader.id].listed
            listed_by_length[length] |= {(story.id, story.article_id) for story in listed}
    tops = {reader.id: _top_of(choices[reader.id]) for reader in readers}
    await news.load_pictures(tx, {tops[reader.id] for reader in readers if reader.wants_picture})
    await news.load_leads(tx, set[ShownArticle]().union(*listed_by_length.values()))
    await news.load_texts(tx, listed_by_length)
    queries = set[int]().union(*(reader.queries for reader in readers))
    ages = await counts.by_age(tx, queries, readers[0].id if readers[0].follows else None)
    since = await news_since(tx)
    words = await _model_words(tx, news, readers, choices)
    weekly = [each.id for each in readers if each.is_weekly and each.chat.kind is ChatKind.PRIVATE]
    saved = await _saved_in_week(tx, weekly, now)
    return {
        reader.id: EditionPage(
            choice=choices[reader.id],
            snippets=await news.excerpts(
                choices[reader.id].listed, reader.topics, LENGTHS[reader.chat.style]
            ),
            leads=news.leads(choices[reader.id].listed),
            plan=reader.plan,
            topics=len(reader.subscribed),
            subscribed=tuple(
                SelectedTopic(topic.id, topic.name, topic.is_public) for topic in reader.subscribed
            ),
            since=reader.since(now),
            now=now,
            style=reader.chat.style,
            layout=reader.chat.layout,
            trends=_trends(ages, reader.topics, now, since),
            language=reader.chat.speaks,
            words=reader.words,
            is_most_covered=reader.lists_most_covered,
            lead=news.picture_of(tops[reader.id]) if reader.wants_picture else None,
            shows_lead=reader.chat.pictures,
            mails_lead=reader.chat.mail_pictures,
            model_texts=words.get(reader.id, {}),
            is_weekly=reader.is_weekly,
            is_private=reader.chat.kind is ChatKind.PRIVATE,
            saved=saved.get(reader.id, ()),
        )
        for reader in readers
    }


def _top_of(choice: Choice) -> int:
    """Return the article of the first story that the edition lists; 0 if it lists none."""
    return next((story.article_id for story in choice.listed), 0)


async def _model_words(
    tx: Transaction, news: "News", readers: Sequence[Reader], choices: Mapping[int, Choice]
) -> dict[int, dict[int, ModelWords]]:
    """Return what a language model made of the stories that are shown, by chat and story.

    Only what is there already; readers of one language share it. A chat may have turned it off.
    """
    by_language: defaultdict[str, list[Reader]] = defaultdict(list)
    for reader in readers:
        if reader.chat.uses_model:
            by_language[language_for(reader.chat.speaks)].append(reader)
    words: dict[int, dict[int, ModelWords]] = {}
    for code, speaking in by_language.items():
        stories = {story.id for reader in speaking for story in choices[reader.id].all_stories}
        made = await news.model_texts(tx, stories, code)
        for reader in speaking if made else ():
            words[reader.id] = words_by_story(made, _shown(choices[reader.id], reader.topics))
    return words


def _shown(choice: Choice, topics: Sequence[DigestTopic]) -> list[tuple[int, int, bool]]:
    """Return the new stories of an edition in order, for `words_by_story`.

    The first topic that a story hits says whether its headline stays as it is.
    """
    keeping = {topic.id for topic in topics if topic.keeps_original}
    return [
        (story.id, story.article_id, not keeping.isdisjoint(story.topic_ids[:1]))
        for story in choice.in_order
    ]


async def _saved_in_week(
    tx: Transaction, chat_ids: Collection[int], until: datetime
) -> dict[int, tuple[StoryView, ...]]:
    """Return the last stories that the chats saved in the week before *until*, by chat."""
    if not chat_ids:
        return {}
    saved = await saved_between(tx, chat_ids, until - WEEK, until, most=MOST_SAVED_SHOWN)
    return {chat_id: tuple(map(_view_of_saved, stories)) for chat_id, stories in saved.items()}


def _view_of_saved(story: SavedStory) -> StoryView:
    publishers = (story.publisher,) if story.publisher else ()
    return StoryView(
        title=story.title,
        url=story.url,
        publishers=publishers,
        publisher=story.publisher or host_shown(story.url),
        shown_at=story.saved_at,
        reports=tuple(map(LinkedReport, publishers)),
    )


async def _choices(
    tx: Transaction, news: "News", readers: Sequence[Reader], now: datetime
) -> dict[int, Choice]:
    """Choose the stories of each reader's next edition, by chat."""
    missed = [topic for reader in readers for topic in reader.topics if topic.missed_until]
    await news.load_matches(
        tx,
        [
            *((reader.queries, reader.since(now)) for reader in readers),
            *(([topic.query_id], max(topic.since, now - LONGEST_REACH)) for topic in missed),
        ],
    )
    found = {
        reader.id: [(topic, news.of_topic(topic, reader.since(now))) for topic in reader.topics]
        for reader in readers
    }
    story_ids = {
        chat_id: set[int]().union(*(stories for _, stories in by_topic))
        for chat_id, by_topic in found.items()
    }
    listed = await editions.listed_before(tx, story_ids)
    alerted = await editions.alerted_before(tx, story_ids)
    again = {
        chat_id: _matched_again(by_topic, listed[chat_id], alerted[chat_id])
        for chat_id, by_topic in found.items()
    }
    await news.load_publishers(tx, set[int]().union(*story_ids.values()))
    await news.load_reports(tx, set[int]().union(*again.values()))
    choices = {}
    for reader in readers:
        if reader.lists_most_covered:
            stories = most_covered(news.stories(found[reader.id], (), (), {}), MOST_COVERED)
        else:
            developments = news.developments(again[reader.id])
            known = listed[reader.id].keys() - developments.keys()
            stories = news.stories(found[reader.id], known, alerted[reader.id], developments)
        topics = [
            SelectedTopic(topic.id, topic.name, topic.is_public, topic.headlines)
            for topic in reader.topics
        ]
        choices[reader.id] = choose(topics, stories, CAPS[reader.chat.style])
        await sleep(0)  # let other tasks run
    return choices


def _matched_again(
    found: Iterable[tuple[DigestTopic, Mapping[int, "_TopicStory"]]],
    listed: Mapping[int, Listing],
    alerted: Collection[int],
) -> dict[int, Listing]:
    """Return the *listed* stories about which a topic has found a newer article since.

    Alerts tell their own developments, so stories that were *alerted* are left out.
    """
    return {
        story_id: listed[story_id]
        for topic, stories in found
        if not topic.missed_until
        for story_id, story in stories.items()
        if story_id in listed
        and story_id not in alerted
        and story.found_at > listed[story_id].made_at
    }


async def load_digest_so_far(storage: Storage, chat_id: int) -> EditionPage:
    """Return the chat's next digest as of now. Raises LookupError if there is no such chat."""
    async with storage.reading() as tx:
        chat = await tx.get(Chat, chat_id)
        if chat is None:
            raise LookupError(f"no chat {chat_id}")
        page = (await load_digests(tx, await readers_of(tx, [chat])))[chat_id]
        return replace(page, next_at=chat.next_digest_at)


# Digests made before.


async def load_made_digest(
    storage: Storage, chat_id: int, day: date, schedule_number: int
) -> EditionPage | None:
    """Return the edition of a local date and schedule time, with all its stories.

    Returns None if no such edition was made, or if the chat has no access. Excerpts mark no words
    for topics that have been deleted since. Leaves out what the chat has saved, because anyone with
    the link sees the page.
    """
    async with storage.reading() as tx:
        made = await editions.edition_on(tx, chat_id, day, schedule_number)
        if made is None:
            return None
        chat = await tx.get_one(Chat, chat_id)
        if chat.state in CLOSED:
            return None
        plan = Plan(chat.zone, await schedule_of(tx, chat_id))
        topics = await editions.digest_topics(tx, chat_id)
        rows = await editions.stories_listed(tx, [made.id])
        shown = {row.story_id: row.article_id for row in rows}
        reports = await publisher_reports(tx, shown, chat_id)
        choice = arrange(_topics_then(made, topics), stories_of(rows, reports))
        texts = await editions.texts_of(tx, [story.article_id for story in choice.listed])
        shown_topics = await topics_by_id(tx, [section.topic.id for section in choice.sections])
        queries = {topic.id: topic.query for topic in shown_topics.values()}
        model_texts = await _model_texts(tx, chat, list(shown))
        return EditionPage(
            choice=choice,
            snippets=await excerpts(choice.listed, texts, queries, LENGTHS[Style.STANDARD]),
            leads=await _frozen_leads(tx, rows, chat_id),
            plan=plan,
            topics=len(choice.sections),
            since=made.since,
            now=made.made_at,
            day=day,
            schedule_number=schedule_number,
            style=Style.FULL,
            subscribed=[SelectedTopic(topic.id, topic.name, topic.is_public) for topic in topics],
            trends=await _trends_then(tx, made, topics),
            language=chat.speaks,
            words=(await words_of_each(tx, [chat.id])).get(chat.id, {}),
            is_most_covered=made.covered is not None,
            is_private=chat.kind is ChatKind.PRIVATE,
            lead=await _lead_picture(tx, _top_of(choice)),
            shows_lead=chat.pictures,
            mails_lead=chat.mail_pictures,
            model_texts=words_by_story(model_texts, _shown(choice, topics)),
            is_weekly=any(one.number == schedule_number and one.is_weekly for one in plan.times),
        )


async def _lead_picture(tx: Transaction, article_id: int) -> LeadPicture | None:
    pictures = await pictures_of(tx, [article_id])
    return LeadPicture(*pictures[article_id]) if pictures else None


def _topics_then(
    made: editions.Edition, topics: Iterable[editions.DigestTopic]
) -> list[SelectedTopic]:
    """Return the topics that the edition was made for, by their names at that time."""
    brief = {topic.id for topic in topics if topic.headlines}
    return [
        SelectedTopic(topic_id, name, is_public, topic_id in brief)
        for topic_id, name, is_public in made.topics
    ]


async def _frozen_leads(
    tx: Transaction, rows: Sequence[ListedStory], chat_id: int
) -> dict[int, StoryLead]:
    """Return the leads, by story: as the edition shows them, or new ones of those only named."""
    named = [(row.story_id, row.article_id) for row in rows if row.lead is None]
    loaded = await load_leads(tx, named, chat_id)
    frozen = {row.story_id: StoryLead(*row.lead) for row in rows if row.lead}
    return {story_id: lead for (story_id, _), lead in loaded.items()} | frozen


async def _model_texts(
    tx: Transaction, chat: Chat, story_ids: Collection[int]
) -> Mapping[int, ModelText]:
    if not chat.uses_model:
        return {}
    return await model_texts_of(tx, story_ids, language_for(chat.speaks))


def stories_of(
    rows: Iterable[ListedStory], reports: Mapping[int, Mapping[str, str]] | None = None
) -> list[SelectedStory]:
    """Return stored *rows* as stories; *reports* has the URLs by story and publisher."""
    urls = reports or {}
    return [
        SelectedStory(
            id=row.story_id,
            article_id=row.article_id,
            title=row.title,
            url=row.url,
            publishers=tuple(urls.get(row.story_id, ())),
            reports=_reports(urls.get(row.story_id, {})),
            news_at=row.news_at,
            hits=tuple(Hit(topic_id, frozenset()) for topic_id in row.topic_ids),
            published=row.published_at or row.published_on,
            alerted=row.alerted,
            development=Development.read(row.development) if row.development else None,
            listed_at=row.known_since,
        )
        for row in rows
    ]


def _reports(urls: Mapping[str, str]) -> tuple[LinkedReport, ...]:
    return tuple(LinkedReport(name, url) for name, url in urls.items())


# Messages that users ask for. They only read the database.


async def show_section(
    storage: Storage,
    renderer: Renderer,
    chat_id: int,
    topic_id: int,
    day: date | None = None,
    schedule_number: int = 0,
) -> list[Message]:
    """Return every story of a topic in the edition of *day*, or in the next digest without a day.

    The message says so if the edition or the topic no longer exists.
    """
    if day is None:
        return section_page(renderer, await load_digest_so_far(storage, chat_id), topic_id)
    return section_page(
        renderer, await load_made_digest(storage, chat_id, day, schedule_number), topic_id
    )


# Trends.


@dataclass(frozen=True, slots=True)
class StoryCounts:
    """Counts the stories of queries once for all chats, and caches the counts for half an hour.

    Counts for chats with private sources are not cached.
    """

    _counted: dict[int, tuple[datetime, Ages]] = field(default_factory=dict)

    async def by_age(
        self, tx: Transaction, query_ids: Collection[int], chat_id: int | None = None
    ) -> Mapping[int, Ages]:
        """Return the number of stories of the last fortnight, by query and age.

        Counts public stories, or with *chat_id* the stories that this chat can see.
        """
        if chat_id is not None:
            return await stories_by_day(tx, chat_id, query_ids, _fortnight(tx.now))
        old = tx.now - COUNTS_GOOD_FOR
        stale = [query for query in query_ids if self._counted.get(query, (old,))[0] <= old]
        counts = await stories_by_day(tx, None, stale, _fortnight(tx.now))
        if len(self._counted) > MOST_COUNTED:
            self._counted.clear()
        self._counted.update({query: (tx.now, counts.get(query, {})) for query in stale})
        return {query: self._counted[query][1] for query in query_ids if query in self._counted}


def _fortnight(now: datetime) -> list[datetime]:
    """Return when the days of the last fortnight begin, the newest first."""
    return [now - timedelta(days=age) for age in range(1, FORTNIGHT + 1)]


def _trends(
    ages: Mapping[int, Ages], topics: Iterable[DigestTopic], now: datetime, news_since: datetime
) -> dict[int, Trend]:
    """Return the trends by topic, from the *ages* of the stories of their queries."""
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


# News, shared by the chats of one round.


@dataclass(frozen=True, slots=True)
class _TopicStory:
    """A story that a topic found: its first article, and how the topic hits it.

    *found_at* is when it found the last one.
    """

    article: FoundArticle
    hit: Hit
    found_at: datetime

    def names(self, headline: FoundArticle) -> bool:
        """Return whether the topic hits the title of the article whose headline is shown."""
        if self.article.article_id == headline.article_id:
            return self.article.in_title
        return self.hit.in_title


@dataclass(frozen=True, slots=True)
class News:
    """A cache of the matches, publishers, texts and leads of one round, discarded after the round.

    With *chat_id* it holds the news that this chat can see, else the news from public sources.
    """

    chat_id: int | None = None
    _matches: dict[int, Sequence[FoundArticle]] = field(default_factory=dict)  # by query
    _read_since: dict[int, datetime] = field(default_factory=dict)  # by query
    _by_topic: dict[object, Mapping[int, _TopicStory]] = field(default_factory=dict)
    _publishers: dict[int, Sequence[Named]] = field(default_factory=dict)
    _linked: dict[tuple[int, int], tuple[LinkedReport, ...]] = field(default_factory=dict)
    _stories: dict[object, SelectedStory] = field(default_factory=dict)
    _texts: dict[int, str] = field(default_factory=dict)
    _reports: dict[int, Sequence[ReportText]] = field(
        default_factory=dict
    )  # of stories listed before
    _developments: dict[tuple[int, frozenset[int]], Development | None] = field(
        default_factory=dict
    )
    _pictures: dict[int, LeadPicture | None] = field(default_factory=dict)  # by article
    _leads: dict[ShownArticle, StoryLead | None] = field(default_factory=dict)
    # By language and story.
    _model_texts: defaultdict[str, dict[int, ModelText | None]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _excerpts: defaultdict[Length, dict[int, Snippet]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    async def load_matches(
        self, tx: Transaction, reaches: Iterable[tuple[Collection[int], datetime]]
    ) -> None:
        """Read the matches of queries back to a time; *reaches* pairs query ids with such times."""
        earliest: dict[int, datetime] = {}
        for query_ids, since in reaches:
            for query_id in query_ids:
                earliest[query_id] = min(since, earliest.get(query_id, since))
        # Grouped by days, so that one long absence does not make every query read as far back.
        by_days: defaultdict[int, dict[int, datetime]] = defaultdict(dict)
        for query_id, since in earliest.items():
            if query_id not in self._read_since or since < self._read_since[query_id]:
                by_days[(tx.now - since).days][query_id] = since
        for queries in by_days.values():
            since = min(queries.values())
            matches = await editions.found_since(tx, queries, since, self.chat_id)
            self._matches.update({query_id: matches.get(query_id, ()) for query_id in queries})
            self._read_since.update(dict.fromkeys(queries, since))

    def of_topic(self, topic: DigestTopic, since: datetime) -> Mapping[int, _TopicStory]:
        """Return the stories that are new to *topic*, by id, the earliest first.

        For a topic with missed alerts, these are the stories that the chat would have been alerted
        to; for any other topic, the stories that came after *since*.
        """
        earliest = max(topic.since - FIRST_REACH, since - editions.MATCHED_LATE)
        missed = (topic.since, topic.missed_until) if topic.missed_until else None
        key = (topic.id, since, earliest, missed)
        if key not in self._by_topic:
            matches = self._matches[topic.query_id]
            if missed:
                new = [match for match in matches if match.was_missed(*missed)]
            else:
                recent = (match for match in matches if match.news_at > earliest)
                new = [match for match in recent if match.is_new_since(since)]
            self._by_topic[key] = _by_story(topic.id, new)
        return self._by_topic[key]

    def stories(
        self,
        found: Iterable[tuple[DigestTopic, Mapping[int, _TopicStory]]],
        listed: Collection[int],
        alerted: Collection[int],
        developments: Mapping[int, Developed],
    ) -> list[SelectedStory]:
        """Return one chat's stories, each with all its hits, at most the newest 2000.

        Leaves out stories that a digest has *listed*, and missed alerts that were *alerted* after
        all. *developments* are those of stories that a digest has listed before.
        """
        by_story: defaultdict[int, list[_TopicStory]] = defaultdict(list)
        for topic, stories in found:
            for story_id, story in stories.items():
                was_sent = story_id in listed or (topic.missed_until and story_id in alerted)
                if not was_sent:
                    by_story[story_id].append(story)
        newest = nlargest(
            editions.MOST_FOUND, by_story, key=lambda story: by_story[story][0].article.news_at
        )
        return [
            self._story(by_story[story], developments.get(story), alerted=story in alerted)
            for story in newest
        ]

    def _story(
        self,
        found: Sequence[_TopicStory],
        developed: Developed | None,
        *,
        alerted: bool,
    ) -> SelectedStory:
        # The ids are not reused, because `_by_topic` keeps these objects alive. In the same way,
        # `_stories` keeps those alive whose ids are in `_excerpts`.
        key = (alerted, developed and developed[:2], *map(id, found))
        if key not in self._stories:
            first = _headline_of([story.article for story in found])
            by_fit = sorted(found, key=lambda story: not story.names(first))
            story = SelectedStory(
                id=first.story_id,
                article_id=first.article_id,
                title=first.title,
                url=first.url,
                publishers=(),
                news_at=first.news_at,
                hits=tuple(each.hit for each in by_fit),
                published=first.published_at or first.published_on,
                alerted=alerted,
            )
            if developed:
                story = _developed(story, developed)
            reports = self._reports_of(story)
            publishers = tuple(report.publisher for report in reports)
            self._stories[key] = replace(story, publishers=publishers, reports=reports)
        return self._stories[key]

    def _reports_of(self, story: SelectedStory) -> tuple[LinkedReport, ...]:
        key = (story.id, story.article_id)
        if key not in self._linked:
            publishers = self._publishers[story.id]
            self._linked[key] = _reports(reports_for_article(publishers, story.article_id))
        return self._linked[key]

    async def load_publishers(self, tx: Transaction, story_ids: Collection[int]) -> None:
        if missing := [story for story in story_ids if story not in self._publishers]:
            names = await names_by_story(tx, missing, self.chat_id)
            self._publishers.update({story: names.get(story, ()) for story in missing})

    async def load_texts(
        self, tx: Transaction, stories: Mapping[Length, Iterable[ShownArticle]]
    ) -> None:
        """Read the texts of which an excerpt is shown, once the leads are loaded.

        *stories* are by the length of their excerpts.
        """
        shown = {
            article_id
            for length, articles in stories.items()
            for story_id, article_id in articles
            if self._shows_excerpt(story_id, article_id, length)
        }
        if missing := [article for article in shown if article not in self._texts]:
            self._texts.update(await editions.texts_of(tx, missing))

    async def load_reports(self, tx: Transaction, story_ids: Iterable[int]) -> None:
        if missing := [story for story in story_ids if story not in self._reports]:
            reports = await load_reports(
                tx, missing, self.chat_id, self._publishers, most=_MOST_COMPARED
            )
            self._reports.update({story: reports.get(story, ()) for story in missing})

    def developments(self, listings: Mapping[int, Listing]) -> dict[int, Developed]:
        """Return what is new about stories since they were listed, by story.

        Leaves out stories without anything new. Their reports must be loaded.
        """
        developments = {}
        for story_id, listing in listings.items():
            if development := self._development(story_id, listing.made_at):
                by_id = {report.article_id: report for report in self._reports[story_id]}
                headline = by_id[development.headline_id or development.article_id]
                developments[story_id] = Developed(development, listing.made_at, headline)
        return developments

    def _development(self, story_id: int, known_until: datetime) -> Development | None:
        reports = self._reports[story_id]
        known = [one for one in reports if one.news_at and one.news_at <= known_until]
        key = (story_id, frozenset(one.article_id for one in known))
        if key not in self._developments:
            newest = [one for one in reports if one.article_id not in key[1]]
            self._developments[key] = development_in(known, newest)
        return self._developments[key]

    async def load_pictures(self, tx: Transaction, article_ids: Iterable[int]) -> None:
        if missing := [each for each in article_ids if each and each not in self._pictures]:
            found = await pictures_of(tx, missing)
            for each in missing:
                self._pictures[each] = LeadPicture(*found[each]) if each in found else None

    def picture_of(self, article_id: int) -> LeadPicture | None:
        return self._pictures.get(article_id)

    async def load_leads(self, tx: Transaction, shown: Iterable[ShownArticle]) -> None:
        if missing := [each for each in shown if each not in self._leads]:
            leads = await load_leads(tx, missing, self.chat_id, self._publishers)
            self._leads.update({each: leads.get(each) for each in missing})

    def leads(self, stories: Iterable[SelectedStory]) -> dict[int, StoryLead]:
        """Return the leads of the *stories* that have one, by story, once they are loaded."""
        found = ((story.id, self._leads.get((story.id, story.article_id))) for story in stories)
        return {story_id: lead for story_id, lead in found if lead}

    async def model_texts(
        self, tx: Transaction, story_ids: Collection[int], language: str
    ) -> dict[int, ModelText]:
        """Return what a language model made of the stories, by story."""
        known = self._model_texts[language]
        if missing := [story for story in story_ids if story not in known]:
            made = await model_texts_of(tx, missing, language)
            known.update({story: made.get(story) for story in missing})
        found = ((story, known[story]) for story in story_ids)
        return {story: texts for story, texts in found if texts}

    async def excerpts(
        self, stories: Sequence[SelectedStory], topics: Iterable[DigestTopic], length: Length
    ) -> dict[int, Snippet]:
        """Return the excerpts of a chat's *stories*, which `stories` has returned, by story.

        An excerpt is made once for all chats with the same `SelectedStory`, because such chats have
        the same topics among its hits. It is empty if the lead is shown in its place.
        """
        known = self._excerpts[length]
        if new := [story for story in stories if id(story) not in known]:
            queries = {topic.id: topic.query for topic in topics}
            shown = [
                story for story in new if self._shows_excerpt(story.id, story.article_id, length)
            ]
            made = await excerpts(shown, self._texts, queries, length)
            known.update({id(story): made.get(story.id, _NO_EXCERPT) for story in new})
        return {story.id: known[id(story)] for story in stories}

    def _shows_excerpt(self, story_id: int, article_id: int, length: Length) -> bool:
        return length not in TOLD_BY_LEADS or not self._leads[story_id, article_id]


def _developed(story: SelectedStory, developed: Developed) -> SelectedStory:
    """Return the story with what is new, and with the headline of the report that tells it."""
    report = developed.headline
    return replace(
        story,
        article_id=report.article_id,
        title=report.title,
        url=report.url,
        news_at=report.news_at or story.news_at,
        published=report.published,
        development=developed.development,
        listed_at=developed.listed_at,
    )


def _by_story(topic_id: int, matches: Iterable[FoundArticle]) -> dict[int, _TopicStory]:
    """Merge the matches of a topic by story, the story of the earliest article first.

    Each story has its first article with a plain headline, see `_headline_of`.
    """
    by_story: defaultdict[int, list[FoundArticle]] = defaultdict(list)
    for match in sorted(matches, key=attrgetter("article_id")):
        by_story[match.story_id].append(match)
    stories = {}
    for story_id, articles in by_story.items():
        words = frozenset(word for article in articles for word in article.words)
        in_title = any(article.in_title for article in articles)
        found_at = max(article.found_at for article in articles)
        stories[story_id] = _TopicStory(
            _headline_of(articles), Hit(topic_id, words, in_title), found_at
        )
    return stories


def _headline_of(articles: Sequence[FoundArticle]) -> FoundArticle:
    """Return the first article; of several, the first that is not a round-up if there is one."""
    if len(articles) == 1:
        return articles[0]
    return min(articles, key=lambda article: (is_round_up(article.title), article.article_id))
