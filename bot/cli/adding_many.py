"""Adding a list of sources, several at a time, with a bar that shows the feed being tried."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bot.sources.adding import Wish
from bot.sources.urls import host_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from rich.console import Console
    from rich.progress import TaskID

    from bot.sources.adding import Adding, Addition
    from bot.sources.opml import Outline

AT_ONCE = 8


async def add_all(
    adding: Adding, outlines: Sequence[Outline], every: timedelta | None, console: Console
) -> list[Addition]:
    """Return what came of each, in the order in which they were done."""
    done: list[Addition] = []
    waiting = iter(outlines)
    with _bar(console) as progress:
        task = progress.add_task("", total=len(outlines))
        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(outlines))):
                group.create_task(_add_next(adding, waiting, every, done, progress, task))
    return done


async def _add_next(
    adding: Adding,
    waiting: Iterator[Outline],
    every: timedelta | None,
    done: list[Addition],
    progress: Progress,
    task: TaskID,
) -> None:
    for outline in waiting:
        url = outline.url or outline.site
        progress.update(task, description=outline.title or host_of(url))
        wish = Wish(every=every, title=outline.title, folder=outline.folder)
        done.append(await adding.add(url, wish))
        progress.advance(task)


def _bar(console: Console) -> Progress:
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
    )
