"""What a database says of itself, for whoever asks how it is."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class SqliteFacts:
    """*integrity* is "ok", what is wrong, or "" where the time did not suffice to look."""

    journal: str
    integrity: str
    has_full_text: bool


@dataclass(frozen=True, slots=True)
class PostgresqlFacts:
    oldest: timedelta  # how long the longest transaction has been open
    has_autovacuum: bool
    connections: int
    most_connections: int


@dataclass(frozen=True, slots=True)
class Condition:
    """*pending* migrations lie between its *revision* and ours, None: that is none of ours.

    *unwritable* says why nothing can be written; *ahead* how far this host's clock is before its.
    """

    version: tuple[int, ...]
    revision: str | None
    pending: int | None
    unwritable: str
    size: int
    ahead: timedelta
    own: SqliteFacts | PostgresqlFacts
