"""What a digest tells, and in which order.

1. Stories, not articles; each is told once, in the first of the chat's topics that it hits, and
   named in one line under the others.
2. A story that was alerted is no news: all of those are one folded list.
3. Within a topic come first: what hits more of the chat's topics, then more words, then the title;
   then what more outlets tell, then what is newer.
4. At most five stories to a topic and thirty in all; the others are counted ("+2 more").
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.sources.urls import host_of

PER_TOPIC = 5
IN_ALL = 30
_WIDELY_TOLD = 2


@dataclass(frozen=True, slots=True)
class Topic:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One of the chat's topics that a story hits."""

    topic_id: int
    words: frozenset[str]
    in_title: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """A story as one chat sees it, told by the article that came first.

    `news_at` is the moment from which it counts as news; `published` what its source says.
    """

    id: int
    article_id: int
    title: str
    url: str
    outlets: tuple[str, ...]
    news_at: datetime
    hits: tuple[Hit, ...] = ()
    published: datetime | date | None = None
    alerted: bool = False

    @property
    def outlet(self) -> str:
        """Return who told it first, or the host it stands on where nobody may be named."""
        return self.outlets[0] if self.outlets else host_of(self.url)

    @property
    def shown_at(self) -> datetime | date:
        return self.published or self.news_at


@dataclass(frozen=True, slots=True)
class Section:
    """One topic of an edition: its stories, `more` beyond them, and those told `above`."""

    topic: Topic
    told: tuple[Story, ...] = ()
    more: int = 0
    above: tuple[Story, ...] = ()

    @property
    def stories(self) -> int:
        return len(self.told) + self.more


@dataclass(frozen=True, slots=True)
class Choice:
    """What an edition holds; `stories` counts the new ones, `outlets` who told them."""

    sections: tuple[Section, ...] = ()
    alerted: tuple[Story, ...] = ()
    stories: int = 0
    outlets: int = 0
    most_told: Story | None = None
    all_stories: tuple[Story, ...] = ()  # counted and alerted ones too

    def __bool__(self) -> bool:
        return bool(self.sections or self.alerted)

    @property
    def told(self) -> Iterator[Story]:
        return (story for section in self.sections for story in section.told)


@dataclass(slots=True)
class _Desk:
    """What has been placed so far."""

    room: int = IN_ALL
    placed: set[int] = field(default_factory=set)

    def section(self, topic: Topic, stories: Sequence[Story]) -> Section:
        """Place those of the ranked *stories* that hit *topic*."""
        hitting = [story for story in stories if _hits(story, topic)]
        new = [story for story in hitting if story.id not in self.placed]
        above = [story for story in hitting if story.id in self.placed]
        told = new[: min(PER_TOPIC, self.room)]
        self.room -= len(told)
        self.placed |= {story.id for story in new}
        return Section(topic, tuple(told), len(new) - len(told), tuple(above))


def choose(topics: Sequence[Topic], stories: Iterable[Story]) -> Choice:
    """Return the edition of *stories* for a chat with *topics*, in the chat's order."""
    ranked = sorted(stories, key=rank)
    new = [story for story in ranked if not story.alerted]
    desk = _Desk()
    sections = [desk.section(topic, new) for topic in topics]
    return Choice(
        sections=tuple(section for section in sections if section.stories or section.above),
        alerted=tuple(story for story in ranked if story.alerted),
        stories=len(new),
        outlets=len({outlet for story in new for outlet in story.outlets}),
        most_told=_most_told(new),
        all_stories=tuple(ranked),
    )


def rank(story: Story) -> tuple[float, ...]:
    """Return the key that sorts *story* among others, the one to tell first lowest."""
    words = {word for hit in story.hits for word in hit.words}
    return (
        -len(story.hits),
        -len(words),
        -any(hit.in_title for hit in story.hits),
        -len(story.outlets),
        -story.news_at.timestamp(),
        -story.id,
    )


def _hits(story: Story, topic: Topic) -> bool:
    return any(hit.topic_id == topic.id for hit in story.hits)


def _most_told(stories: Sequence[Story]) -> Story | None:
    widest = max(stories, key=lambda story: len(story.outlets), default=None)
    return widest if widest and len(widest.outlets) >= _WIDELY_TOLD else None
