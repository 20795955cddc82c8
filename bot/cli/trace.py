"""`dateline trace`: where one article went, from the sources that had it to its messages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.failing import fail

if TYPE_CHECKING:
    from bot.delivery.trace import ArticleTrace, DeliveryTrace

_WHAT = typer.Argument(
    metavar="ARTICLE|URL", help="The number of an article, or an address of it.", show_default=False
)
_DELIVERY = typer.Option(
    help="Follow this delivery back to what it reports instead.", show_default=False
)


def trace(
    article: Annotated[str | None, _WHAT] = None,
    delivery: Annotated[int | None, _DELIVERY] = None,
) -> None:
    """Show where an article went, from its sources to its messages, with times."""
    from rich.console import Console

    from bot.cli.trace_tables import article_shown, delivery_shown

    if (article is None) == (delivery is None):
        fail("Name an article by its number or address, or say --delivery NUMBER.")
    if delivery is not None:
        of_delivery = asyncio.run(_trace_delivery(delivery))
        if of_delivery is None:
            fail(f"There is no delivery {delivery}.")
        Console().print(delivery_shown(of_delivery))
        if len(of_delivery.articles) != 1:
            return
        article = str(of_delivery.articles[0].id)
    of_article = asyncio.run(_trace_article(article or ""))
    if of_article is None:
        fail(f"There is no article {article} any more, or there never was.")
    Console().print(article_shown(of_article))


async def _trace_article(article: str) -> ArticleTrace | None:
    from bot.cli.stored import stored
    from bot.delivery.trace import trace_article, trace_url
    from bot.sources.drafts import url_hash

    async with stored() as storage:
        if article.isascii() and article.isdigit():
            return await trace_article(storage, int(article))
        return await trace_url(storage, url_hash(article))


async def _trace_delivery(delivery_id: int) -> DeliveryTrace | None:
    from bot.cli.stored import stored
    from bot.delivery.trace import trace_delivery

    async with stored() as storage:
        return await trace_delivery(storage, delivery_id)
