"""How well articles were grouped: pairs of articles, and B-cubed (Bagga and Baldwin, 1998)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from benchmarks.storytelling.labelled import Labelled, Piece, pair
from bot.matching.text import folded_text
from bot.sources.stories.articles import Told
from bot.sources.stories.memory import Stories


@dataclass(frozen=True, slots=True)
class Score:
    """Pairs of two outlets: rightly together, wrongly so, wrongly apart; and pairs of one."""

    right: int
    wrong: int
    missed: int
    within: int
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


def grouped(labelled: Labelled) -> dict[int, int]:
    """Return the story of each article, given to one memory after the other."""
    stories, found = Stories(), dict[int, int]()
    for piece in labelled.pieces:
        found[piece.number] = stories.place(_told(piece, piece.outlet))
        for guest in stories.take_left():
            found[guest.article.number] = guest.article.story_id
            stories.begin(guest, guest.article.story_id)
    return found


def chapters(labelled: Labelled) -> Score:
    """Score what each article continues, if one outlet had brought them all.

    A chapter is right if it continues a story of its event, and missed if it continues none.
    """
    stories = Stories()
    events: dict[int, str] = {}
    counted: Counter[str] = Counter()
    for piece in labelled.pieces:
        stories.place(_told(piece, "one"))
        before = stories.take_continued().get(piece.number)
        if before is None:
            counted["missed"] += piece.event in events.values()
        elif pair(before, piece.number) not in labelled.unsure:
            counted["right" if events[before] == piece.event else "wrong"] += 1
        events[piece.number] = piece.event
    return Score(counted["right"], counted["wrong"], counted["missed"], within=0, b_cubed=0.0)


def _told(piece: Piece, outlet: str) -> Told:
    return Told(
        story_id=piece.number,
        at=piece.at,
        outlets=frozenset({outlet}),
        title=piece.title,
        lead=piece.summary,
        text=folded_text(piece.summary),
        names=(piece.outlet,),
        number=piece.number,
    )


def score(labelled: Labelled, stories: Mapping[int, int]) -> Score:
    counted: Counter[str] = Counter()
    for one, other in combinations(labelled.pieces, 2):
        together = stories[one.number] == stories[other.number]
        if one.outlet == other.outlet:
            counted["within"] += together
        elif pair(one.number, other.number) not in labelled.unsure:
            counted[f"{together} {one.event == other.event}"] += 1
    return Score(
        right=counted["True True"],
        wrong=counted["True False"],
        missed=counted["False True"],
        within=counted["within"],
        b_cubed=_b_cubed(labelled, stories),
    )


def _b_cubed(labelled: Labelled, stories: Mapping[int, int]) -> float:
    """Return the harmonic mean of its precision and recall."""
    events = {piece.number: piece.event for piece in labelled.pieces}
    of_event = Counter(events.values())
    of_story = Counter(stories.values())
    of_both = Counter((events[number], stories[number]) for number in events)
    precision = recall = 0.0
    for number, event in events.items():
        common = of_both[event, stories[number]]
        precision += common / of_story[stories[number]]
        recall += common / of_event[event]
    return 2 * precision * recall / (precision + recall) / len(events)
