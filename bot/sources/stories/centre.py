"""What a story is about: the words of its articles, each by how many of them have it.

An article is compared with this centre and never with one article of it, so that no chain of
likenesses leads from one event to the next. While an event runs on, what its headlines have in
common is less and less, and it is all the more telling: so a word that not every article has
counts little towards what an article must have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.sources.stories.vocabulary import Vocabulary, Word

IN_TITLE: Final = 3
IN_LEAD: Final = 1
# A word that half of the articles have in the title counts a sixty-fourth of what all have there.
_SHARPNESS: Final = 6
_STEPS: Final = 64
_SHARE: Final = [(step / _STEPS) ** _SHARPNESS for step in range(_STEPS + 1)]
_NEGLIGIBLE: Final = 0.002
# One word in common, be it the rarest, may be chance: a town has more than one event.
_STRONGEST: Final = 0.25
_MOST_WORDS: Final = 160


class Centre:
    """*marks*, beside *words*: what each article gave the word, 3 in its title, 1 in its lead."""

    __slots__ = ("articles", "at", "marks", "outlets", "public", "story_id", "words")

    def __init__(self, story_id: int, at: float, *, public: bool) -> None:
        self.story_id = story_id
        self.at = at
        self.public = public
        self.articles = 0
        self.outlets: frozenset[str] = frozenset()
        self.words: tuple[Word, ...] = ()
        self.marks: tuple[int, ...] = ()

    def add(self, marks: Mapping[Word, int], vocabulary: Vocabulary) -> None:
        """Take in an article, given as its words and their marks."""
        self.articles += 1
        if not self.words:
            self.words, self.marks = tuple(marks), tuple(marks.values())
            vocabulary.enter(self, marks)
            return
        all_marks = dict(zip(self.words, self.marks, strict=True))
        fresh = [word for word in marks if word not in all_marks]
        for word, mark in marks.items():
            all_marks[word] = all_marks.get(word, 0) + mark
        vocabulary.enter(self, fresh)
        if len(all_marks) > _MOST_WORDS:
            vocabulary.leave(self, _cut(all_marks))
        self.words, self.marks = tuple(all_marks), tuple(all_marks.values())


def _cut(marks: dict[Word, int]) -> list[Word]:
    """Remove, and return, the words that the fewest articles have."""
    gone = sorted(marks, key=marks.__getitem__)[: len(marks) - _MOST_WORDS]
    for word in gone:
        del marks[word]
    return gone


@dataclass(frozen=True, slots=True)
class Weighed:
    """An article's words with their marks, and what each is worth as long as no story is meant."""

    marks: Mapping[Word, int]
    worths: Mapping[Word, float]
    total: float
    rarest: float


def weighed(marks: Mapping[Word, int], vocabulary: Vocabulary) -> Weighed:
    rarest = vocabulary.rarest
    worths = {
        word: mark * worth * word.weight if (worth := rarest + word.rare) > 0 else 0.0
        for word, mark in marks.items()
    }
    return Weighed(marks, worths, sum(worths.values()), rarest)


def likeness(article: Weighed, story: Centre) -> float:
    """Say how alike they are, from 0 to 1: what the article has of the story, and the reverse.

    It is the harmonic mean of the share of the story's common words that the article has and of
    the share of the article's words that the story has, both by what the words would be worth
    without this story. The strongest word in common counts a quarter of that.
    """
    marks, worths, rarest = article.marks, article.worths, article.rarest
    scale = _STEPS / (story.articles * IN_TITLE)
    common = shared = strongest = strongest_shared = 0.0
    core, total = 0.0, article.total
    for word, given in zip(story.words, story.marks, strict=True):
        share = _SHARE[int(given * scale)]
        if word not in marks:
            if share > _NEGLIGIBLE and (worth := rarest + word.rare_but_one) > 0:
                core += share * worth * word.weight
            continue
        worth = max(0.0, rarest + word.rare_but_one) * word.weight
        common += share * worth
        strongest = max(strongest, share * worth)
        worth *= marks[word]
        shared += worth
        strongest_shared = max(strongest_shared, worth)
        total += worth - worths[word]
    core += common
    if not core or not total:
        return 0.0
    of_story = (common - (1 - _STRONGEST) * strongest) / core
    of_article = (shared - (1 - _STRONGEST) * strongest_shared) / total
    both = of_story + of_article
    return 2 * of_story * of_article / both if both else 0.0
