"""The message of a bundle: alerts that have waited, told together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.publishing.selection import Story, Topic
from bot.rendering.filters import local
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer


@dataclass(frozen=True, slots=True)
class Bundled:
    """A story of a bundle, and those of the chat's topics that it hits; at least one."""

    story: Story
    topics: tuple[Topic, ...]


def bundle_page(
    renderer: Renderer, stories: Sequence[Bundled], *, zone: str, now: datetime, is_quiet: bool
) -> list[Message]:
    """Return the parts of it; *is_quiet*: the stories have waited for quiet hours to end."""
    values = bundle_values(stories, zone=zone, now=now, is_quiet=is_quiet)
    return renderer.messages("alert/bundle.html", **values)


def bundle_values(
    stories: Sequence[Bundled], *, zone: str, now: datetime, is_quiet: bool
) -> dict[str, Any]:
    """Return what its template is given, by name; each story stands under its first topic."""
    sections: dict[Topic, list[Bundled]] = {}
    for one in stories:
        sections.setdefault(one.topics[0], []).append(one)
    return {
        "sections": sections,
        "count": len(stories),
        "is_quiet": is_quiet,
        "zone": zone,
        "today": local(now, zone).date(),
    }
