"""What buttons say back when they are pressed: `<door>` or `<door>:<number>`, 1-64 bytes.

The data is all there is: a button on a week-old digest still works. The chat reads it with
aiogram's CallbackData of the same prefix.
"""

from datetime import date

TOPICS = "topics"  # topics:<page>, of the chat's own topics
SETTINGS = "settings"  # time, zone, pause
ALL = "all"  # all:<yyyymmdd>:<slot>:<topic>, what a digest only counted; date 0: the one to come


def topics_page(page: int = 0) -> str:
    return f"{TOPICS}:{page}"


def show_all(day: date | None, slot: int, topic_id: int) -> str:
    return f"{ALL}:{day:%Y%m%d}:{slot}:{topic_id}" if day else f"{ALL}:0:0:{topic_id}"
