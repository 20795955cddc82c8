"""Keyboards: the callback data of the buttons in a template's `<nav>`.

A button sends `<prefix>` or `<prefix>:<number>`, 1-64 bytes, which the chat parses with aiogram's
CallbackData of the same prefix. The data holds everything that the handler needs, so that a button
on a week-old digest still works. A press is answered with a new message, because a digest in a
group belongs to everybody.
"""

from datetime import date

TOPICS = "mine"  # mine:<page> of the chat's own topics
SETTINGS = "times_and_pause"  # time, zone, pause
ALL = "all"  # all:<yyyymmdd>:<schedule number>:<topic>: all stories of a digest; date 0: the next
DETAIL = "detail"  # detail:<style>: how much digests say
RHYTHM = "rhythm"  # rhythm:<1: weekly, 0: daily>

STORIES = "stories"  # stories:<yyyymmdd>:<schedule number>: the list of an edition's stories

ALERT = "alert"  # alert:<action>:<story>:<topic>:<duration>, under an alert

OWN_SOURCE = "ownsource"  # ownsource:<source> of the chat's own

FEEDBACK = "answer"  # answer:<feedback>, for an admin
DECIDE = "decide"  # decide:<request for access>:<1: allow, 0: not now>, for an admin


def open_own_source(source_id: int) -> str:
    return f"{OWN_SOURCE}:{source_id}"


def answer_feedback(feedback_id: int) -> str:
    return f"{FEEDBACK}:{feedback_id}"


def decide(request_id: int, *, is_allowed: bool) -> str:
    return f"{DECIDE}:{request_id}:{is_allowed:d}"


def topics_page(page: int = 0) -> str:
    return f"{TOPICS}:{page}"


def show_all(day: date | None, schedule_number: int, topic_id: int) -> str:
    return f"{ALL}:{day:%Y%m%d}:{schedule_number}:{topic_id}" if day else f"{ALL}:0:0:{topic_id}"


def set_detail(style: str) -> str:
    return f"{DETAIL}:{style}"


def set_rhythm(*, is_weekly: bool) -> str:
    return f"{RHYTHM}:{is_weekly:d}"


def list_stories(day: date, schedule_number: int) -> str:
    return f"{STORIES}:{day:%Y%m%d}:{schedule_number}"


def on_alert(action: str, story_id: int, topic_id: int = 0, duration: str = "ever") -> str:
    """Return the data of a button under an alert; the chat defines the actions."""
    return f"{ALERT}:{action}:{story_id}:{topic_id}:{duration}"
