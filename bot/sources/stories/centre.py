"""What a story is about: the words of its articles, each by how many of them have it.

An article is compared with this centre and never with one article of it, so that no chain of
likenesses leads from one event to the next. While an event runs on, what its headlines have in
common is less and less, and it is all the more telling: so a word that not every article has
counts little towards what an article must have.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter, neg
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.sources.stories.articles import Told
    from bot.sources.stories.vocabulary import Vocabulary, Word

IN_TITLE: Final = 3
IN_LEAD: Final = 1
# A word that half of the articles have in the title counts a sixty-fourth of what all have there.
_SHARPNESS: Final = 6
_STEPS: Final = 64
_SHARE: Final = [(step / _STEPS) ** _SHARPNESS for step in range(_STEPS + 1)]
_NEGLIGIBLE: Final = 0.35  # of what it would have if all had it in the title
# One word in common, be it the rarest, may be chance: a town has more than one event.
_STRONGEST: Final = 0.3
_MOST_WORDS: Final = 160
# Likeness: of equals, and with less than which an article hardly tells the story.
WHOLLY: Final = 1.0
FIRMLY: Final = 0.4


@dataclass(frozen=True, eq=False, slots=True)
class Guest:
    """An article that hardly tells its story, with what it gave to that."""

    article: Told
    marks: Mapping[Word, int]
    passages: tuple[int, ...]


class Centre:
    """*marks*, beside *words*: what each article gave the word, 3 in its title, 1 in its lead.

    Those that many articles have come first; behind *core* of them the others count nothing.
    *seated* are the outlets that tell the story, *guests* the articles, by outlet, of those that
    hardly do.
    """

    __slots__ = (
        "articles", "at", "core", "guests", "marks", "seated", "story_id", "words",
    )  # fmt: skip

    def __init__(self, story_id: int, at: float) -> None:
        self.story_id = story_id
        self.at = at
        self.articles = self.core = 0
        self.seated: frozenset[str] = frozenset()
        self.guests: dict[str, Guest] = {}
        self.words: tuple[Word, ...] = ()
        self.marks: tuple[int, ...] = ()

    def has_room(self, outlets: frozenset[str], alike: float) -> bool:
        """Say whether they may bring an article that is so much *alike*."""
        free = self.seated.isdisjoint(outlets)
        return free and (alike >= FIRMLY or self.guests.keys().isdisjoint(outlets))

    def seat(self, outlets: frozenset[str]) -> list[Guest]:
        """Give the outlets their seats; return the guests of theirs, who are to leave."""
        self.seated |= outlets
        if not self.guests:
            return []
        leaving = list(dict.fromkeys(self.guests[o] for o in outlets if o in self.guests))
        self.guests = {o: guest for o, guest in self.guests.items() if guest not in leaving}
        return leaving

    def add(self, marks: Mapping[Word, int], vocabulary: Vocabulary) -> None:
        """Take in an article, given as its words and their marks."""
        self.articles += 1
        vocabulary.list_under([word for word, mark in marks.items() if mark == IN_TITLE], self)
        if self.words:
            marks = self._with(marks, vocabulary)
        else:
            vocabulary.enter(marks)
        self._keep(marks)

    def lose(self, marks: Mapping[Word, int], vocabulary: Vocabulary) -> None:
        """Give up what an article gave it."""
        self.articles -= 1
        left = {
            word: mark - marks.get(word, 0)
            for word, mark in zip(self.words, self.marks, strict=True)
        }
        vocabulary.leave([word for word, mark in left.items() if mark <= 0], self)
        self._keep(dict(_ranked((word, mark) for word, mark in left.items() if mark > 0)))

    def _keep(self, marks: Mapping[Word, int]) -> None:
        self.words, self.marks = tuple(marks), tuple(marks.values())
        least = _NEGLIGIBLE * self.articles * IN_TITLE
        self.core = bisect_left(self.marks, -least, key=neg)

    def _with(self, marks: Mapping[Word, int], vocabulary: Vocabulary) -> dict[Word, int]:
        """Return the marks of all articles, the highest first, as many as are kept."""
        together = dict(zip(self.words, self.marks, strict=True))
        vocabulary.enter([word for word in marks if word not in together])
        for word, mark in marks.items():
            together[word] = together.get(word, 0) + mark
        ranked = _ranked(together.items())
        vocabulary.leave([word for word, _ in ranked[_MOST_WORDS:]], self)
        return dict(ranked[:_MOST_WORDS])


@lru_cache(maxsize=1_024)
def _shares(articles: int) -> list[float]:
    """Return what a word counts, by the marks that so many articles gave it."""
    most = articles * IN_TITLE
    scale = _STEPS / most
    return [_SHARE[int(mark * scale)] for mark in range(most + 1)]


def _ranked(marks: Iterable[tuple[Word, int]]) -> list[tuple[Word, int]]:
    return sorted(marks, key=itemgetter(1), reverse=True)


def likeness(
    marks: Mapping[Word, int], story: Centre, vocabulary: Vocabulary, least: float
) -> float:
    """Say how alike they are, from 0 to 1: what the article has of the story, and the reverse.

    It is the harmonic mean of the share of the story's common words that the article has and of
    the share of the article's words that the story has, both by what the words would be worth
    without this story. The strongest word in common counts three tenths of that. It is 0 where it
    cannot be as much as *least*.
    """
    rarest = vocabulary.rarest
    of_story = _of_story(marks, story, rarest)
    if 2 * of_story < least:
        return 0.0
    of_article = _of_article(marks, story, rarest)
    both = of_story + of_article
    return 2 * of_story * of_article / both if both else 0.0


def _of_story(marks: Mapping[Word, int], story: Centre, rarest: float) -> float:
    share = _shares(story.articles)
    core = common = strongest = 0.0
    for word, given in zip(story.words[: story.core], story.marks, strict=False):
        if (worth := rarest + word.rare_but_one) > 0:
            part = share[given] * worth * word.weight
            core += part
            if word in marks:
                common += part
                strongest = max(strongest, part)
    return (common - (1 - _STRONGEST) * strongest) / core if core else 0.0


def _of_article(marks: Mapping[Word, int], story: Centre, rarest: float) -> float:
    words = set(story.words)
    total = shared = strongest = 0.0
    for word, mark in marks.items():
        is_shared = word in words
        worth = rarest + (word.rare_but_one if is_shared else word.rare)
        if worth > 0:
            part = mark * worth * word.weight
            total += part
            if is_shared:
                shared += part
                strongest = max(strongest, part)
    return (shared - (1 - _STRONGEST) * strongest) / total if total else 0.0
