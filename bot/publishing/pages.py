"""The messages of alerts, bundles, digests and broadcasts: their templates and their values."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from functools import cached_property, lru_cache, partial
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from bot.publishing.calendar import Plan
from bot.publishing.developments import AlertLead
from bot.publishing.headlines import short_headlines
from bot.publishing.leads import StoryLead
from bot.publishing.model_words import ModelWords
from bot.publishing.reading_time import minutes_of, reading_seconds
from bot.publishing.selection import (
    Choice,
    Section,
    SelectedStory,
    SelectedTopic,
    StoryView,
)
from bot.publishing.trends import Chart, Trend, most_risen
from bot.rendering.bidi import RTL
from bot.rendering.filters import local
from bot.rendering.messages import MAX_ENTITIES, MAX_UNITS, Message, units
from bot.rendering.renderer import Renderer
from bot.rendering.shown_pictures import ShownPicture, shown_picture
from bot.sources.hosts import host_shown
from bot.sources.lead_pictures import LeadPicture
from bot.text.snippets import Snippet
from storage.enums import Layout, Style, WordsPart

# Headlines in the first line.
_HEADS = 2

# Pixels of a lead picture.
TELEGRAM_WIDTH = 1280
WEB_WIDTH = 720
MAIL_WIDTH = 560
# Stories of a bundle in Telegram that are not folded.
_MOST_OPEN = 5
# A digest says that it is late only if the delay is longer than this.
_WORTH_SAYING = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG that shows *chart*; *alt* says the same in words."""

    png: bytes
    alt: str
    chart: Chart


class ShownStory(NamedTuple):
    """A story with the text shown below its title.

    This is what is new since a digest listed it, else its *lead*, else the passage that matched
    (*snippet*).
    """

    story: StoryView
    snippet: Snippet
    lead: StoryLead | None = None

    @property
    def text(self) -> str:
        shown = self.story.development or self.lead or self.snippet
        return shown.text

    @property
    def has_matches(self) -> bool:
        """Whether the text has all words that matched, so that the passage would only repeat it."""
        text, passage = self.text.casefold(), self.snippet.text
        return all(passage[start:end].casefold() in text for start, end in self.snippet.bold)


class TopicNews(NamedTuple):
    """The news of one topic in a digest, the same for all chats that are shown the same stories.

    *stories* counts the topic's own stories, *above* those that are listed further up.
    """

    name: str
    is_public: bool
    stories: int
    above: int
    trend: Trend | None
    listed: tuple[ShownStory, ...]
    headlines: tuple[StoryView, ...]


class NextDigest(NamedTuple):
    """When the next digest comes, in the chat's zone: *days* from today, *minutes* of the day."""

    days: int
    day: date
    minutes: int
    zone: str


@dataclass(frozen=True)
class EditionPage:
    """A digest about to be rendered.

    - *snippets* are by story; *topics* counts the topics of the chat's digest.
    - *trends* are by topic, of the *subscribed* topics whether or not they have news.
    - *day* and *schedule_number* identify it within the chat. Without a day it is a preview of the
      next digest, of which nothing is stored.
    - *late*: how long after its due time it is made.
    - *is_weekly*: it comes once a week and shows the trends of that week.
    - *url* is its web page, if it has one.
    - *lead* is the lead picture of its first story, if it has one. *shows_lead* says whether the
      chat wants it in Telegram and on the web page, *mails_lead* whether it does in mails.
    - *language* is the tag of the chat's language; if it is empty, the renderer's own is used.
    - *is_channel*: its only buttons are links, because any other would act for all readers.
    - *next_at*: when the next digest is due, None if it should not be said.
    - *leads* are by story, for those that have one.
    - *saved*: stories that a private chat saved within the week, shown by a weekly digest.
    - *nearest*: on a day without news, the story to show instead, if the chat wants one.
    - *is_private*: it is that of a private chat.
    - *is_most_covered*: it lists the most covered stories of a week, not what is new.
    - *words*: the chat's own, see `bot.rendering.own_words`.
    - *model_texts* is what a language model made, by story.
    """

    choice: Choice
    snippets: Mapping[int, Snippet]
    plan: Plan
    topics: int
    since: datetime
    now: datetime
    day: date | None = None
    schedule_number: int = 0
    style: Style = Style.STANDARD
    layout: Layout = Layout.CLASSIC
    subscribed: Sequence[SelectedTopic] = ()
    trends: Mapping[int, Trend] = field(default_factory=dict)
    url: str | None = None
    picture: Picture | None = None
    lead: LeadPicture | None = None
    shows_lead: bool = True
    mails_lead: bool = False
    is_weekly: bool = False
    late: timedelta = field(default_factory=timedelta)
    language: str = ""
    is_channel: bool = False
    next_at: datetime | None = None
    leads: Mapping[int, StoryLead] = field(default_factory=dict)
    saved: tuple[StoryView, ...] = ()
    nearest: StoryView | None = None
    is_private: bool = False
    is_most_covered: bool = False
    words: Mapping[WordsPart, str] = field(default_factory=dict)
    model_texts: Mapping[int, ModelWords] = field(default_factory=dict)

    def news(self, section: Section) -> TopicNews:
        """Return what the digest shows of one topic."""
        listed, headlines = section.listed, section.headlines
        if section.topic.headlines:
            listed, headlines = (), section.listed + section.headlines
        return TopicNews(
            name=section.topic.name,
            is_public=section.topic.is_public,
            stories=section.stories,
            above=len(section.above),
            trend=self.trends.get(section.topic.id),
            listed=tuple(self.shown[story.id] for story in listed),
            headlines=tuple(map(self.view, headlines)),
        )

    @cached_property
    def shown(self) -> Mapping[int, ShownStory]:
        """The listed stories with their texts, by story."""
        snippets, lead_of, view = self.snippets, self.leads.get, self.view
        return {
            story.id: ShownStory(view(story), snippets[story.id], lead_of(story.id))
            for story in self.choice.listed
        }

    def view(self, story: SelectedStory) -> StoryView:
        """Return the story as readers in the chat's zone and language see it."""
        view = story.view
        if words := self.model_texts and self.model_texts.get(story.id):
            view = view._replace(words=words)
        if story.listed_at:
            view = view._replace(known_since=local(story.listed_at, self.plan.zone).date())
        return view

    @property
    def top(self) -> tuple[ShownStory, ...]:
        return tuple(self.shown[story.id] for story in self.choice.top)

    @property
    def heads(self) -> tuple[str, ...]:
        """The first headlines that a reader meets, in a few words each."""
        return short_headlines(map(self.headline, self.choice.in_order), _HEADS)

    @property
    def next_heads(self) -> tuple[str, ...]:
        """The headlines after those of `heads`, whole."""
        shown = len(self.heads)
        return tuple(map(self.headline, islice(self.choice.in_order, shown, shown + _HEADS)))

    def headline(self, story: SelectedStory) -> str:
        """Return the headline of the story in the language of the reader."""
        words = self.translated(story)
        return words.title if words else story.title or host_shown(story.url)

    @property
    def frozen(self) -> list[tuple[int, str, list[Any] | None]]:
        """The stories that it does not only count, as `Edition.frozen` stores them."""
        listed = {story.id for story in self.choice.listed} if self.style != Style.BRIEF else set()
        named = {story.id for section in self.choice.sections for story in section.headlines}
        shown = named.union(story.id for story in self.choice.listed)
        return [
            (place, story.title, [*self.leads.get(story.id, ())] if story.id in listed else None)
            for place, story in enumerate(self.choice.all_stories)
            if story.id in shown
        ]

    def translated(self, story: SelectedStory) -> ModelWords | None:
        """Return what a model made of the story, if it translated the headline."""
        words = self.model_texts.get(story.id)
        return words if words and words.title else None

    @cached_property
    def minutes(self) -> int:
        """How long it takes to read the stories that it lists."""
        language, is_brief = self.language, self.style is Style.BRIEF
        return minutes_of(
            sum(
                reading_seconds(shown.story.title, "" if is_brief else shown.text, language)
                for shown in self.shown.values()
            )
        )

    @property
    def next_digest(self) -> NextDigest | None:
        if self.next_at is None:
            return None
        there = local(self.next_at, self.plan.zone)
        days = (there.date() - self.today).days
        return NextDigest(days, there.date(), there.hour * 60 + there.minute, self.plan.zone)

    @property
    def is_planned_weekly(self) -> bool:
        """Whether all digests of the chat are weekly."""
        return all(time.is_weekly for time in self.plan.times)

    @property
    def risen(self) -> tuple[SelectedTopic, Trend] | None:
        """The topic that rose most this week, of a weekly digest."""
        if not self.is_weekly:
            return None
        topics = {topic.id: topic for topic in self.subscribed}
        topic_id = most_risen({id_: self.trends[id_] for id_ in topics if id_ in self.trends})
        return None if topic_id is None else (topics[topic_id], self.trends[topic_id])

    @property
    def quiet_topics(self) -> tuple[SelectedTopic, ...]:
        """The subscribed topics without a new story in this edition."""
        new = (story for story in self.choice.all_stories if not story.alerted)
        busy = {topic_id for story in new for topic_id in story.topic_ids}
        return tuple(topic for topic in self.subscribed if topic.id not in busy)

    @property
    def today(self) -> date:
        return local(self.now, self.plan.zone).date()

    @property
    def since_day(self) -> date:
        return local(self.since, self.plan.zone).date()

    @property
    def due_at(self) -> datetime:
        return self.now - self.late

    @property
    def due_minutes(self) -> int:
        """Return when it was due, in minutes after midnight in the chat's zone."""
        due = local(self.due_at, self.plan.zone)
        return due.hour * 60 + due.minute

    @property
    def shown_zone(self) -> str | timezone:
        """Return the zone in which to show the times of the listed stories.

        If all have the same UTC offset there, it is only this offset, so that chats of all zones
        with the offset share the rendered parts.
        """
        zone = self.plan.zone
        times = (shown.story.shown_at for shown in self.shown.values())
        offsets = {_offset(zone, at) for at in times if isinstance(at, datetime)}
        return timezone(offsets.pop()) if len(offsets) == 1 else self.plan.zone

    @property
    def is_late(self) -> bool:
        """Whether the digest should say that it is late."""
        return self.late > _WORTH_SAYING


# Cached, because chats of the same zone get the same stories.
@lru_cache(maxsize=8192)
def _offset(zone: str, at: datetime) -> timedelta:
    return at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()


def edition_page(renderer: Renderer, edition: EditionPage) -> list[Message]:
    """Return the messages of a digest; a single line if it is empty."""
    renderer = renderer.of(edition.language)
    values = edition_values(edition)
    if not edition.choice:
        return renderer.messages("edition/empty.html", **values)
    pages = _laid_out(renderer, edition, values)
    if picture := edition.picture:
        caption = renderer.message("edition/picture.html", **values, chart=picture.chart)
        pages.insert(0, replace(caption, photo=b64encode(picture.png).decode()))
    elif lead := shown_lead(renderer, edition, TELEGRAM_WIDTH):
        pages[0] = with_preview(pages[0], lead)
    return pages


def shown_lead(renderer: Renderer, edition: EditionPage, width: int) -> ShownPicture | None:
    """Return the lead picture of the edition, at most *width* pixels wide, if the chat wants it."""
    if edition.lead is None or not edition.shows_lead:
        return None
    return shown_picture(edition.lead, renderer.picture_proxy, width)


def with_preview(message: Message, picture: ShownPicture) -> Message:
    """Return *message* with the picture, and so the first of its classic messages."""
    classic = message.classic
    if classic:
        classic = (replace(classic[0], preview=picture.url), *classic[1:])
    return replace(message, preview=picture.url, classic=classic)


def _laid_out(renderer: Renderer, edition: EditionPage, values: Mapping[str, Any]) -> list[Message]:
    """Return one rich message if the chat wants it and it fits, else the classic parts."""
    parts = renderer.messages("edition/telegram.html", **values)
    if edition.layout is not Layout.RICH:
        return parts
    page = renderer.rich("edition/rich.html", **values)
    if not page.fits:
        return parts
    heading = parts[0].text.partition("\n")[0]
    is_rtl = renderer.language.direction == RTL
    message = Message(heading, keyboard=page.keyboard, rich=page.html, is_rtl=is_rtl)
    return [replace(message, classic=tuple(parts))]


def section_page(renderer: Renderer, edition: EditionPage | None, topic_id: int) -> list[Message]:
    """Return every story of one topic of the edition, or a line that says it no longer exists."""
    sections = edition.choice.sections if edition else ()
    of_topic = (section for section in sections if section.topic.id == topic_id and section.stories)
    section = next(of_topic, None)
    values = edition_values(edition) if edition else {}
    return renderer.messages("edition/section.html", **values, section=section)


def alert_page(  # noqa: PLR0913 - what an alert says, each part named
    renderer: Renderer,
    story: SelectedStory,
    topics: Sequence[SelectedTopic],
    snippet: Snippet,
    *,
    zone: str,
    now: datetime,
    is_channel: bool = False,
    lead: AlertLead | None = None,
    tags: Sequence[str] = (),
) -> Message:
    """Return the message of an alert; *tags* are the hashtags at its end."""
    values = alert_values(story, topics, snippet, zone=zone, now=now)
    values |= {"is_channel": is_channel, "lead": lead, "tags": tags}
    return renderer.message("alert/telegram.html", **values)


def alert_values(
    story: SelectedStory,
    topics: Sequence[SelectedTopic],
    snippet: Snippet,
    *,
    zone: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the values of the template of an alert, by name."""
    today = local(now, zone).date()
    return {"story": story, "topics": topics, "snippet": snippet, "zone": zone, "today": today}


def edition_values(edition: EditionPage, lead: ShownPicture | None = None) -> dict[str, Any]:
    """Return the values of all templates of an edition, by name; *lead* as the page shows it."""
    return {
        "lead": lead,
        "edition": edition,
        "choice": edition.choice,
        "snippets": edition.snippets,
        "trends": edition.trends,
        "plan": edition.plan,
        "topics": edition.topics,
        "since": edition.since,
        "now": edition.now,
        "today": edition.today,
        "day": edition.day or edition.today,
        "is_late": edition.is_late,
        "words": edition.words,
    }


@dataclass(frozen=True, slots=True)
class Bundled:
    """A story of a bundle, and the chat's topics that it hits, at least one.

    *snippet* is None for a story that is shown without an excerpt. *lead* stands above it.
    """

    story: SelectedStory
    topics: tuple[SelectedTopic, ...]
    snippet: Snippet | None = None
    lead: AlertLead | None = None


def only_story(
    stories: Sequence[Bundled], unlisted: int
) -> tuple[SelectedStory, tuple[SelectedTopic, ...], Snippet, AlertLead | None] | None:
    """Return the values for the alert about the only story of a bundle; None if it has more."""
    match stories:
        case [Bundled(story, topics, Snippet() as snippet, lead)] if not unlisted:
            return story, topics, snippet, lead
    return None


def bundle_page(
    renderer: Renderer,
    stories: Sequence[Bundled],
    *,
    zone: str,
    now: datetime,
    is_quiet: bool,
    unlisted: int = 0,
    is_channel: bool = False,
) -> list[Message]:
    """Return the parts of a bundle; *is_quiet* if it has waited for the end of quiet hours.

    *unlisted* is the number of stories that are only counted. A single story is an ordinary alert.
    """
    if alone := only_story(stories, unlisted):
        story, topics, snippet, lead = alone
        page = partial(alert_page, renderer, zone=zone, now=now, is_channel=is_channel)
        return [page(story, topics, snippet, lead=lead)]
    values = bundle_values(stories, unlisted=unlisted, zone=zone, now=now, is_quiet=is_quiet)
    is_long = len(stories) > _MOST_OPEN + 1  # a fold takes a line too
    values["open"] = stories[:_MOST_OPEN] if is_long else stories
    return renderer.messages("alert/bundle.html", **values, is_channel=is_channel)


def bundle_values(
    stories: Sequence[Bundled], *, unlisted: int, zone: str, now: datetime, is_quiet: bool
) -> dict[str, Any]:
    """Return the values of the templates of a bundle, by name; a story is under its first topic."""
    sections: dict[SelectedTopic, list[Bundled]] = {}
    for bundled in stories:
        sections.setdefault(bundled.topics[0], []).append(bundled)
    return {
        "sections": sections,
        "count": len(stories) + unlisted,
        "unlisted": unlisted,
        "is_quiet": is_quiet,
        "zone": zone,
        "today": local(now, zone).date(),
    }


_GAP = "\n\n"


def signed(message: Message, renderer: Renderer) -> Message:
    """Return *message* above the footer. Raises ValueError if it is empty or too long."""
    line = renderer.message("notices.html#broadcast_footer")
    if not message.text.strip():
        raise ValueError("the message is empty")
    start = units(message.text + _GAP)
    below = tuple(entity._replace(offset=entity.offset + start) for entity in line.entities)
    entities = message.entities + below
    if start + units(line.text) > MAX_UNITS or len(entities) > MAX_ENTITIES:
        raise ValueError("the message is too long")
    return Message(message.text + _GAP + line.text, entities)


def signed_in(renderer: Renderer, tag: str, message: Message) -> Message:
    """Return *message* above the footer in language *tag*.

    If that footer does not fit, it is in the renderer's own language.
    """
    try:
        return signed(message, renderer.of(tag))
    except ValueError:
        return signed(message, renderer)
