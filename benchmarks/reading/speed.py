"""How long a feed takes to read: real ones, and one of each dialect.

    python -m benchmarks.reading.speed [CORPUS]

`new`: no entry is known. `two_new`: all but two are. `known`: all are. The figures are
microseconds of one process, medians of 9 times each; documents for a worker are left out. A real
feed should take less than a millisecond, and a tenth of that if all entries are known.
"""

import gzip
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from benchmarks.report import Row, parser, print_rows
from bot.sources.drafts import seen_entries
from bot.sources.feeds.known_entries import mark
from bot.sources.feeds.model import Document, pack_seen
from bot.sources.feeds.reader import NeedsWorker, read_fast

HOME = "https://paper.example/feed"
TIMES = 9
ENTRIES = 24
_TEXT = "The ferry is late again, and the mayor said on Monday that it was full of people. "


def main() -> None:
    options = parser(__doc__)
    options.add_argument("corpus", type=Path, nargs="?")
    corpus = options.parse_args().corpus
    rows: list[Row] = [{"feed": name, **(_timed(data) or {})} for name, data in _dialects().items()]
    if corpus:
        real = [_timed(data) for data in _real_feeds(corpus)]
        read = [row for row in real if row]
        names = ("new_us", "two_new_us", "known_us")
        medians = {name: median(row[name] for row in read) for name in names}
        rows.append({"feed": f"median of {len(read)} of {len(real)} real feeds", **medians})
    print_rows("reading.speed", rows)


def _timed(data: bytes) -> dict[str, float] | None:
    document = _read(data, b"")
    if not isinstance(document, Document):
        return None
    entries = seen_entries(document)
    two_new, known = (pack_seen(seen, document.language) for seen in (entries[2:], entries))
    return {
        "new_us": round(_median(lambda: _read(data, b""))),
        "two_new_us": round(_median(lambda: _read(data, two_new))),
        "known_us": round(_median(lambda: _read(data, known))),
    }


def _read(data: bytes, known: bytes) -> Document | NeedsWorker:
    body = mark(data, HOME, "", known)
    return read_fast(body.data, HOME, language_before=body.language)


def _median(work: Callable[[], object]) -> float:
    took = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        work()
        took.append((time.perf_counter() - begun) * 1e6)
    return median(took)


def _real_feeds(corpus: Path) -> Iterator[bytes]:
    for path in sorted((corpus / "feeds_real").glob("*.gz")):
        yield gzip.decompress(path.read_bytes())


def _dialects() -> dict[str, bytes]:
    """Return the same entries in each dialect, with a summary of 1 KB and a content of 5 KB."""
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
