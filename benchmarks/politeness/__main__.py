"""Rules of polite fetching: in a simulated week for Dateline, or by hand for any reader.

python -m benchmarks.politeness --score    # Dateline's own reader; it should keep all rules
python -m benchmarks.politeness            # serve the feeds and the score (Linux)
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import structlog

from benchmarks.databases import database
from benchmarks.politeness.rulebook import RULES
from benchmarks.politeness.rules import Mark
from benchmarks.politeness.server import Recorder, Server, format_score
from benchmarks.politeness.week import simulate_week
from benchmarks.report import parser
from tests.fake_web import serving

# The list and the score are served here, and each rule's feeds at an address after it.
FIRST = "127.0.77.0"


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--score", action="store_true", help="score Dateline's own reader")
    options.add_argument("--port", type=int, default=8090, help="where the feeds are served")
    given = options.parse_args()
    if given.score:
        return asyncio.run(_score())
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(given.port))
    return 0


async def _score() -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    async with database() as url:
        verdicts = await simulate_week(url)
    print(format_score(verdicts))
    return any(verdict.mark is not Mark.KEPT for verdict in verdicts)


async def _serve(port: int) -> None:
    hosts = [FIRST.removesuffix("0") + str(number) for number in range(1, len(RULES) + 1)]
    sites = {f"http://{host}:{port}": rule for host, rule in zip(hosts, RULES, strict=True)}
    server = Server(Recorder(sites, lambda: datetime.now(UTC)))
    async with serving(server.respond_with_lists, [FIRST, *hosts], port):
        print(f"Feeds for a reader: http://{FIRST}:{port}/feeds.opml")
        print(f"Its score so far:   http://{FIRST}:{port}/")
        await asyncio.Event().wait()


if __name__ == "__main__":
    raise SystemExit(main())
