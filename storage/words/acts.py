"""What those who run the bot do, and what is counted for them."""

from enum import StrEnum


class Audience(StrEnum):
    """Whom the operator speaks to."""

    ALL = "all"
    PRIVATE = "private"


class BroadcastState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    STOPPING = "stopping"  # what is in hand may still arrive
    STOPPED = "stopped"
    DONE = "done"


class Event(StrEnum):
    """What is counted day by day."""

    FLOOD_WAIT = "flood wait"  # Telegram answered 429


class Deed(StrEnum):
    """What those who run the bot do, as the list of their acts calls it."""

    APPOINTED = "admin"  # became an admin by the printed link
    SOURCE_ADDED = "source add"
    SOURCE_REMOVED = "source remove"
    INVITED = "invite"
    UNINVITED = "invite end"
    BANNED = "ban"
    ALLOWED = "allow"
    LIMITED = "limit"
    BROADCAST = "broadcast"
    STOPPED = "broadcast stop"
    TOPIC_ADDED = "topic add"
    TOPIC_RENAMED = "topic rename"
    TOPIC_REWORDED = "topic query"
    TOPIC_MOVED = "topic move"
    TOPIC_RETIRED = "topic retire"
    RELEASED = "release"
    DROPPED = "drop"
    UNDROPPED = "drop undone"
