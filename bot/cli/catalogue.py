"""`dateline catalogue`: the topics that everybody may choose from."""

from __future__ import annotations

import asyncio
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli.articles import parse_query
from bot.cli.output import MINUS_IS_NO_OPTION, AsJson, fail, show

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from storage.db.engine import Storage
    from storage.subscriptions import TopicListed

Result = TypeVar("Result")

app = typer.Typer(no_args_is_help=False)

TopicId = Annotated[int, typer.Argument(metavar="ID")]
Name = Annotated[str, typer.Argument(metavar="NAME")]
Query = Annotated[str, typer.Argument(metavar="QUERY")]
_COLUMNS = {
    "id": attrgetter("id"),
    "name": attrgetter("name"),
    "query": attrgetter("typed"),
    "link": attrgetter("slug"),
    "chats": attrgetter("subscribers"),
}


@app.callback(invoke_without_command=True)
def catalogue(context: typer.Context, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Show the topics of the catalogue in their order."""
    if context.invoked_subcommand is None:
        list_(as_json=as_json)


@app.command(name="list")
def list_(*, as_json: AsJson = False) -> None:
    """Show the topics of the catalogue in their order."""
    empty = "The catalogue is empty; the first start fills it."
    show(asyncio.run(_listed()), _COLUMNS, as_json=as_json, empty=empty)


@app.command(context_settings=MINUS_IS_NO_OPTION)
def add(name: Name, query: Query) -> None:
    """Add a topic at the end."""
    from bot.subscribers.catalogue import add_topic

    parse_query(query)
    number = _run(lambda storage: add_topic(storage, name, query))
    typer.echo(f"Added {name} as {number}.")


@app.command()
def rename(topic_id: TopicId, name: Name) -> None:
    """Rename a topic."""
    from bot.subscribers.catalogue import rename_topic

    _run(lambda storage: rename_topic(storage, topic_id, name))
    typer.echo(f"Renamed {topic_id}.")


@app.command(context_settings=MINUS_IS_NO_OPTION)
def query(topic_id: TopicId, query: Query) -> None:
    """Change the query of a topic, for all its subscribers."""
    from bot.subscribers.catalogue import change_query

    parse_query(query)
    _run(lambda storage: change_query(storage, topic_id, query))
    typer.echo(f"Changed {topic_id}.")


@app.command(context_settings=MINUS_IS_NO_OPTION)
def move(
    topic_id: TopicId,
    places: Annotated[int, typer.Argument(help="How many places down; -1 is one up.")],
) -> None:
    """Move a topic within the catalogue."""
    from bot.subscribers.catalogue import move_topic

    _run(lambda storage: move_topic(storage, topic_id, places))
    typer.echo(f"Moved {topic_id}.")


@app.command()
def retire(topic_id: TopicId) -> None:
    """Remove a topic; its subscribers keep it as a topic of their own."""
    from bot.subscribers.catalogue import remove_topic

    _run(lambda storage: remove_topic(storage, topic_id))
    typer.echo(f"Retired {topic_id}.")


def _run(work: Callable[[Storage], Awaitable[Result]]) -> Result:
    from bot.app.resources import stored
    from bot.subscribers.errors import NoSuchTopic, NotAName

    async def with_storage() -> Result:
        async with stored() as storage:
            return await work(storage)

    try:
        return asyncio.run(with_storage())
    except NoSuchTopic:
        fail("The catalogue has no such topic.")
    except NotAName:
        fail("A name needs at least one visible character.")


async def _listed() -> Sequence[TopicListed]:
    from bot.app.resources import stored
    from storage.subscriptions import catalogue_listed

    async with stored() as storage, storage.reading() as tx:
        return await catalogue_listed(tx)
