"""Runs `dateline run` on a fake Internet: every name has a public address and leads to one port.

    NEIGHBOURS_PORT=8123 python -m benchmarks.neighbours.program run

The bot's own checks stay, because a socket is checked before it is redirected.
"""

import os

from bot.app import run
from bot.cli.main import main
from bot.ops import installed_version
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.connection import CheckedSockets
from bot.sources.fetch.ssrf import AddressPolicy
from tests.fake_web import FakeNames, RedirectedSockets


def make_fetcher(*_settings: object) -> Fetcher:
    port = int(os.environ["NEIGHBOURS_PORT"])
    return Fetcher(
        policy=AddressPolicy(),
        user_agent=f"Dateline/{installed_version()} (benchmark)",
        resolver=FakeNames(),
        sockets=lambda policy: RedirectedSockets(CheckedSockets(policy), port),
    )


if __name__ == "__main__":
    run.make_fetcher = make_fetcher  # type: ignore[assignment, attr-defined]
    main()
