"""Adding a list of sources: a host at a time, several hosts side by side, with a bar."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.sources.discovery.add import Addition, Form, Outcome
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.urls import host_of
from storage.db.engine import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console
    from rich.progress import TaskID

    from bot.sources.discovery.add import SourceOptions
    from bot.sources.discovery.opml import Outline

AT_ONCE = 16


class Adds(Protocol):
    async def add(self, url: str, options: SourceOptions, /) -> Addition: ...


def as_listed(
    outlines: Iterable[Outline], options: SourceOptions
) -> list[tuple[str, SourceOptions]]:
    """A list names feeds; where it names a page instead, only its one feed will do."""
    return [
        (
            each.url or each.site,
            replace(
                options,
                title=each.title,
                folder=each.folder,
                form=Form.PAGE if each.is_page else Form.FEED,
            ),
        )
        for each in outlines
    ]


async def add_all(
    adding: Adds, wanted: Sequence[tuple[str, SourceOptions]], console: Console
) -> list[Addition]:
    """Return what came of each, in the order in which they were done."""
    done: list[Addition] = []
    hosts = iter(_by_host(wanted))
    with _bar(console) as progress:
        task = progress.add_task("", total=len(wanted))
        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(wanted))):
                group.create_task(_add_next(adding, hosts, done, progress, task))
    return done


def _by_host(wanted: Iterable[tuple[str, SourceOptions]]) -> list[list[tuple[str, SourceOptions]]]:
    """The longest first: a host is asked every two seconds, so that they take the longest."""
    hosts: dict[str, list[tuple[str, SourceOptions]]] = defaultdict(list)
    for url, options in wanted:
        hosts[host_of(url)].append((url, options))
    return sorted(hosts.values(), key=len, reverse=True)


async def _add_next(
    adding: Adds,
    hosts: Iterator[Sequence[tuple[str, SourceOptions]]],
    done: list[Addition],
    progress: Progress,
    task: TaskID,
) -> None:
    for one_host in hosts:
        for url, options in one_host:
            progress.update(
                task, description=f"{_tally(done)}{escape(options.title or host_of(url))}"
            )
            done.append(await _added(adding, url, options))
            progress.advance(task)


async def _added(adding: Adds, url: str, options: SourceOptions) -> Addition:
    """What the database refuses must not end the others: it may be busy, or be full for good."""
    try:
        return await adding.add(url, options)
    except DatabaseError as error:
        detail = {"reason": str(error.orig).splitlines()[0]}
        problem = Problem(ProblemCode.NOT_STORED, detail)
        return Addition(url, Outcome.REFUSED, options.title, problem=problem)


def _tally(done: Iterable[Addition]) -> str:
    counts = Counter(addition.outcome for addition in done)
    failed = sum(counts.values()) - counts[Outcome.ADDED] - counts[Outcome.THERE]
    return f"[red]{failed} not added[/red]  " if failed else ""


def _bar(console: Console) -> Progress:
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
    )
