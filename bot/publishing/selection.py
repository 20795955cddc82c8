"""Selection: the stories that a digest lists, and their order.

1. A digest lists stories, not articles. Each is listed once, under the first of the chat's topics
   that it hits, and only counted under the others.
2. Stories that the chat was already alerted to form one list at the end.
3. Stories of a topic are ranked by how many of the chat's topics they hit, then by the number of
   matching words, a match in the title, the number of publishers, and the time.
4. The style caps the number of stories listed per topic and in all. A topic may exceed its cap by
   two, because counting so few would save nothing. The places are dealt in rounds, one story per
   topic, so that no topic takes the places of the topics after it.
5. Further stories are counted ("+4 more"); fewer than four are named by their headlines.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from bot.publishing.model_words import ModelWords
from bot.sources.hosts import host_shown
from storage.enums import Style

# Fewer stories are not folded, because the fold itself takes one or two lines.
FOLD_FROM = 4
# A topic may exceed its cap by this many stories.
_TOLERATED = 2


@dataclass(frozen=True, slots=True)
class Caps:
    """How many stories a topic may list, and all topics together."""

    per_topic: int
    in_all: int

    def of(self, count: int) -> int:
        """Return how many of *count* stories a topic may list."""
        return count if count - _TOLERATED <= self.per_topic else self.per_topic


UNCAPPED = Caps(per_topic=sys.maxsize, in_all=sys.maxsize)
CAPS: Mapping[Style, Caps] = {
    Style.BRIEF: Caps(per_topic=3, in_all=15),
    Style.STANDARD: Caps(per_topic=5, in_all=30),
    Style.FULL: Caps(per_topic=10, in_all=60),
}


@dataclass(frozen=True, slots=True)
class SelectedTopic:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One of the chat's topics that a story hits."""

    topic_id: int
    words: frozenset[str]
    in_title: bool = False


class StoryView(NamedTuple):
    """The fields of a `SelectedStory` that are the same for every reader."""

    title: str
    url: str
    publishers: tuple[str, ...]
    publisher: str
    shown_at: datetime | date
    words: ModelWords | None = None  # in the language of the reader


@dataclass(frozen=True)
class SelectedStory:
    """A story with the article that came first, as all chats see it that it hits alike.

    `news_at` is the time from which it counts as news, `published` the one that its source states.
    """

    id: int
    article_id: int
    title: str
    url: str
    publishers: tuple[str, ...]
    news_at: datetime
    hits: tuple[Hit, ...] = ()
    published: datetime | date | None = None
    alerted: bool = False
    is_chapter: bool = False  # it continues a story that the chat was alerted to

    @cached_property
    def view(self) -> StoryView:
        return StoryView(self.title, self.url, self.publishers, self.publisher, self.shown_at)

    @cached_property
    def topic_ids(self) -> tuple[int, ...]:
        return tuple(hit.topic_id for hit in self.hits)

    @cached_property
    def rank(self) -> tuple[float, ...]:
        """The sort key of the story; the story to list first has the lowest."""
        words = {word for hit in self.hits for word in hit.words}
        return (
            -len(self.hits),
            -len(words),
            -any(hit.in_title for hit in self.hits),
            -len(self.publishers),
            -self.news_at.timestamp(),
            -self.id,
        )

    @property
    def publisher(self) -> str:
        """The first publisher, or the host of the URL if no publisher may be named."""
        return self.publishers[0] if self.publishers else host_shown(self.url)

    @property
    def shown_at(self) -> datetime | date:
        return self.published or self.news_at


@dataclass(frozen=True, slots=True)
class Section:
    """One topic of an edition: the stories `listed`, the `rest`, and those listed `above` it.

    *is_crowded*: the edition has no room for the headlines of the rest, not even for a few.
    """

    topic: SelectedTopic
    listed: tuple[SelectedStory, ...] = ()
    rest: tuple[SelectedStory, ...] = ()
    above: tuple[SelectedStory, ...] = ()
    is_crowded: bool = False

    @property
    def headlines(self) -> tuple[SelectedStory, ...]:
        """The stories of the rest that are named by their headlines."""
        return () if self.more else self.rest

    @property
    def more(self) -> int:
        """The number of the rest that are only counted: all of them, or none."""
        is_folded = self.is_crowded or len(self.rest) >= FOLD_FROM
        return len(self.rest) if is_folded else 0

    @property
    def stories(self) -> int:
        return len(self.listed) + len(self.rest)


@dataclass(frozen=True, slots=True)
class Choice:
    """The stories of an edition; `stories` counts the new ones, `publishers` their publishers."""

    sections: tuple[Section, ...] = ()
    alerted: tuple[SelectedStory, ...] = ()
    stories: int = 0
    publishers: int = 0
    all_stories: tuple[SelectedStory, ...] = ()  # with counted and alerted ones

    def __bool__(self) -> bool:
        return bool(self.sections or self.alerted)

    @property
    def folds_alerted(self) -> bool:
        return len(self.alerted) >= FOLD_FROM

    @property
    def folded(self) -> list[Section]:
        """The sections that only count the rest of their stories."""
        return [section for section in self.sections if section.more]

    @property
    def listed(self) -> Iterator[SelectedStory]:
        return (story for section in self.sections for story in section.listed)


def choose(
    topics: Sequence[SelectedTopic],
    stories: Iterable[SelectedStory],
    caps: Caps = CAPS[Style.STANDARD],
) -> Choice:
    """Choose from *stories* for a chat with these *topics*, in the chat's order."""
    return arrange(topics, sorted(stories, key=attrgetter("rank")), caps)


def arrange(
    topics: Sequence[SelectedTopic], ranked: Sequence[SelectedStory], caps: Caps = UNCAPPED
) -> Choice:
    """Arrange stories that are *ranked* already, such as those of an edition made before."""
    new = [story for story in ranked if not story.alerted]
    placed = list(_place(topics, new))
    wanted = [len(own) for _, own, _ in placed]
    is_crowded = sum(map(caps.of, wanted)) > caps.in_all
    sections = (
        Section(topic, own[:share], own[share:], above, is_crowded)
        for (topic, own, above), share in zip(placed, deal(wanted, caps), strict=True)
    )
    return Choice(
        sections=tuple(section for section in sections if section.stories or section.above),
        alerted=tuple(story for story in ranked if story.alerted),
        stories=len(new),
        publishers=len({publisher for story in new for publisher in story.publishers}),
        all_stories=tuple(ranked),
    )


def deal(wanted: Sequence[int], caps: Caps) -> list[int]:
    """Return how many stories each topic lists, out of the number that it has (*wanted*)."""
    shares, room = [0] * len(wanted), caps.in_all
    most = [caps.of(count) for count in wanted]
    if sum(most) <= room:
        return most
    while room and shares != most:
        for topic, limit in enumerate(most):
            if room and shares[topic] < limit:
                shares[topic] += 1
                room -= 1
    return shares


def _place(
    topics: Sequence[SelectedTopic], ranked: Sequence[SelectedStory]
) -> Iterator[tuple[SelectedTopic, tuple[SelectedStory, ...], tuple[SelectedStory, ...]]]:
    """Yield each topic with its own stories, and with those that a topic before it lists."""
    by_topic: defaultdict[int, dict[int, SelectedStory]] = defaultdict(dict)
    for story in ranked:
        for hit in story.hits:
            by_topic[hit.topic_id][story.id] = story
    placed: set[int] = set()
    for topic in topics:
        hitting = by_topic[topic.id].values()
        own = tuple(story for story in hitting if story.id not in placed)
        above = tuple(story for story in hitting if story.id in placed)
        placed |= {story.id for story in own}
        yield topic, own, above
