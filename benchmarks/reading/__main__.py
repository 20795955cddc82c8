"""How well feeds and pages are read, compared with labels and with other parsers.

    python -m benchmarks.reading CORPUS [--wrong]

CORPUS is a folder of captured feeds and pages with labels. --wrong lists what differs. The date of
a page counts by the day that the page shows and, in the row below, by the day in any time zone. The
table names the share that is a good figure.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from benchmarks.reading import pages
from benchmarks.reading.feeds import Checked, agreed_entries, expected_fields, gofeed_fields
from benchmarks.report import Row, parser, print_rows
from bot.sources.feeds.dates import feed_date
from bot.sources.pages.dates import page_date

TARGETS = {
    "feeds_expected": 0.99, "feeds_gofeed": 0.99, "feeds_real": 1.0, "pages kept": 0.97,
    "pages dropped": 0.975, "titles": 0.90, "dates, as shown": 0.94, "dates, anywhere": 0.94,
    "date strings": 1.0,
}  # fmt: skip
F1_TARGET = 0.973
Checks = dict[str, list[tuple[str, bool]]]


def check_feeds(corpus: Path) -> Checks:
    return {
        "feeds_expected": _named(expected_fields(corpus / "feeds_expected")),
        "feeds_gofeed": _named(gofeed_fields(corpus / "feeds_gofeed")),
        "feeds_real": _named(agreed_entries(corpus / "feeds_real")),
    }


def check_pages(corpus: Path) -> Checks:
    folder = corpus / "articles_trafilatura"
    return {
        "pages kept": list(pages.kept(folder)),
        "pages dropped": list(pages.dropped(folder)),
        "titles": list(pages.titled(folder)),
        "dates, as shown": list(pages.dated(folder)),
        "dates, anywhere": list(pages.dated_in_any_zone(folder)),
        "date strings": date_strings(corpus / "crafted/dates.json"),
    }


def date_strings(path: Path) -> list[tuple[str, bool]]:
    checks = []
    for row in json.loads(path.read_text(encoding="utf-8")):
        read = feed_date if row["kind"] == "feed" else page_date
        got = read(row["text"], row["lang"])
        text = None if got is None else f"{got:%Y-%m-%dT%H:%M:%S}"
        checks.append((f"{row['text']}: {got}", text == row["utc"]))
    return checks


def _named(checks: Iterable[Checked]) -> list[tuple[str, bool]]:
    return [(f"{c.name} {c.field}: {c.got} {c.expected}", c.is_right) for c in checks]


def measure(corpus: Path, *, list_wrong: bool) -> list[Row]:
    rows: list[Row] = []
    for name, checks in (check_feeds(corpus) | check_pages(corpus)).items():
        right = sum(is_right for _, is_right in checks)
        share = round(right / len(checks), 3)
        rows.append(
            {"what": name, "right": right, "of": len(checks), "share": share, "good": TARGETS[name]}
        )
        for wrong in [text for text, is_right in checks if list_wrong and not is_right]:
            Console().print(f"{name}: {wrong}"[:300], markup=False)
    f1 = pages.overlap(corpus / "articles_scrapinghub")
    rows.append({"what": "text, F1", "share": round(f1, 4), "good": F1_TARGET})
    median_ms, mean_ms = pages.milliseconds()
    cpu = {"median_ms": round(median_ms, 1), "mean_ms": round(mean_ms, 1)}
    return [*rows, {"what": "CPU of a page", **cpu}]


def main() -> None:
    options = parser(__doc__)
    options.add_argument("corpus", type=Path)
    options.add_argument("--wrong", action="store_true")
    args = options.parse_args()
    print_rows("reading", measure(args.corpus, list_wrong=args.wrong))


if __name__ == "__main__":
    main()
