"""A monotonic clock that tests turn. `TurnedClock` of `tests.conftest` is that of a database."""

from dataclasses import dataclass


@dataclass
class MonotonicClock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now
