"""What is known of a source before a visit; its row in storage is one such, seen from here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from storage.enums import SourceKind


class Known(Protocol):
    """The columns of a source's row that a visit builds on."""

    @property
    def kind(self) -> SourceKind: ...
    @property
    def every_seconds(self) -> int | None: ...
    @property
    def fetched_at(self) -> datetime | None: ...
    @property
    def first_read_at(self) -> datetime | None: ...
    @property
    def newest_at(self) -> datetime | None: ...
    @property
    def rhythm_seconds(self) -> int | None: ...
    @property
    def ttl_seconds(self) -> int | None: ...
    @property
    def skip_hours(self) -> int: ...
    @property
    def skip_days(self) -> int: ...
    @property
    def own_network(self) -> bool: ...
    @property
    def fetches(self) -> int: ...
    @property
    def unchanged(self) -> int: ...
    @property
    def failures(self) -> int: ...
    @property
    def trouble(self) -> str | None: ...
    @property
    def trouble_since(self) -> datetime | None: ...
    @property
    def moved_to(self) -> str | None: ...
    @property
    def moved_seen(self) -> int: ...
    @property
    def hinted_at(self) -> datetime | None: ...
    @property
    def pushed_until(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Newborn:
    """A source before its first visit."""

    kind: SourceKind = SourceKind.FEED
    every_seconds: int | None = None
    fetched_at: datetime | None = None
    first_read_at: datetime | None = None
    newest_at: datetime | None = None
    rhythm_seconds: int | None = None
    ttl_seconds: int | None = None
    skip_hours: int = 0
    skip_days: int = 0
    own_network: bool = False
    fetches: int = 0
    unchanged: int = 0
    failures: int = 0
    trouble: str | None = None
    trouble_since: datetime | None = None
    moved_to: str | None = None
    moved_seen: int = 0
    hinted_at: datetime | None = None
    pushed_until: datetime | None = None
