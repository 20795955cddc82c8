"""Adds many sources at once: the starter feeds, or those of a list."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from bot.sources.discovery.add import Addition, AddOutcome, Form, SourceAdder, SourceOptions
from bot.sources.discovery.opml import Outline
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.urls import host_of
from storage.db.problems import DatabaseError

HOSTS_AT_ONCE: Final = 16

# An address, and how to read it.
Wanted: TypeAlias = tuple[str, SourceOptions]


def as_listed(outlines: Iterable[Outline], options: SourceOptions) -> list[Wanted]:
    """Return the sources in a list. A page that is listed as a feed must have exactly one feed."""
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
    adder: SourceAdder,
    wanted: Sequence[Wanted],
    trying: Callable[[Sequence[Addition], str], None],
) -> list[Addition]:
    """Add sources, one at a time per host; return the additions in the order of completion.

    *trying* gets the additions so far and the name of the source that is read next.
    """
    done: list[Addition] = []
    hosts = iter(_by_host(wanted))

    async def add_hosts() -> None:
        for one_host in hosts:
            for url, options in one_host:
                trying(done, options.title or url)
                done.append(await _add(adder, url, options))

    async with asyncio.TaskGroup() as group:
        for _ in range(min(HOSTS_AT_ONCE, len(wanted))):
            group.create_task(add_hosts())
    return done


def count_failures(done: Iterable[Addition]) -> int:
    fine = {AddOutcome.ADDED, AddOutcome.THERE}
    return sum(addition.outcome not in fine for addition in done)


def _by_host(wanted: Iterable[Wanted]) -> Iterator[list[Wanted]]:
    """Yield the sources of each host, the largest host first because it takes the longest."""
    hosts: dict[str, list[Wanted]] = defaultdict(list)
    for url, options in wanted:
        hosts[host_of(url)].append((url, options))
    yield from sorted(hosts.values(), key=len, reverse=True)


async def _add(adder: SourceAdder, url: str, options: SourceOptions) -> Addition:
    """Add a source; return a database error as an outcome, so that the others are still added."""
    try:
        return await adder.add(url, options)
    except DatabaseError as error:
        detail = {"reason": str(error.orig).splitlines()[0]}
        problem = Problem(ProblemCode.NOT_STORED, detail)
        return Addition(url, AddOutcome.REFUSED, options.title, problem=problem)
