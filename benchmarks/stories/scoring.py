"""Scores of a grouping: pairs of articles, and B-cubed (Bagga and Baldwin, 1998)."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from benchmarks.stories.labelled import Labelled, pair
from bot.slices import finished
from bot.sources.stories.clustering import WINDOW, Clustering, NewsArticle
from bot.text.folding import folded_text


@dataclass(frozen=True, slots=True)
class Score:
    """Counts pairs of two publishers: *right* and *wrong* in one story, *missed* in two."""

    right: int
    wrong: int
    missed: int
    b_cubed: float

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)


def articles_of(labelled: Labelled) -> list[NewsArticle]:
    return [
        NewsArticle(
            story_id=piece.number,
            at=piece.at,
            publishers=frozenset({piece.publisher}),
            title=piece.title,
            lead=piece.summary,
            text=folded_text(piece.summary),
            names=(piece.publisher,),
        )
        for piece in labelled.pieces
    ]


def grouped(labelled: Labelled) -> dict[int, int]:
    """Return the first chapter of the story of each article, as one process places them."""
    stories, found = Clustering(), dict[int, int]()
    for article in articles_of(labelled):
        finished(stories.forget(article.at - WINDOW))
        found[article.story_id] = stories.place(article).chain_id
    return found


def score(labelled: Labelled, stories: Mapping[int, int]) -> Score:
    counted: Counter[str] = Counter()
    for one, other in combinations(labelled.pieces, 2):
        together = stories[one.number] == stories[other.number]
        if (
            one.publisher != other.publisher
            and pair(one.number, other.number) not in labelled.unsure
        ):
            counted[f"{together} {one.event == other.event}"] += 1
    return Score(
        right=counted["True True"],
        wrong=counted["True False"],
        missed=counted["False True"],
        b_cubed=_b_cubed(labelled, stories),
    )


def _b_cubed(labelled: Labelled, stories: Mapping[int, int]) -> float:
    """Return the harmonic mean of B-cubed precision and recall, without unsure pairs."""
    events = {piece.number: piece.event for piece in labelled.pieces}
    of_event, of_story = defaultdict(set), defaultdict(set)
    for number, event in events.items():
        of_event[event].add(number)
        of_story[stories[number]].add(number)
    doubted = defaultdict(set)
    for one, other in labelled.unsure:
        doubted[one].add(other)
        doubted[other].add(one)
    precision = recall = 0.0
    for number, event in events.items():
        found = of_story[stories[number]] - doubted[number]
        right = len(found & of_event[event])
        precision += right / len(found)
        recall += right / len(of_event[event])
    return 2 * precision * recall / (precision + recall) / len(events)
