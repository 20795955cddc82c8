"""`dateline catalogue`: the topics that everybody may choose from."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli.failing import fail
from bot.cli.queries import parsed
from bot.subscribers import cataloguing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from storage.db.engine import Storage
    from storage.subscriptions import TopicListed

Result = TypeVar("Result")

app = typer.Typer(no_args_is_help=False)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
TopicId = Annotated[int, typer.Argument(metavar="ID")]
Name = Annotated[str, typer.Argument(metavar="NAME")]
Words = Annotated[str, typer.Argument(metavar="QUERY")]
# A query may begin with a minus, which is no option.
MINUS_IS_NO_OPTION = {"ignore_unknown_options": True}


@app.callback(invoke_without_command=True)
def catalogue(context: typer.Context, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Show the topics of the catalogue, in their order."""
    if context.invoked_subcommand is None:
        show(as_json=as_json)


@app.command(name="list")
def show(*, as_json: AsJson = False) -> None:
    """Show the topics of the catalogue, in their order."""
    topics = asyncio.run(_listed())
    if as_json:
        for topic in topics:
            typer.echo(json.dumps(topic._asdict(), ensure_ascii=False))
    elif topics:
        _print_table(topics)
    else:
        typer.echo("The catalogue is empty; the first start fills it.")


@app.command(context_settings=MINUS_IS_NO_OPTION)
def add(name: Name, query: Words) -> None:
    """Put a topic at the end."""
    parsed(query)
    number = _do(lambda storage: cataloguing.add_topic(storage, name, query))
    typer.echo(f"Added {name} as {number}.")


@app.command()
def rename(topic_id: TopicId, name: Name) -> None:
    """Call a topic otherwise."""
    _do(lambda storage: cataloguing.rename_topic(storage, topic_id, name))
    typer.echo(f"Renamed {topic_id}.")


@app.command(context_settings=MINUS_IS_NO_OPTION)
def query(topic_id: TopicId, query: Words) -> None:
    """Give a topic another query, for all who watch it."""
    parsed(query)
    _do(lambda storage: cataloguing.change_query(storage, topic_id, query))
    typer.echo(f"Changed {topic_id}.")


@app.command(context_settings=MINUS_IS_NO_OPTION)
def move(
    topic_id: TopicId,
    places: Annotated[int, typer.Argument(help="So many places down; -1 is one up.")],
) -> None:
    """Move a topic within the catalogue."""
    _do(lambda storage: cataloguing.move_topic(storage, topic_id, places))
    typer.echo(f"Moved {topic_id}.")


@app.command()
def retire(topic_id: TopicId) -> None:
    """Take a topic out; who watches it keeps it as their own."""
    _do(lambda storage: cataloguing.remove_topic(storage, topic_id))
    typer.echo(f"Retired {topic_id}.")


def _do(work: Callable[[Storage], Awaitable[Result]]) -> Result:
    from bot.subscribers.errors import NoSuchTopic, NotAName

    try:
        return asyncio.run(_with(work))
    except NoSuchTopic:
        fail("The catalogue has no such topic.")
    except NotAName:
        fail("A name needs something that can be seen.")


async def _with(work: Callable[[Storage], Awaitable[Result]]) -> Result:
    from bot.cli.stored import stored

    async with stored() as storage:
        return await work(storage)


async def _listed() -> Sequence[TopicListed]:
    from bot.cli.stored import stored
    from storage.subscriptions import catalogue_listed

    async with stored() as storage, storage.reading() as tx:
        return await catalogue_listed(tx)


def _print_table(topics: Sequence[TopicListed]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("id", "name", "query", "link", "chats")
    for topic in topics:
        cells = (str(topic.id), topic.name, topic.typed, topic.slug, str(topic.subscribers))
        table.add_row(*(escape(cell) for cell in cells))
    Console().print(table)
