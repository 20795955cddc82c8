"""`dateline trace`: the way of one article, from the sources that had it to its messages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.failing import fail

if TYPE_CHECKING:
    from bot.delivery.tracing import Behind, Way

_WHAT = typer.Argument(
    metavar="ARTICLE|URL", help="The number of an article, or an address of it.", show_default=False
)
_DELIVERY = typer.Option(
    help="Follow this delivery back to what it tells instead.", show_default=False
)


def trace(
    article: Annotated[str | None, _WHAT] = None,
    delivery: Annotated[int | None, _DELIVERY] = None,
) -> None:
    """Show where an article went, from its sources to its messages, with times."""
    from rich.console import Console

    from bot.cli.trace_tables import behind_shown, way_shown

    if (article is None) == (delivery is None):
        fail("Name an article by its number or address, or say --delivery NUMBER.")
    way = None
    if delivery is not None:
        behind = asyncio.run(_behind(delivery))
        if behind is None:
            fail(f"There is no delivery {delivery}.")
        Console().print(behind_shown(behind))
        if len(behind.articles) != 1:
            return
        article = str(behind.articles[0].id)
    way = asyncio.run(_way(article or ""))
    if way is None:
        fail(f"There is no article {article} any more, or there never was.")
    Console().print(way_shown(way))


async def _way(article: str) -> Way | None:
    from bot.cli.stored import stored
    from bot.delivery.tracing import Tracing
    from bot.sources.drafts import url_hash

    async with stored() as storage:
        tracing = Tracing(storage)
        if article.isascii() and article.isdigit():
            return await tracing.of_article(int(article))
        return await tracing.of_url(url_hash(article))


async def _behind(delivery_id: int) -> Behind | None:
    from bot.cli.stored import stored
    from bot.delivery.tracing import Tracing

    async with stored() as storage:
        return await Tracing(storage).of_delivery(delivery_id)
