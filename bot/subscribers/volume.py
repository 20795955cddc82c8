"""How much a query brings: stories a day, or days between two."""

from dataclasses import dataclass

FLOOD = 30  # stories a day


@dataclass(frozen=True, slots=True)
class Volume:
    """*count* stories in the last *days*, or more than that; what it comes to is rounded."""

    count: int
    days: int
    is_more: bool = False

    @property
    def per_day(self) -> int:
        return round(self.count / self.days)

    @property
    def is_flood(self) -> bool:
        """More than anybody reads."""
        return self.is_more or self.per_day >= FLOOD

    @property
    def every_days(self) -> int:
        return round(self.days / self.count) if self.count else 0
