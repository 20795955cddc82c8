"""How much of a story its lead tells, compared with the first sentence of its first report.

    python -m benchmarks.leads CORPUS [--show 30]

The stories are the labelled events of CORPUS/same_story with at least two publishers and one text.
Each figure is the share of the content words of a headline that a text has. A text is compared only
with headlines of publishers that neither the lead nor the first sentence comes from. A lead wins if
it has more of their words. "unseen": each publisher in turn is left out, the lead is chosen among
the other reports, and the left-out headline is compared. --show prints leads to look at.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.report import Row, parser, print_json, print_table
from benchmarks.stories.labelled import Labelled, collected
from bot.publishing.leads import ReportText, StoryLead, lead_of
from bot.sources.stories.features import stems_and_names, without_publisher
from bot.text.sentences import sentences

RUNS = 5


def stories(labelled: Labelled) -> Iterator[list[ReportText]]:
    """Yield the reports of each event of several publishers, the newest first."""
    events = defaultdict(list)
    for piece in labelled.pieces:
        report = ReportText(
            piece.number, piece.publisher, piece.title, str(piece.number), piece.summary, "en"
        )
        events[piece.event].append(report)
    for reports in events.values():
        texts = [report for report in reports if report.text]
        if texts and len({report.publisher for report in reports}) > 1:
            yield reports[::-1]


def first_sentence(reports: Sequence[ReportText]) -> tuple[ReportText, str]:
    """Return the first sentence of the earliest report with a text."""
    first = next(report for report in reversed(reports) if report.text)
    start, end = sentences(first.text)[0]
    return first, first.text[start:end]


def stems(text: str) -> set[str]:
    return set(stems_and_names(text)[0])


def covered(text: str, headlines: Sequence[set[str]]) -> float:
    own = stems(text)
    return statistics.mean(len(own & words) / len(words) for words in headlines)


def compared(reports: Sequence[ReportText]) -> tuple[float, float] | None:
    """Return the shares of the first sentence and of the lead; None if nothing can be compared."""
    lead = lead_of(reports)
    first, sentence = first_sentence(reports)
    told_by = {first.publisher, lead.publisher if lead else ""}
    others = [report for report in reports if report.publisher not in told_by]
    titles = (stems(without_publisher(one.title, (one.publisher,))) for one in others)
    headlines = [words for words in titles if words]
    if not headlines:
        return None
    return covered(sentence, headlines), covered(lead.text, headlines) if lead else 0.0


def unseen(reports: Sequence[ReportText]) -> Iterator[tuple[float, float]]:
    """Yield the shares of each publisher's headline, which was no reason for the choice."""
    for publisher in {report.publisher for report in reports}:
        rest = [report for report in reports if report.publisher != publisher]
        lead = lead_of(rest) if any(report.text for report in rest) else None
        titles = [report.title for report in reports if report.publisher == publisher]
        headlines = [words for title in titles if (words := stems(title))]
        if lead and headlines:
            yield covered(first_sentence(rest)[1], headlines), covered(lead.text, headlines)


def milliseconds(told: Sequence[Sequence[ReportText]]) -> float:
    runs = []
    for _ in range(RUNS):
        began = time.process_time()
        for reports in told:
            lead_of(reports)
        runs.append((time.process_time() - began) / len(told) * 1e3)
    return statistics.median(runs)


def row_of(labelled: Labelled) -> Row:
    told = list(stories(labelled))
    shares = [shares for reports in told if (shares := compared(reports))]
    left_out = [pair for reports in told for pair in unseen(reports)]
    return {
        "stories": labelled.name,
        "compared": len(shares),
        "without_a_lead": sum(lead_of(reports) is None for reports in told),
        "first": round(statistics.mean(first for first, _ in shares), 3),
        "lead": round(statistics.mean(lead for _, lead in shares), 3),
        "wins": sum(lead > first for first, lead in shares),
        "ties": sum(lead == first for first, lead in shares),
        "losses": sum(lead < first for first, lead in shares),
        "unseen": len(left_out),
        "unseen_first": round(statistics.mean(first for first, _ in left_out), 3),
        "unseen_lead": round(statistics.mean(lead for _, lead in left_out), 3),
        "ms_each": round(milliseconds(told), 2),
    }


def show(told: Sequence[Sequence[ReportText]], most: int) -> None:
    for reports in told[:: max(1, len(told) // most)][:most]:
        lead: StoryLead | None = lead_of(reports)
        Console().print(f"{reports[-1].title}\n    {lead.text if lead else '-'}\n", markup=False)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("corpus", type=Path)
    options.add_argument("--show", type=int, default=0)
    args = options.parse_args()
    sets = [collected(file) for file in sorted((args.corpus / "same_story").glob("*.json"))]
    rows = [row_of(labelled) for labelled in sets]
    for labelled in sets if args.show else ():
        show(list(stories(labelled)), args.show)
    print_table(rows)
    print_json("leads", rows=rows)


if __name__ == "__main__":
    main()
