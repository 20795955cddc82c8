"""Role `poll`: what brings articles in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.loops import Loop

if TYPE_CHECKING:
    from bot.app.surroundings import Surroundings

# Sources of slow hosts must not hold up the others.
POLLERS = 4
PAGE_READERS = 4


def reading_loops(around: Surroundings) -> list[Loop]:
    from bot.ops.instrumented_sources import InstrumentedFetcher, InstrumentedReader
    from bot.sources.discovery.search_feeds import update_search_feeds
    from bot.sources.fulltext import Completing
    from bot.sources.poll import Poller

    tools, settings, watch = around.tools, around.settings, around.watch
    feeds = (
        InstrumentedFetcher(tools.fetcher, watch, "feed"),
        InstrumentedReader(tools.reader, watch, "feed"),
    )
    of_articles = (
        InstrumentedFetcher(tools.fetcher, watch, "page"),
        InstrumentedReader(tools.reader, watch, "page"),
    )
    poller = Poller(tools.storage, *feeds, around.owner)
    completing = Completing(tools.storage, *of_articles, around.owner)
    searches = partial(
        update_search_feeds, tools.storage, settings.search_feeds, settings.search_feeds_budget
    )

    pages = [Loop("page", completing.complete_due) for _ in range(PAGE_READERS)]
    polls = [Loop("poll", poller.poll_due) for _ in range(POLLERS)]
    return [*pages, *polls, Loop("search", searches), *_hub_loops(around)]


def _hub_loops(around: Surroundings) -> list[Loop]:
    """Return the loop that asks hubs, where they can call back."""
    from bot.sources.fetch.websub import ask_hubs
    from bot.web.webhooks import HUB_PATH

    if around.settings.public_url is None:
        return []
    callback = str(around.settings.public_url).rstrip("/") + HUB_PATH
    storage, client = around.storage, around.tools.fetcher
    ask = partial(ask_hubs, storage, client, owner=around.owner, callback=callback)
    return [Loop("hubs", ask)]
