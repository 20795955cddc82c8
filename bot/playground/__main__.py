"""Runs the playground alone, and prints its address once it is up.

python -m bot.playground --port 8081
"""

import asyncio
import sys
from argparse import ArgumentParser
from contextlib import suppress
from datetime import timedelta

from bot.playground.server import Playground, run_forever
from bot.playground.state.flood import FloodMode


def main() -> None:
    parser = ArgumentParser(description="A Telegram Bot API on this machine, with a chat page.")
    parser.add_argument("--port", type=int, default=8081, help="0 takes a free port")
    parser.add_argument("--flood", choices=list(FloodMode), default=FloodMode.NORMAL)
    parser.add_argument(
        "--every", type=float, default=45, help="seconds between two articles; 0 publishes none"
    )
    parser.add_argument("--latency", type=float, default=0, help="seconds that each call takes")
    parser.add_argument(
        "--longest-pause", type=float, default=60, help="seconds until a webhook is tried again"
    )
    options = parser.parse_args()
    every = timedelta(seconds=options.every) if options.every else None
    with suppress(KeyboardInterrupt):
        asyncio.run(
            run_forever(
                options.port,
                flood=options.flood,
                newsroom_every=every,
                latency=options.latency,
                longest_pause=options.longest_pause,
                started=_print_address,
            )
        )


def _print_address(playground: Playground) -> None:
    sys.stdout.write(f"{playground.base_url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
