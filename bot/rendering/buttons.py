"""What buttons say back when they are pressed: `<door>` or `<door>:<number>`, 1-64 bytes.

The data is all there is: a button on a week-old digest still works. The chat reads it with
aiogram's CallbackData of the same prefix.
"""

TOPICS = "topics"  # topics:<page>, of the chat's own topics
SETTINGS = "settings"  # time, zone, pause


def topics_page(page: int = 0) -> str:
    return f"{TOPICS}:{page}"
