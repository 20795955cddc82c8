"""A monotonic clock that tests turn. `TurnedClock` in `tests.conftest` is a database's."""

from dataclasses import dataclass


@dataclass
class MonotonicClock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now
