"""Remembers the stories of the last three days, and decides to which a new article belongs.

This is online average-link clustering. An article is a unit vector of its title and lead words; a
story is the sum of the vectors of its articles. The article joins a story that has its text, else
the most similar one above a threshold. The threshold rises

- with the time since the story's last article, because an old event is less likely to be meant,
- if the publisher has the story already, because its second article is mostly on another event,
- with the number of stories, because among more of them a chance likeness is more likely.

A word weighs more if few stories have it, and if it is written as a name.

A publisher's second article on a story belongs to the story's second chapter, its third to the
third, so that a chapter has at most one article of each publisher. A chapter is a row of its own in
the database, and chats are alerted to chapters.

Articles of chats' private feeds are remembered separately (`Stories`). They join public stories
without shaping them, and no public article joins a story that they begin. This keeps one chat from
misleading others.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from heapq import nlargest
from itertools import islice
from math import log, log2, sqrt
from operator import itemgetter
from sys import intern
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.sources.stories.features import features_of
from bot.sources.stories.near_duplicates import NearDuplicates, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.slices import Slices

    Vector = Mapping["Word", float]

DAY: Final = 24 * 3600.0  # seconds
WINDOW: Final = 3 * DAY

# These were chosen on labelled headlines; each may be moved by a tenth without much change.
LEAST_LIKENESS: Final = 0.155
_MORE_A_DAY: Final = 0.1
_MORE_FOR_A_SECOND: Final = 0.06
_MORE_A_DOUBLING: Final = 0.015
_FEW_STORIES: Final = 2_000  # above which each doubling raises the threshold
TITLE_WEIGHT: Final = 1.8  # beside 1 for a word of the lead
_NAME_WEIGHT: Final = 0.3  # more, for a word that is always written as a name
_UNSEEN_STORIES: Final = 35  # added to the count of stories, so that early words are rare too
# The average link divides by the number of articles, the cosine of a centroid by the length of
# their sum. Between the two, an event that drifts keeps its story, and a story that is about
# everything attracts nothing.
_AVERAGE: Final = 0.35

_LEADING: Final = 24  # words of an article that lead to its story
_LISTED: Final = 32  # stories that a word leads to, the last active ones
_ENOUGH: Final = 96  # stories found under the words of an article, each as often as found
_COMPARED: Final = 6
_FEWEST_COMMON: Final = 2  # words, because one word such as a town has more than one event
_MOST_OF_ARTICLE: Final = 32  # words
_MOST_WORDS: Final = 200  # of a story
_MOST_COUNTED: Final = 255  # articles
_ROOTS: Final = [sqrt(count) for count in range(_MOST_COUNTED + 1)]

# Sizes in memory, as measured on streams of articles.
_BYTES_A_STORY: Final = 450
_BYTES_A_WORD: Final = 16  # of a story
_BYTES_A_PASSAGE: Final = 80
_BYTES_A_KNOWN_WORD: Final = 300  # of all stories
TYPICAL_STORY: Final = 1_400  # bytes in all, where feeds carry no full texts
MOST_MEMORY: Final = 200_000_000
MOST_PRIVATE: Final = 5_000_000  # bytes of one audience, which can only displace its own stories


@dataclass(frozen=True, slots=True)
class NewsArticle:
    """An article as grouping sees it.

    *publishers*: the keys of those that made it. *names*: what they call themselves. *text*:
    folded. *readers*: the only chats that can see it, because they follow its source; None if it is
    public. *story_id*: its own id, or after grouping the id of its chapter. *chain_id*: after
    grouping, the id of the first chapter of its story.
    """

    story_id: int
    at: float  # seconds since 1970 from which it counts as news
    publishers: frozenset[str]
    title: str
    lead: str = ""
    text: str = ""
    names: tuple[str, ...] = ()
    readers: frozenset[int] | None = None
    chain_id: int = 0


class Placement(NamedTuple):
    """The chapter that an article belongs to, and the first chapter of the story.

    *is_part*: the article shapes the story.
    """

    story_id: int
    chain_id: int
    is_part: bool = True


class Word:
    """A word of some stories.

    *frequency*: the sum, over its stories, of the square root of the number of articles with it, so
    that a big story does not make its own name common at once. *stories*: the last active stories
    in which it weighs much. *users*: the number of stories with it. *seen* and *named*: the numbers
    of articles that have the word, and that write it as a name.
    """

    __slots__ = ("frequency", "named", "seen", "stories", "text", "users")

    def __init__(self, text: str, frequency: float = 0.0) -> None:
        self.text = text
        self.frequency = frequency
        self.users = self.seen = self.named = 0
        self.stories: list[StoryCluster] = []

    def list_under(self, story: StoryCluster) -> None:
        """Let the word lead to *story*, which is now the last active one."""
        stories = self.stories
        if story.articles and story in stories:
            stories.remove(story)
        elif len(stories) == _LISTED:
            del stories[0]
        stories.append(story)


class StoryCluster:
    """The sum of a story's vectors: *weights* and, for each word, the *counts* of articles.

    *publishers* lists each one as often as it has an article here. *chapters*: their ids.
    """

    __slots__ = (
        "articles", "at", "chapters", "counts", "last_at", "passages", "publishers", "square",
        "weights", "words",
    )  # fmt: skip

    def __init__(self, at: float) -> None:
        self.at = self.last_at = at
        self.articles = 0
        self.chapters: tuple[int, ...] = ()
        self.publishers: tuple[str, ...] = ()
        self.words: tuple[Word, ...] = ()
        self.weights = array("f")
        self.counts = bytearray()
        self.square = 0.0  # the square of the sum's length
        self.passages: tuple[int, ...] = ()

    def likeness(self, vector: Vector) -> float:
        """Return the likeness of the story and *vector*, from 0 to 1."""
        common = vector.keys() & self.words
        if len(common) < _FEWEST_COMMON:
            return 0.0
        words, weights = self.words, self.weights
        dot = sum([vector[word] * weights[words.index(word)] for word in common])
        if self.articles == 1:
            return dot
        return float(dot / (self.articles**_AVERAGE * self.square ** ((1 - _AVERAGE) / 2)))

    def reports_of(self, publishers: frozenset[str]) -> int:
        """Return the largest number of articles that one of *publishers* has here."""
        return max(map(self.publishers.count, publishers), default=0)

    def note_reports(self, publishers: Iterable[str], chapter: int) -> None:
        """Note that *publishers* have an article in *chapter* and in those before it."""
        for publisher in publishers:
            more = chapter + 1 - self.publishers.count(publisher)
            self.publishers += (intern(publisher),) * max(more, 0)

    @property
    def memory(self) -> int:
        """The estimated size in bytes."""
        words, passages = len(self.words), len(self.passages)
        return _BYTES_A_STORY + _BYTES_A_WORD * words + _BYTES_A_PASSAGE * passages


class Clustering:
    """The stories that every chat can see, or those of one audience of chats.

    *base*: a larger clustering that provides word frequencies and is not changed. It is needed
    because a few stories do not tell which words are common.
    """

    def __init__(self, most_memory: int = MOST_MEMORY, base: Clustering | None = None) -> None:
        self._most_memory = most_memory
        self._base = base
        self._words: dict[str, Word] = {}
        self._stories: dict[
            int, StoryCluster
        ] = {}  # by their first chapter, in the order they began
        self._in_order: deque[StoryCluster] = deque()
        self._texts: NearDuplicates[StoryCluster] = NearDuplicates()
        self._taken = 0  # bytes, by stories
        self.is_whole = True  # False: an article failed while it shaped a story

    def __len__(self) -> int:
        return len(self._stories)

    def __contains__(self, chain_id: int) -> bool:
        return chain_id in self._stories

    @property
    def memory(self) -> int:
        """The estimated size in bytes."""
        return self._taken + _BYTES_A_KNOWN_WORD * len(self._words)

    def place(self, article: NewsArticle) -> Placement:
        """Return the story that the article joins or begins; the article shapes the story."""
        vector, passages = self._vector_of(article), fingerprint(article.text)
        story = self._story_of(article, vector, passages) or self._begin(
            article.story_id, article.at
        )
        chapter = self._chapter(story, article)
        self._add(article, story, vector, passages)
        return Placement(story.chapters[chapter], story.chapters[0])

    def join(self, article: NewsArticle) -> Placement | None:
        """Return the story that the article belongs to, if any; the article does not shape it.

        Only its publishers are noted. If the existing chapters are all taken, the article begins a
        chapter of its own, which no other article joins.
        """
        vector = self._vector_of(article, is_counted=False)
        story = self._story_of(article, vector, fingerprint(article.text))
        if story is None:
            return None
        chapter = story.reports_of(article.publishers)
        story.note_reports(article.publishers, chapter)
        chapters = (*story.chapters, article.story_id)
        return Placement(chapters[min(chapter, len(chapters) - 1)], chapters[0], is_part=False)

    def remember(self, article: NewsArticle) -> None:
        """Add an article that was placed before."""
        story = self._stories.get(article.chain_id) or self._begin(article.chain_id, article.at)
        if article.story_id not in story.chapters:
            story.chapters += (article.story_id,)
        self._add(article, story, self._vector_of(article), fingerprint(article.text))
        story.note_reports(article.publishers, story.chapters.index(article.story_id))

    def remember_joined(self, article: NewsArticle) -> None:
        """Note the publishers of an article in the story that it joined before."""
        story = self._stories[article.chain_id]
        chapter = story.reports_of(article.publishers)
        story.note_reports(article.publishers, chapter)

    def forget(self, before: float) -> Slices[None]:
        """Forget the stories that began before that time, in slices."""
        while self._in_order and self._in_order[0].at < before:
            self._forget_oldest()
            yield

    def frequency(self, text: str) -> float:
        word = self._words.get(text)
        return word.frequency if word else 0.0

    def _vector_of(self, article: NewsArticle, *, is_counted: bool = True) -> dict[Word, float]:
        """Return the unit vector of an article, its heaviest words first.

        *is_counted*: the words count as seen once more.
        """
        base = self._base
        rarest = log(len(self) + (len(base) if base else 0) + _UNSEEN_STORIES)
        features = features_of(article.title, article.lead, article.names)
        known, names, once = self._words, features.names, int(is_counted)
        worth: list[tuple[Word, float]] = []
        for texts, weight in ((features.title, TITLE_WEIGHT), (features.lead, 1.0)):
            for text in texts:
                word = known.get(text) or Word(text, base.frequency(text) if base else 0.0)
                word.seen += once
                if text in names:
                    word.named += once
                rarity = rarest - log(word.frequency + 1)
                if rarity < 0:  # all stories have the word, and one has it in many articles
                    rarity = 0.0
                if word.named:
                    rarity *= 1 + _NAME_WEIGHT * word.named / (word.seen + 1)
                worth.append((word, weight * rarity))
        heaviest = sorted(worth, key=itemgetter(1), reverse=True)[:_MOST_OF_ARTICLE]
        length = sqrt(sum([weight**2 for _, weight in heaviest])) or 1.0
        return {word: weight / length for word, weight in heaviest}

    def _story_of(
        self, article: NewsArticle, vector: Vector, passages: tuple[int, ...]
    ) -> StoryCluster | None:
        for story in self._texts.owners_of(passages):
            if abs(article.at - story.at) <= WINDOW:
                return story
        return self._most_similar(article, vector)

    def _most_similar(self, article: NewsArticle, vector: Vector) -> StoryCluster | None:
        """Return the most similar story above the threshold; prefer stories with more articles.

        Otherwise an event would stay split if two publishers begin it at once.
        """
        doublings = log2(max(len(self), _FEW_STORIES) / _FEW_STORIES)
        least = LEAST_LIKENESS + _MORE_A_DOUBLING * doublings
        found, best = None, 0.0
        for story in self._candidates(vector):
            if abs(article.at - story.at) > WINDOW:
                continue
            bar = least + _MORE_A_DAY * abs(article.at - story.last_at) / DAY
            if not article.publishers.isdisjoint(story.publishers):
                bar += _MORE_FOR_A_SECOND
            claim = (story.likeness(vector) - bar) * story.articles
            if claim > best:
                found, best = story, claim
        return found

    @staticmethod
    def _candidates(vector: Vector) -> list[StoryCluster]:
        """Return the stories that share the most words with the article, the likeliest first.

        They are collected from the lists of its heaviest words until there are enough.
        """
        listed: list[StoryCluster] = []
        for word in vector:
            listed += word.stories
            if len(listed) >= _ENOUGH:
                break
        shared = Counter(listed)
        found = [story for story, words in shared.items() if words >= _FEWEST_COMMON]
        found.sort(key=shared.__getitem__, reverse=True)
        return found[:_COMPARED]

    def _begin(self, chain_id: int, at: float) -> StoryCluster:
        story = StoryCluster(at)
        story.chapters = (chain_id,)
        self._stories[chain_id] = story
        self._in_order.append(story)
        self._taken += story.memory
        return story

    @staticmethod
    def _chapter(story: StoryCluster, article: NewsArticle) -> int:
        """Return the index of the article's chapter; begin the chapter if it does not exist."""
        chapter = min(story.reports_of(article.publishers), len(story.chapters))
        if chapter == len(story.chapters):
            story.chapters += (article.story_id,)
        story.note_reports(article.publishers, chapter)
        return chapter

    def _add(
        self,
        article: NewsArticle,
        story: StoryCluster,
        vector: Vector,
        passages: tuple[int, ...],
    ) -> None:
        """Add the article to the story, which it then shapes."""
        self.is_whole, was_whole = False, self.is_whole
        self._taken -= story.memory
        if story.words:
            self._merge(story, vector)
        else:
            story.words = tuple(vector)
            story.weights = array("f", vector.values())
            story.counts = bytearray(b"\x01" * len(vector))
            story.square = 1.0
            self._count(vector)
        for word in islice(vector, _LEADING):
            word.list_under(story)
        story.articles += 1
        story.last_at = max(story.last_at, article.at)
        story.passages += passages
        self._texts.add(story, passages)
        if len(story.words) > _MOST_WORDS:
            self._shorten(story)
        self._taken += story.memory
        while self.memory > self._most_memory and self._in_order[0] is not story:
            self._forget_oldest()
        self.is_whole = was_whole

    def _forget_oldest(self) -> None:
        story = self._in_order.popleft()
        del self._stories[story.chapters[0]]
        self._taken -= story.memory
        self._texts.remove(story, story.passages)
        self._drop(story, range(len(story.words)))

    def _merge(self, story: StoryCluster, vector: Vector) -> None:
        weights, counts = story.weights, story.counts
        places = {word: place for place, word in enumerate(story.words)}
        new = [word for word in vector if word not in places]
        for word in vector.keys() & places.keys():
            place, weight = places[word], vector[word]
            story.square += weight * (2 * weights[place] + weight)
            weights[place] += weight
            if (count := counts[place]) < _MOST_COUNTED:
                counts[place] = count + 1
                word.frequency += _ROOTS[count + 1] - _ROOTS[count]
        story.words += tuple(new)
        story.square += sum([vector[word] ** 2 for word in new])
        weights.extend([vector[word] for word in new])
        counts.extend(b"\x01" * len(new))
        self._count(new)

    def _count(self, words: Iterable[Word]) -> None:
        """Count one more story for each of *words*."""
        for word in words:
            if not word.users:
                self._words[word.text] = word
            word.users += 1
            word.frequency += 1

    def _shorten(self, story: StoryCluster) -> None:
        """Drop the lightest words of *story*, so many that this is seldom needed."""
        places = range(len(story.words))
        kept = sorted(nlargest(_MOST_WORDS * 3 // 4, places, key=story.weights.__getitem__))
        self._drop(story, set(places).difference(kept))
        story.words = tuple([story.words[place] for place in kept])
        story.weights = array("f", [story.weights[place] for place in kept])
        story.counts = bytearray([story.counts[place] for place in kept])
        story.square = sum([weight * weight for weight in story.weights])

    def _drop(self, story: StoryCluster, places: Iterable[int]) -> None:
        """Stop counting the words at *places* of *story*."""
        for place in places:
            word = story.words[place]
            word.frequency -= _ROOTS[story.counts[place]]
            word.users -= 1
            if story in word.stories:
                word.stories.remove(story)
            if not word.users:
                del self._words[word.text]


class Stories:
    """The public stories, and separately for each audience those that only some chats can see.

    An article of a chat's own feed joins a public story without shaping it, or a story of a wider
    audience. Otherwise it begins a story of its own readers, shaped by articles of the same
    audience only.
    """

    def __init__(self, most_memory: int = MOST_MEMORY) -> None:
        self._public = Clustering(most_memory)
        self._private: dict[frozenset[int], Clustering] = {}
        self._of_chat: defaultdict[int, set[frozenset[int]]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._public) + sum(map(len, self._private.values()))

    @property
    def memory(self) -> int:
        """The estimated size in bytes."""
        return self._public.memory + sum(each.memory for each in self._private.values())

    @property
    def is_whole(self) -> bool:
        """Return whether no article failed halfway; otherwise all stories must be read again."""
        return self._public.is_whole and all(each.is_whole for each in self._private.values())

    def place(self, article: NewsArticle) -> Placement:
        """Return the story that the article belongs to, or begins."""
        for stories in self._wider_clusterings(article.readers):
            if placement := stories.join(article):
                return placement
        return self._clustering_of(article.readers).place(article)

    def remember(self, article: NewsArticle) -> None:
        """Add an article that was placed before."""
        for stories in self._wider_clusterings(article.readers):
            if article.chain_id in stories:
                stories.remember_joined(article)
                return
        self._clustering_of(article.readers).remember(article)

    def forget(self, before: float) -> Slices[None]:
        """Forget the stories that began before that time, in slices."""
        yield from self._public.forget(before)
        for audience, stories in list(self._private.items()):
            yield from stories.forget(before)
            if not stories:
                del self._private[audience]
                for chat in audience:
                    self._of_chat[chat].discard(audience)
                    if not self._of_chat[chat]:
                        del self._of_chat[chat]

    def _clustering_of(self, audience: frozenset[int] | None) -> Clustering:
        if audience is None:
            return self._public
        if audience not in self._private:
            self._private[audience] = Clustering(MOST_PRIVATE, self._public)
            for chat in audience:
                self._of_chat[chat].add(audience)
        return self._private[audience]

    def _wider_clusterings(self, audience: frozenset[int] | None) -> Iterator[Clustering]:
        """Yield the clusterings that all of *audience* can see and other chats too."""
        if audience is None:
            return
        yield self._public
        known = self._of_chat.get(min(audience, default=0), ())
        for each in [each for each in known if each > audience]:
            yield self._private[each]
