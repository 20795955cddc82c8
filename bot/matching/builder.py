"""The builder's main: pages of queries come in, the index of them goes out as a snapshot.

To compile a million takes Python ten seconds and more, and a thread would hold up the event loop
for as long; hence a process. Each line of stdin is a page in JSON, `[[id, canonical], …]`; the
argument is the number of the change up to which they are.
"""

import gc
import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator

from bot.matching.canonical import read_back
from bot.matching.engine.snapshot import write
from bot.matching.index import QueryIndex
from bot.matching.query import Query, QueryError

_BEHIND = 10  # those who serve people


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who kills us
    os.nice(_BEHIND)
    gc.disable()  # nothing here is a cycle, and looking for them takes half of the time
    index = QueryIndex()
    index.extend(_queries(sys.stdin.buffer))
    write(sys.stdout.buffer, index.snapshot(int(sys.argv[1])))


def _queries(pages: Iterable[bytes]) -> Iterator[tuple[int, Query]]:
    for page in pages:
        for query_id, canonical in json.loads(page):
            try:
                yield query_id, read_back(canonical)
            except QueryError:
                continue  # an older grammar's; it matches nothing until its topic is edited


if __name__ == "__main__":
    main()
