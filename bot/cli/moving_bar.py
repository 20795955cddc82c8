"""The bar of a move: rows, and how long it takes still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from types import TracebackType


class Bar:
    """One line for each stage; where nobody looks, as in a log, only how each one ended."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn("{task.fields[what]}"),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def tell(self, stage: str, what: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            # What was there before this run began is not its speed.
            self._tasks[stage] = self._progress.add_task(
                f"{stage:<9}", total=total, completed=done, what=what
            )
        finished = "" if done == total else what
        self._progress.update(self._tasks[stage], completed=done, total=total, what=finished)
