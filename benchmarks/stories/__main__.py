"""How well articles of several publishers are grouped into stories, and what one article costs.

    python -m benchmarks.stories [CORPUS | FOLDER | FILE.json …] [--wrong] [--articles 20000]

Without a corpus only invented headlines are grouped. --wrong lists articles that report another
event than most of their story; "sure" leaves out articles that no rater could place. CPU time is
the median over slices of 500 articles with so many in the window, and for a set over several runs.
An F1 above .85 for events with many publishers is a good figure.
"""

import statistics
import time
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from rich.console import Console

from benchmarks.report import Row, parser, print_json, print_table
from benchmarks.stories.labelled import Labelled, collected, invented, together
from benchmarks.stories.scoring import Score, articles_of, grouped, score
from benchmarks.stories.stream import articles
from bot.sources.stories.clustering import Clustering

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


def misplaced(labelled: Labelled, stories: Mapping[int, int]) -> Iterator[str]:
    """Yield a line for each article that reports another event than most of its story."""
    by_story = defaultdict(list)
    for piece in labelled.pieces:
        by_story[stories[piece.number]].append(piece)
    for pieces in by_story.values():
        ((event, _),) = Counter(piece.event for piece in pieces).most_common(1)
        for piece in pieces:
            if piece.event != event:
                yield f"{pieces[0].title} <- {piece.title}"


def us_of_set(labelled: Labelled) -> float:
    """Return microseconds for an article of the set."""
    given = articles_of(labelled)
    runs = []
    for _ in range(RUNS):
        stories = Clustering()
        began = time.process_time()
        for article in given:
            stories.place(article)
        runs.append((time.process_time() - began) / len(given) * 1e6)
    return statistics.median(runs)


def cpu(count: int, *, full_text: bool) -> Row:
    """Return microseconds for an article, with *count* of them in the window."""
    stream, stories = articles(full_text=full_text), Clustering(UNBOUNDED)
    for article in islice(stream, count):
        stories.place(article)
    slices = []
    for _ in range(MEASURED):
        chunk = list(islice(stream, SLICE))
        began = time.process_time()
        for article in chunk:
            stories.place(article)
        slices.append((time.process_time() - began) / SLICE * 1e6)
    return {
        "us_per_article": round(statistics.median(slices), 1),
        "us_in_the_best_slice": round(min(slices), 1),
        "stories": len(stories),
    }


def memory(count: int, *, full_text: bool) -> Row:
    """Return the bytes of a story, measured and estimated, with *count* articles in the window."""
    given = list(islice(articles(full_text=full_text), count))
    tracemalloc.start()
    stories = Clustering(UNBOUNDED)
    for article in given:
        stories.place(article)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {
        "bytes_per_story": taken // len(stories),
        "estimated": stories.memory // len(stories),
        "mb": taken // 1_000_000,
    }


def row_of(name: str, found: Score, cost: float) -> Row:
    return {
        "articles": name,
        "precision": round(found.precision, 3),
        "recall": round(found.recall, 3),
        "pair_f1": round(found.f1, 3),
        "b_cubed": round(found.b_cubed, 3),
        "us_each": round(cost),
    }


def main() -> None:
    options = parser(__doc__)
    options.add_argument("paths", type=Path, nargs="*")
    options.add_argument("--wrong", action="store_true")
    options.add_argument("--articles", type=int, default=20_000)
    args = options.parse_args()
    rows = []
    for labelled in sets(args.paths):
        stories = grouped(labelled)
        rows.append(row_of(labelled.name, score(labelled, stories), us_of_set(labelled)))
        for line in misplaced(labelled, stories) if args.wrong else ():
            Console().print(f"{labelled.name}: {line}"[:300], markup=False)
    print_table(rows)
    costs = [
        {"text": name} | cpu(count, full_text=full) | memory(count, full_text=full)
        for name, count, full in (
            ("feed entries", args.articles, False),
            ("full texts", args.articles // 5, True),
        )
    ]
    print_table(costs)
    print_json("stories", rows=rows, costs=costs)


if __name__ == "__main__":
    main()
