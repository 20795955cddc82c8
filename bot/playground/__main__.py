"""The playground alone: `python -m bot.playground --port 8081`; prints its address once up."""

import asyncio
import sys
from argparse import ArgumentParser
from contextlib import suppress
from datetime import timedelta

from bot.playground.api.flood import FloodMode
from bot.playground.server import Playground, run_forever


def main() -> None:
    parser = ArgumentParser(description="A Telegram Bot API on this machine, with a chat page.")
    parser.add_argument("--port", type=int, default=8081, help="0 takes a free one")
    parser.add_argument("--flood", choices=list(FloodMode), default=FloodMode.NORMAL)
    parser.add_argument(
        "--every", type=float, default=45, help="seconds between two articles; 0 publishes none"
    )
    parser.add_argument("--latency", type=float, default=0, help="seconds that each call takes")
    parser.add_argument(
        "--longest-pause", type=float, default=60, help="seconds until a webhook is tried again"
    )
    asked = parser.parse_args()
    every = timedelta(seconds=asked.every) if asked.every else None
    with suppress(KeyboardInterrupt):
        asyncio.run(
            run_forever(
                asked.port,
                flood=asked.flood,
                newsroom_every=every,
                latency=asked.latency,
                longest_pause=asked.longest_pause,
                started=_say,
            )
        )


def _say(playground: Playground) -> None:
    sys.stdout.write(f"{playground.base_url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
