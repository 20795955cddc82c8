"""A monotonic clock that tests turn. For the clock of a database, see `TurnedClock` in `tests.conftest`."""

from dataclasses import dataclass


@dataclass
class MonotonicClock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now
