"""How well articles of several publishers are grouped into stories, and what one costs.

    python -m benchmarks.stories [FOLDER | FILE.json …] [--wrong] [--articles 20000]

A folder is that of the corpus, or one of labelled headlines; without any only invented headlines
are grouped. `--wrong` lists what tells another event than most of its story. "sure" leaves out
what no rater could place. CPU time is the median over slices of 500 articles, with so many
articles in the window, and for a set over several runs of all of it. The last line is JSON.
"""

import json
import statistics
import sys
import time
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.storytelling.labelled import Labelled, collected, invented, together
from benchmarks.storytelling.scoring import Score, articles_of, grouped, score
from benchmarks.storytelling.stream import articles
from bot.sources.stories.clustering import Clustering

ARTICLES = 20_000
SLICE = 500
MEASURED = 20  # slices
RUNS = 5
UNBOUNDED = 10**12  # bytes


def sets(paths: Sequence[Path]) -> list[Labelled]:
    ours = invented()
    files: list[Path] = []
    for path in paths:
        inside = path / "same_story" if (path / "same_story").is_dir() else path
        files += sorted(inside.glob("*.json")) if inside.is_dir() else [inside]
    theirs = [collected(file) for file in files]
    doubted = [each.without_unsure() for each in theirs if each.name == "news"]
    return [*theirs, *doubted, *ours, together([*theirs, *ours])]


def astray(labelled: Labelled, stories: Mapping[int, int]) -> Iterator[str]:
    """Say of each story which of its articles tell another event than most of them."""
    by_story = defaultdict(list)
    for piece in labelled.pieces:
        by_story[stories[piece.number]].append(piece)
    for pieces in by_story.values():
        ((event, _),) = Counter(piece.event for piece in pieces).most_common(1)
        for piece in pieces:
            if piece.event != event:
                yield f"{pieces[0].title} <- {piece.title}"


def us_of_set(labelled: Labelled) -> float:
    """Microseconds for an article of the set."""
    given = articles_of(labelled)
    runs = []
    for _ in range(RUNS):
        stories = Clustering()
        began = time.process_time()
        for article in given:
            stories.place(article)
        runs.append((time.process_time() - began) / len(given) * 1e6)
    return statistics.median(runs)


def cpu(count: int, *, full_text: bool) -> dict[str, float]:
    """Microseconds for an article, with *count* of them in the window."""
    stream, stories = articles(full_text=full_text), Clustering(UNBOUNDED)
    for article in islice(stream, count):
        stories.place(article)
    slices = []
    for _ in range(MEASURED):
        some = list(islice(stream, SLICE))
        began = time.process_time()
        for article in some:
            stories.place(article)
        slices.append((time.process_time() - began) / SLICE * 1e6)
    return {
        "us_per_article": round(statistics.median(slices), 1),
        "us_in_the_best_slice": round(min(slices), 1),
        "stories": len(stories),
    }


def memory(count: int, *, full_text: bool) -> dict[str, float]:
    """Bytes that a story takes up, with *count* articles in the window; and what we reckon."""
    given = list(islice(articles(full_text=full_text), count))
    tracemalloc.start()
    stories = Clustering(UNBOUNDED)
    for article in given:
        stories.place(article)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {
        "bytes_per_story": taken // len(stories),
        "reckoned": stories.memory // len(stories),
        "mb": taken // 1_000_000,
    }


def table_of(scores: Mapping[str, tuple[Score, float]]) -> Table:
    columns = ("articles", "precision", "recall", "pair F1", "B-cubed", "\u00b5s an article")
    table = Table(*columns)
    for name, (found, cost) in scores.items():
        figures = (found.precision, found.recall, found.f1, found.b_cubed)
        table.add_row(name, *(f"{figure:.3f}" for figure in figures), f"{cost:.0f}")
    return table


def main() -> None:
    words = sys.argv[1:]
    count = ARTICLES
    if "--articles" in words:
        at = words.index("--articles")
        count = int(words[at + 1])
        del words[at : at + 2]
    console = Console()
    scores = {}
    for labelled in sets([Path(word) for word in words if not word.startswith("--")]):
        stories = grouped(labelled)
        scores[labelled.name] = score(labelled, stories), us_of_set(labelled)
        for line in astray(labelled, stories) if "--wrong" in words else ():
            console.print(f"{labelled.name}: {line}"[:300], markup=False)
    console.print(table_of(scores))
    costs = {
        "feed entries": cpu(count, full_text=False) | memory(count, full_text=False),
        "full texts": cpu(count // 5, full_text=True) | memory(count // 5, full_text=True),
    }
    console.print(costs)
    f1 = {name: round(found.f1, 4) for name, (found, _) in scores.items()}
    print(json.dumps({"bench": "stories", "f1": f1, "cpu": costs}))


if __name__ == "__main__":
    main()
