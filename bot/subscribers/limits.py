"""How much one chat may have."""

from dataclasses import dataclass
from enum import StrEnum

MOST_TOPICS = 100  # unless whoever runs the bot says otherwise
FEEDS_PER_CHAT = 50  # of its own; the same
MOST_LISTED = 1000  # topics; nobody may have more
MOST_ALERTS_AN_HOUR = 60
LONGEST_PAUSE_DAYS = 366
LONGEST_NAME = 80  # characters of a topic's name; its query may be longer


class Limited(StrEnum):
    """What there are limits to."""

    TOPICS = "topics"
    FEEDS = "feeds"  # of the chat's own
    ALERTS = "alerts"  # a day; 0 is no limit


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of each; see `Limited`."""

    topics: int = MOST_TOPICS
    feeds: int = FEEDS_PER_CHAT
    alerts: int = 0


# Those of a chat of which nothing was said.
USUAL_LIMITS = Limits()
