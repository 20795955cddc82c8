"""The newsroom alone: `python -m bot.playground.newsroom --port 8090`."""

from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta

from aiohttp import web

from bot.playground.newsroom.desk import Newsroom


def main() -> None:
    parser = ArgumentParser(description="Serve invented news on this machine.")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--every", type=float, default=45, help="seconds between two articles")
    asked = parser.parse_args()
    newsroom = Newsroom(lambda: datetime.now(UTC), timedelta(seconds=asked.every))
    app = web.Application()
    app.add_routes(newsroom.routes())
    app.cleanup_ctx.append(newsroom.lifetime)
    web.run_app(app, host="127.0.0.1", port=asked.port)


if __name__ == "__main__":
    main()
