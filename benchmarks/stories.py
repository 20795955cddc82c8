"""How well articles of several outlets are grouped into stories, and what one costs.

    python benchmarks/stories.py [CORPUS] [--wrong] [--articles 100000]

Without the folder of the corpus only invented headlines are grouped; `--wrong` lists what tells
another event than most of its story. "sure" leaves out what no rater could place. The chapters are
those of one outlet that brings all of them: whether each continues its event. CPU time is the
median over slices of 500 articles, with so many articles in the window. The last line is JSON.
"""

import json
import resource
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.storytelling.labelled import Labelled, collected, invented, together
from benchmarks.storytelling.scoring import Score, chapters, grouped, score
from benchmarks.storytelling.stream import articles
from bot.sources.stories.memory import Stories

ARTICLES = 100_000
SLICE = 500
MEASURED = 20  # slices


def sets(corpus: Path | None) -> list[Labelled]:
    ours = invented()
    if corpus is None:
        return [*ours, together(ours)]
    theirs = collected(corpus / "same_story/news.json")
    return [theirs, theirs.without_unsure(), *ours, together([theirs, *ours])]


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


def cpu(count: int, *, full_text: bool) -> dict[str, float]:
    """Microseconds for an article, with *count* of them in the window."""
    stream, stories = articles(full_text=full_text), Stories()
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
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def table_of(scores: Mapping[str, tuple[Score, Score]]) -> Table:
    table = Table("articles", "pair F1", "precision", "recall", "B-cubed", "within one outlet")
    table.add_column("chapters, precision")
    table.add_column("chapters, recall")
    for name, (found, moved) in scores.items():
        table.add_row(
            name,
            f"{found.f1:.3f}",
            f"{found.precision:.3f}",
            f"{found.recall:.3f}",
            f"{found.b_cubed:.3f}",
            str(found.within),
            f"{moved.precision:.3f}",
            f"{moved.recall:.3f}",
        )
    return table


def main() -> None:
    words = sys.argv[1:]
    count = ARTICLES
    if "--articles" in words:
        at = words.index("--articles")
        count = int(words[at + 1])
        del words[at : at + 2]
    folders = [Path(word) for word in words if not word.startswith("--")]
    console = Console()
    scores = {}
    for labelled in sets(folders[0] if folders else None):
        stories = grouped(labelled)
        scores[labelled.name] = score(labelled, stories), chapters(labelled)
        for line in astray(labelled, stories) if "--wrong" in words else ():
            console.print(f"{labelled.name}: {line}"[:300], markup=False)
    console.print(table_of(scores))
    costs = {
        "feed entries": cpu(count, full_text=False),
        "full texts": cpu(count // 5, full_text=True),
    }
    console.print(costs)
    f1 = {name: round(found.f1, 4) for name, (found, _) in scores.items()}
    print(json.dumps({"bench": "stories", "f1": f1, "cpu": costs}))


if __name__ == "__main__":
    main()
