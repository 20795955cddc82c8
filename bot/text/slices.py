"""Long work in slices, so that the event loop has its turn within a few milliseconds.

What works in slices is a generator: it yields when it has worked for a millisecond or so, at
most two, and in the end returns what it found.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterable
from contextlib import closing
from typing import Final, Protocol, TypeAlias, TypeVar

# Characters that are folded and matched in about 2 ms; longer articles go to a thread.
AT_ONCE = 20_000
_TURN: Final = 0.001  # seconds of work between two turns of the loop


class HasText(Protocol):
    text: str


Article = TypeVar("Article", bound=HasText)
Found = TypeVar("Found")
Slices: TypeAlias = Generator[None, None, Found]


def finished(slices: Slices[Found]) -> Found:
    """Work to the end without a pause."""
    while True:
        try:
            next(slices)
        except StopIteration as end:
            found: Found = end.value
            return found


async def in_turns(slices: Slices[Found]) -> Found:
    """Work to the end; the event loop has its turn first, and then again and again."""
    clock = asyncio.get_running_loop().time
    await asyncio.sleep(0)
    began = clock()
    with closing(slices):
        while True:
            try:
                next(slices)
            except StopIteration as end:
                found: Found = end.value
                return found
            if clock() - began > _TURN:
                await asyncio.sleep(0)
                began = clock()


async def in_slices(
    articles: Iterable[Article], work: Callable[[Article], Found]
) -> AsyncIterator[tuple[Article, Found]]:
    for article in articles:
        if len(article.text) > AT_ONCE:
            yield article, await asyncio.to_thread(work, article)
        else:
            yield article, work(article)
            await asyncio.sleep(0)
