"""Selection: the stories that a digest lists, and their order.

1. A digest lists stories, not articles. Stories are ranked by the number of their publishers, then
   by how many of the chat's topics they hit, the number of matching words, a match in the title,
   and the time.
2. The three best stories of all topics stand first, if they are covered widely enough (`top_of`).
   Each other story is listed under the first of the chat's topics that its headline hits, else
   under the first that it hits at all. A topic counts the stories that it hits and that are listed
   above it.
3. Stories that the chat was already alerted to form one list at the end.
4. The style caps the number of stories listed per topic and in all. A topic may exceed its cap by
   two, because counting so few would save nothing. The places are dealt in rounds, one story per
   topic, so that no topic takes the places of the topics after it.
5. Further stories are counted ("+4 more"); fewer than four are named by their headlines.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from bot.publishing.developments import Development
from bot.publishing.model_words import ModelWords
from bot.sources.hosts import host_shown
from storage.enums import Style

# Stories that stand first, over all topics.
_MOST_TOP = 3
# A digest with fewer new stories is read at a glance and needs no top stories.
_FEWEST_FOR_TOP = 4
_WIDELY = 2  # publishers, or topics of the chat
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
    """A topic of a chat.

    *is_public*: it is of the catalogue, whose names are translated. *headlines*: a digest lists
    only the titles of its stories.
    """

    id: int
    name: str
    is_public: bool
    headlines: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """One of the chat's topics that a story hits."""

    topic_id: int
    words: frozenset[str]
    in_title: bool = False


class LinkedReport(NamedTuple):
    """A publisher of a story and the URL of its own report, "" if that is not known."""

    publisher: str
    url: str = ""


class StoryView(NamedTuple):
    """The fields of a `SelectedStory` that are the same for every reader.

    *known_since*: the local date of the digest that listed it before its *development*.
    """

    title: str
    url: str
    publishers: tuple[str, ...]
    publisher: str
    shown_at: datetime | date
    reports: tuple[LinkedReport, ...]
    development: Development | None = None
    known_since: date | None = None
    words: ModelWords | None = None  # in the language of the reader


@dataclass(frozen=True)
class SelectedStory:
    """A story with the article that came first, as all chats see it that it hits alike.

    `news_at` is the time from which it counts as news, `published` the one that its source states.
    `reports` has the *publishers* in the same order, `hits` first the topic to list it under.
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
    reports: tuple[LinkedReport, ...] = ()
    development: Development | None = None  # what is new since a digest listed it
    listed_at: datetime | None = None  # when that digest was made

    @cached_property
    def view(self) -> StoryView:
        return StoryView(
            title=self.title,
            url=self.url,
            publishers=self.publishers,
            publisher=self.publisher,
            shown_at=self.shown_at,
            reports=self.reports or tuple(LinkedReport(name) for name in self.publishers),
            development=self.development,
        )

    @property
    def is_wide(self) -> bool:
        """Whether several publishers cover it, or it hits several of the chat's topics."""
        return len(self.publishers) >= _WIDELY or len(self.hits) >= _WIDELY

    @cached_property
    def topic_ids(self) -> tuple[int, ...]:
        return tuple(hit.topic_id for hit in self.hits)

    @cached_property
    def rank(self) -> tuple[float, ...]:
        """The sort key of the story; the story to list first has the lowest."""
        words = {word for hit in self.hits for word in hit.words}
        return (
            -len(self.publishers),
            -len(self.hits),
            -len(words),
            -any(hit.in_title for hit in self.hits),
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
    """One topic of an edition: the stories `listed`, the `rest`, and those listed elsewhere.

    These stand `above` the topic, or `below` it under a topic that fits them better.
    *is_crowded*: the edition has no room for the headlines of the rest, not even for a few.
    """

    topic: SelectedTopic
    listed: tuple[SelectedStory, ...] = ()
    rest: tuple[SelectedStory, ...] = ()
    above: tuple[SelectedStory, ...] = ()
    below: tuple[SelectedStory, ...] = ()
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

    @property
    def all_stories(self) -> tuple[SelectedStory, ...]:
        """Every story of the edition that the topic hits, also those listed elsewhere."""
        return (*self.above, *self.listed, *self.rest, *self.below)


@dataclass(frozen=True)
class Choice:
    """The stories of an edition; `stories` counts the new ones, `publishers` their publishers.

    `top` has the stories that stand before the sections.
    """

    sections: tuple[Section, ...] = ()
    top: tuple[SelectedStory, ...] = ()
    alerted: tuple[SelectedStory, ...] = ()
    stories: int = 0
    publishers: int = 0
    all_stories: tuple[SelectedStory, ...] = ()  # with counted and alerted ones

    def __bool__(self) -> bool:
        return bool(self.top or self.sections or self.alerted)

    @property
    def folds_alerted(self) -> bool:
        return len(self.alerted) >= FOLD_FROM

    @property
    def folded(self) -> list[Section]:
        """The sections that only count the rest of their stories."""
        return [section for section in self.sections if section.more]

    @cached_property
    def listed(self) -> tuple[SelectedStory, ...]:
        """The new stories that are shown with more than their headlines, in their order."""
        return (*self.top, *(story for section in self.sections for story in section.listed))

    @property
    def in_order(self) -> Iterator[SelectedStory]:
        """The new stories in the order in which a reader meets them, those only counted last."""
        yield from self.listed
        for section in self.sections:
            yield from section.rest


def choose(
    topics: Sequence[SelectedTopic],
    stories: Iterable[SelectedStory],
    caps: Caps = CAPS[Style.STANDARD],
) -> Choice:
    """Choose from *stories* for a chat with these *topics*, in the chat's order."""
    return arrange(topics, sorted(stories, key=attrgetter("rank")), caps)


def most_covered(stories: Iterable[SelectedStory], most: int) -> list[SelectedStory]:
    """Return the stories that the most publishers report; of equal ones, the better ranked."""
    return sorted(stories, key=lambda story: (-len(story.publishers), story.rank))[:most]


def arrange(
    topics: Sequence[SelectedTopic], ranked: Sequence[SelectedStory], caps: Caps = UNCAPPED
) -> Choice:
    """Arrange stories that are *ranked* already, such as those of an edition made before."""
    new = [story for story in ranked if not story.alerted]
    top = top_of(new)
    placed = list(_place(topics, new, top))
    wanted = [len(each.own) for each in placed]
    room = replace(caps, in_all=max(caps.in_all - len(top), 0))
    is_crowded = sum(map(caps.of, wanted)) > room.in_all
    sections = (
        Section(each.topic, each.own[:share], each.own[share:], each.above, each.below, is_crowded)
        for each, share in zip(placed, deal(wanted, room), strict=True)
    )
    return Choice(
        sections=tuple(section for section in sections if section.stories or section.above),
        top=top,
        alerted=tuple(story for story in ranked if story.alerted),
        stories=len(new),
        publishers=len({publisher for story in new for publisher in story.publishers}),
        all_stories=tuple(ranked),
    )


def top_of(ranked: Sequence[SelectedStory]) -> tuple[SelectedStory, ...]:
    """Return up to three of the *ranked* new stories to show first, over all topics.

    These are the wide ones; without any, the best. A digest of three stories or fewer has none.
    """
    if len(ranked) < _FEWEST_FOR_TOP:
        return ()
    wide = tuple(islice((story for story in ranked if story.is_wide), _MOST_TOP))
    return wide or tuple(ranked[:1])


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


class _Placed(NamedTuple):
    """A topic with its own stories, and with those listed before and after them."""

    topic: SelectedTopic
    own: tuple[SelectedStory, ...]
    above: tuple[SelectedStory, ...]
    below: tuple[SelectedStory, ...]


def _place(
    topics: Sequence[SelectedTopic],
    ranked: Sequence[SelectedStory],
    top: Sequence[SelectedStory],
) -> Iterator[_Placed]:
    """Yield each topic with the stories that it hits, by where they are listed."""
    places = {topic.id: place for place, topic in enumerate(topics)}
    listed_at: dict[int, int] = {}
    by_topic: defaultdict[int, list[SelectedStory]] = defaultdict(list)
    for story in ranked:
        hit = [topic_id for topic_id in story.topic_ids if topic_id in places]
        for topic_id in hit:
            by_topic[topic_id].append(story)
        if hit:
            listed_at[story.id] = places[hit[0]]
    listed_at |= {story.id: -1 for story in top}
    for place, topic in enumerate(topics):
        own: list[SelectedStory] = []
        above: list[SelectedStory] = []
        below: list[SelectedStory] = []
        for story in by_topic[topic.id]:
            at = listed_at[story.id]
            (own if at == place else above if at < place else below).append(story)
        yield _Placed(topic, tuple(own), tuple(above), tuple(below))
