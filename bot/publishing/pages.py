"""The messages of alerts, bundles, digests and broadcasts: their templates and their values."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from bot.publishing.calendar import Plan
from bot.publishing.model_words import ModelWords
from bot.publishing.selection import (
    Choice,
    Section,
    SelectedStory,
    SelectedTopic,
    StoryView,
)
from bot.publishing.trends import Chart, Trend
from bot.rendering.bidi import RTL
from bot.rendering.filters import local
from bot.rendering.messages import MAX_ENTITIES, MAX_UNITS, Message, units
from bot.rendering.renderer import Renderer
from bot.text.snippets import Snippet
from storage.enums import Layout, Style

# A digest says that it is late only if the delay is longer than this.
_WORTH_SAYING = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG that shows *chart*; *alt* says the same in words."""

    png: bytes
    alt: str
    chart: Chart


class TopicNews(NamedTuple):
    """The news of one topic in a digest, the same for all chats that are shown the same stories.

    *stories* counts the topic's own stories, *above* those that are listed under other topics.
    """

    name: str
    stories: int
    above: int
    trend: Trend | None
    listed: tuple[tuple[StoryView, Snippet], ...]
    headlines: tuple[StoryView, ...]


@dataclass(frozen=True, slots=True)
class EditionPage:
    """A digest about to be rendered.

    - *snippets* are by story; *topics* counts the topics of the chat's digest.
    - *trends* are by topic, of the *subscribed* topics whether or not they have news.
    - *day* and *schedule_number* identify it within the chat. Without a day it is a preview of the
      next digest, of which nothing is stored.
    - *late*: how long after its due time it is made.
    - *is_weekly*: it comes once a week and shows the trends of that week.
    - *url* is its web page, if it has one.
    - *language* is the tag of the chat's language; if it is empty, the renderer's own is used.
    - *is_channel*: its only buttons are links, because any other would act for all readers.
    - *model_texts* is what a language model made, by story.
    - *gives_reason*: it ends with the number of subscriptions and the schedule of digests.
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
    is_weekly: bool = False
    late: timedelta = field(default_factory=timedelta)
    language: str = ""
    gives_reason: bool = True
    is_channel: bool = False
    model_texts: Mapping[int, ModelWords] = field(default_factory=dict)

    def news(self, section: Section) -> TopicNews:
        """Return what the digest shows of one topic."""
        return TopicNews(
            name=section.topic.name,
            stories=section.stories,
            above=len(section.above),
            trend=self.trends.get(section.topic.id),
            listed=tuple((self.view(story), self.snippets[story.id]) for story in section.listed),
            headlines=tuple(map(self.view, section.headlines)),
        )

    def view(self, story: SelectedStory) -> StoryView:
        """Return the story with what a model made of it, for the templates that readers share."""
        words = self.model_texts.get(story.id)
        return story.view._replace(words=words) if words else story.view

    @property
    def today(self) -> date:
        return local(self.now, self.plan.zone).date()

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
        clocks = ZoneInfo(self.plan.zone)
        times = (story.shown_at for story in self.choice.listed)
        offsets = {
            at.astimezone(clocks).utcoffset() or timedelta()
            for at in times
            if isinstance(at, datetime)
        }
        return timezone(offsets.pop()) if len(offsets) == 1 else self.plan.zone

    @property
    def is_late(self) -> bool:
        """Whether the digest should say that it is late."""
        return self.late > _WORTH_SAYING


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
    return pages


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
) -> Message:
    values = alert_values(story, topics, snippet, zone=zone, now=now)
    return renderer.message("alert/telegram.html", **values, is_channel=is_channel)


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


def edition_values(edition: EditionPage) -> dict[str, Any]:
    """Return the values of all templates of an edition, by name."""
    return {
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
    }


@dataclass(frozen=True, slots=True)
class Bundled:
    """A story of a bundle, and the chat's topics that it hits, at least one.

    *snippet* is None for a story that is shown without an excerpt.
    """

    story: SelectedStory
    topics: tuple[SelectedTopic, ...]
    snippet: Snippet | None = None


def bundle_page(  # noqa: PLR0913 - what a bundle says, each part named
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

    *unlisted* is the number of stories that are only counted.
    """
    values = bundle_values(stories, unlisted=unlisted, zone=zone, now=now, is_quiet=is_quiet)
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
