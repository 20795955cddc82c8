"""How well feeds and pages are read, against what others found in them.

    python -m benchmarks.reading [CORPUS] [--wrong]

Without the folder of the corpus only pages of our own are read; `--wrong` lists what is not right.
A date of a page counts by its day as the page tells it and, in the row below, if somewhere on
Earth it was that day. The last line is JSON.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import reading_pages
from benchmarks.reading_feeds import Checked, agreed_entries, expected_fields, gofeed_fields
from benchmarks.reading_hostile import hostile_pages
from bot.sources.feeds.dates import feed_date
from bot.sources.pages.dates import page_date

TARGETS = {
    "feeds_expected": 0.99, "feeds_gofeed": 0.99, "feeds_real": 1.0, "pages kept": 0.97,
    "pages dropped": 0.975, "titles": 0.90, "dates, as shown": 0.94, "dates, anywhere": 0.94,
    "date strings": 1.0, "hostile kept": 1.0, "hostile dropped": 1.0,
}  # fmt: skip
F1_TARGET = 0.973
Rows = dict[str, list[tuple[str, bool]]]


def feeds(corpus: Path) -> Rows:
    return {
        "feeds_expected": _named(expected_fields(corpus / "feeds_expected")),
        "feeds_gofeed": _named(gofeed_fields(corpus / "feeds_gofeed")),
        "feeds_real": _named(agreed_entries(corpus / "feeds_real")),
    }


def pages(corpus: Path) -> Rows:
    folder = corpus / "articles_trafilatura"
    return {
        "pages kept": list(reading_pages.kept(folder)),
        "pages dropped": list(reading_pages.dropped(folder)),
        "titles": list(reading_pages.titled(folder)),
        "dates, as shown": list(reading_pages.dated(folder)),
        "dates, anywhere": list(reading_pages.dated_there(folder)),
        "date strings": date_strings(corpus / "crafted/dates.json"),
    }


def hostile() -> Rows:
    found = list(hostile_pages())
    return {
        "hostile kept": [(name, is_whole) for name, is_whole, _ in found],
        "hostile dropped": [(name, is_gone) for name, _, is_gone in found],
    }


def date_strings(path: Path) -> list[tuple[str, bool]]:
    found = []
    for row in json.loads(path.read_text(encoding="utf-8")):
        read = feed_date if row["kind"] == "feed" else page_date
        got = read(row["text"], row["lang"])
        text = None if got is None else f"{got:%Y-%m-%dT%H:%M:%S}"
        found.append((f"{row['text']}: {got}", text == row["utc"]))
    return found


def _named(checks: Iterable[Checked]) -> list[tuple[str, bool]]:
    return [(f"{c.name} {c.field}: {c.got} {c.expected}", c.is_right) for c in checks]


def show(rows: Rows, f1: float | None, *, with_wrong: bool) -> dict[str, object]:
    console = Console()
    table = Table("what", "right", "of", "share", "wanted")
    summary: dict[str, object] = {"bench": "reading"}
    for name, checks in rows.items():
        right = sum(is_right for _, is_right in checks)
        share = right / len(checks)
        table.add_row(name, str(right), str(len(checks)), f"{share:.3f}", f"{TARGETS[name]:.3f}")
        summary[name] = {"right": right, "of": len(checks)}
        for wrong in [text for text, is_right in checks if with_wrong and not is_right]:
            console.print(f"{name}: {wrong}"[:300], markup=False)
    if f1 is not None:
        table.add_row("body, F1", "", "", f"{f1:.3f}", f"{F1_TARGET:.3f}")
        summary["f1"] = round(f1, 4)
        middle, mean = reading_pages.milliseconds()
        table.add_row("CPU a page, ms", f"{middle:.0f}", "", f"{mean:.0f}", "")
        summary["ms_a_page"] = {"median": round(middle, 1), "mean": round(mean, 1)}
    console.print(table)
    return summary


def main() -> None:
    folders = [word for word in sys.argv[1:] if not word.startswith("--")]
    rows, f1 = hostile(), None
    if folders:
        corpus = Path(folders[0])
        rows = feeds(corpus) | pages(corpus) | rows
        f1 = reading_pages.overlap(corpus / "articles_scrapinghub")
    print(json.dumps(show(rows, f1, with_wrong="--wrong" in sys.argv)))


if __name__ == "__main__":
    main()
