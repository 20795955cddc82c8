"""How long a feed takes to read: of real ones the median, of one made here each dialect.

    python -m benchmarks.reading_speed [CORPUS]

`new`: no entry is known. `known`: all are, as at most polls. Microseconds of one process, medians
of 9 times each; documents that a worker must read are left out. The last line is JSON.
"""

import gzip
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bot.sources.feeds.model import Document
from bot.sources.feeds.reader import read_fast

HOME = "https://paper.example/feed"
TIMES = 9
ENTRIES = 24
_TEXT = "The ferry is late again, and the mayor said on Monday that it was full of people. "


def main() -> None:
    rows = {name: _timed(data) for name, data in _made().items()}
    if len(sys.argv) > 1:
        real = [_timed(data) for data in _real(Path(sys.argv[1]))]
        read = [each for each in real if each]
        rows[f"{len(read)} of {len(real)} real feeds"] = (
            median(new for new, _ in read),
            median(known for _, known in read),
        )
    table = Table("feed", "new, µs", "known, µs", box=None)
    for name, row in rows.items():
        table.add_row(name, *(f"{each:,.0f}" for each in row or ()))
    Console().print(table)
    print(json.dumps({"bench": "reading_speed", "us": rows}))


def _timed(data: bytes) -> tuple[float, float] | None:
    document = read_fast(data, HOME)
    if not isinstance(document, Document):
        return None
    known = frozenset(item.fingerprint for item in document.items)
    new = _median(lambda: read_fast(data, HOME))
    return new, _median(lambda: read_fast(data, HOME, known=known))


def _median(work: Callable[[], object]) -> float:
    took = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        work()
        took.append((time.perf_counter() - begun) * 1e6)
    return median(took)


def _real(corpus: Path) -> Iterator[bytes]:
    for path in sorted((corpus / "feeds_real").glob("*.gz")):
        yield gzip.decompress(path.read_bytes())


def _made() -> dict[str, bytes]:
    """The same entries in each dialect, with a summary and a content of 1 and 5 KB."""
    summary, content = f"&lt;p&gt;{_TEXT * 12}&lt;/p&gt;", f"&lt;p&gt;{_TEXT * 60}&lt;/p&gt;"
    rss = "".join(
        f"<item><title>News {n}</title><link>https://paper.example/{n}</link>"
        f"<description>{summary}</description><c:encoded>{content}</c:encoded>"
        f"<d:date>2026-03-02T10:{n:02}:00Z</d:date></item>"
        for n in range(ENTRIES)
    )
    atom = "".join(
        f'<entry><title>News {n}</title><link href="https://paper.example/{n}"/>'
        f'<id>tag:{n}</id><summary type="html">{summary}</summary>'
        f'<content type="html">{content}</content>'
        f"<updated>2026-03-02T10:{n:02}:00Z</updated></entry>"
        for n in range(ENTRIES)
    )
    objects = [
        {"id": n, "url": f"https://paper.example/{n}", "title": f"News {n}"}
        | {"summary": _TEXT * 12, "content_html": f"<p>{_TEXT * 60}</p>"}
        | {"date_published": f"2026-03-02T10:{n:02}:00Z"}
        for n in range(ENTRIES)
    ]
    spaces = (
        'xmlns:c="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:d="http://purl.org/dc/elements/1.1/"'
    )
    rdf = 'xmlns="http://purl.org/rss/1.0/" xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    head = "<title>Paper</title><link>https://paper.example/</link>"
    return {
        "RSS 2.0": f'<rss version="2.0" {spaces}><channel>{head}{rss}</channel></rss>'.encode(),
        "RSS 1.0": f"<r:RDF {rdf} {spaces}><channel>{head}</channel>{rss}</r:RDF>".encode(),
        "Atom": f'<feed xmlns="http://www.w3.org/2005/Atom">{atom}</feed>'.encode(),
        "JSON Feed": json.dumps({"title": "Paper", "items": objects}).encode(),
    }


if __name__ == "__main__":
    main()
