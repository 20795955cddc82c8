"""The messages of alerts and digests: which template, with which values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bot.matching.snippets import Snippet
from bot.publishing.calendar import Plan
from bot.publishing.choice import Choice, Story, Topic
from bot.rendering.filters import local
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer

# A digest that has waited this long behind others is not yet worth a word.
_WORTH_SAYING = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Edition:
    """A digest about to be rendered; *snippets* by story, *topics* how many the chat watches."""

    choice: Choice
    snippets: Mapping[int, Snippet]
    plan: Plan
    topics: int
    since: datetime
    now: datetime

    @property
    def today(self) -> date:
        return local(self.now, self.plan.zone).date()


def edition_page(
    renderer: Renderer, edition: Edition, day: date, late: timedelta = timedelta()
) -> list[Message]:
    """Return the digest of the local date *day*, or the line that says it is empty."""
    if not edition.choice:
        return renderer.messages("edition/empty.html", day=day, topics=edition.topics)
    is_late = late > _WORTH_SAYING
    return renderer.messages("edition/telegram.html", **_values(edition), day=day, is_late=is_late)


def now_page(renderer: Renderer, edition: Edition) -> list[Message]:
    """Return the digest as it stands, asked for between two editions."""
    template = "edition/now.html" if edition.choice else "edition/now_empty.html"
    return renderer.messages(template, **_values(edition))


def alert_page(
    renderer: Renderer,
    story: Story,
    topics: Sequence[Topic],
    snippet: Snippet,
    *,
    zone: str,
    now: datetime,
) -> Message:
    today = local(now, zone).date()
    return renderer.message(
        "alert/telegram.html", story=story, topics=topics, snippet=snippet, zone=zone, today=today
    )


def _values(edition: Edition) -> dict[str, Any]:
    return {
        "choice": edition.choice,
        "snippets": edition.snippets,
        "plan": edition.plan,
        "topics": edition.topics,
        "since": edition.since,
        "now": edition.now,
        "today": edition.today,
    }
