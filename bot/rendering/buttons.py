"""What buttons say back when they are pressed: `<door>` or `<door>:<number>`, 1-64 bytes.

The data is all there is: a button on a week-old digest still works. The chat reads it with
aiogram's CallbackData of the same prefix. What such a button shows is a message of its own: in a
group a digest is everybody's.
"""

from datetime import date

TOPICS = "mine"  # mine:<page>, of the chat's own topics
SETTINGS = "times_and_pause"  # time, zone, pause
ALL = "all"  # all:<yyyymmdd>:<slot>:<topic>, what a digest only counted; date 0: the one to come

ALERT = "alert"  # alert:<wish>:<story>:<topic>:<days>, what is pressed under an alert

FEEDBACK = "answer"  # answer:<feedback>, for whoever runs the bot


def answer_feedback(feedback_id: int) -> str:
    return f"{FEEDBACK}:{feedback_id}"


def topics_page(page: int = 0) -> str:
    return f"{TOPICS}:{page}"


def show_all(day: date | None, slot: int, topic_id: int) -> str:
    return f"{ALL}:{day:%Y%m%d}:{slot}:{topic_id}" if day else f"{ALL}:0:0:{topic_id}"


def on_alert(wish: str, story_id: int, topic_id: int = 0, days: int = 0) -> str:
    """Return what a button under the alert to a story says back; wishes are the chat's."""
    return f"{ALERT}:{wish}:{story_id}:{topic_id}:{days}"
