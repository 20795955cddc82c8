"""What came of an import of people: how much of each, and why not."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Part(StrEnum):
    """What is counted."""

    CHATS = "chats"
    SETTINGS = "settings"
    TOPICS = "topics"
    FEEDS = "feeds"
    MUTES = "mutes"
    MAILBOXES = "mailboxes"


class Outcome(StrEnum):
    ADDED = "added"
    THERE = "already there"
    REFUSED = "refused"


class Reason(StrEnum):
    """Why something was not taken, for whoever runs the bot."""

    UNREADABLE = "cannot be read"
    NO_QUERY = "is no query that can be watched for"
    TOO_MANY = "is one too many (TOPICS_PER_CHAT, FEEDS_PER_CHAT)"
    NO_SOURCE = "names a source that is not here"
    OVER = "is over"
    UNCONFIRMED = "was never confirmed by its owner"
    ANOTHER = "is another than the one that is here"
    INSIDE = "stands in the operator's own network"
    NOT_STORED = "was refused by the database"


_MOST_LINES = 5


@dataclass
class Tally:
    """What came of it. *lines*: where the first few stand that were refused for a reason."""

    counts: Counter[tuple[Part, Outcome]] = field(default_factory=Counter)
    refused: Counter[tuple[Part, Reason]] = field(default_factory=Counter)
    lines: dict[tuple[Part, Reason], list[int]] = field(default_factory=dict)

    def note(self, part: Part, outcome: Outcome, count: int = 1) -> None:
        self.counts[part, outcome] += count

    def refuse(self, part: Part, reason: Reason, line: int) -> None:
        self.note(part, Outcome.REFUSED)
        self.refused[part, reason] += 1
        lines = self.lines.setdefault((part, reason), [])
        if len(lines) < _MOST_LINES and line not in lines:
            lines.append(line)

    def add(self, other: "Tally") -> None:
        self.counts += other.counts
        self.refused += other.refused
        for key, lines in other.lines.items():
            self.lines[key] = (self.lines.get(key, []) + lines)[:_MOST_LINES]
