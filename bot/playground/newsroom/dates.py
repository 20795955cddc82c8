"""How each language says a date, and the open dates of a draft filled in."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Self

OPEN_DATE = re.compile(r"\{(?P<what>day|date)(?P<shift>[+-]\d+)?\}")


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language and its patterns; see `languages.toml` for what each is for."""

    code: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    months_short: tuple[str, ...]
    day_pattern: str
    date_pattern: str
    line_pattern: str
    follow_up: str

    @classmethod
    def from_table(cls, code: str, table: dict[str, Any]) -> Self:
        return cls(
            code=code,
            weekdays=tuple(table["weekdays"]),
            months=tuple(table["months"]),
            months_short=tuple(table.get("months_short", table["months"])),
            day_pattern=table["day"],
            date_pattern=table["date"],
            line_pattern=table["line"],
            follow_up=table["follow_up"],
        )

    @property
    def direction(self) -> str:
        return "rtl" if self.code == "ar" else "ltr"

    def say(self, pattern: str, when: date, **more: str) -> str:
        """Fill the names of a day, and *more*, into one of the patterns."""
        return pattern.format(
            weekday=self.weekdays[when.weekday()],
            day=when.day,
            month=self.months[when.month - 1],
            month_short=self.months_short[when.month - 1],
            year=when.year,
            **more,
        )

    def fill(self, text: str, today: date) -> str:
        """Replace `{day-1}`, `{date+4}` and the like, counted from *today*."""
        return OPEN_DATE.sub(lambda found: self._say_shifted(found, today), text)

    def _say_shifted(self, found: re.Match[str], today: date) -> str:
        when = today + timedelta(days=int(found["shift"] or 0))
        return self.say(self.day_pattern if found["what"] == "day" else self.date_pattern, when)
