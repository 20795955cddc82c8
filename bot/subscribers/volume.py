"""How much a query brings: stories a day, or days between two."""

from dataclasses import dataclass
from datetime import timedelta

FLOOD = 30  # stories a day
_DAY = timedelta(days=1)
_SHORTEST = timedelta(hours=1)  # from which a day can be estimated


@dataclass(frozen=True, slots=True)
class Volume:
    """*count* stories in the time *covered*, to its end; what it comes to is rounded."""

    count: int
    covered: timedelta

    @property
    def per_day(self) -> int:
        return round(self.count * (_DAY / max(self.covered, _SHORTEST)))

    @property
    def is_flood(self) -> bool:
        """More than anybody reads."""
        return self.per_day >= FLOOD

    @property
    def every_days(self) -> int:
        return round(self.covered / _DAY / self.count) if self.count else 0
