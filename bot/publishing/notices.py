"""Notices: what a chat is told beside its news."""

from dataclasses import dataclass
from datetime import datetime

from bot.rendering.filters import local
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer


@dataclass(frozen=True, slots=True)
class Loss:
    """A dead source, as a chat sees it: it follows it, or had `given` of its `found` from there.

    With neither it is the chat of somebody who looks after the sources.

    `trouble` says of the source what it does: "is blocked by a challenge page".
    """

    source: str
    trouble: str
    since: datetime
    is_gone: bool = False
    follows: bool = False
    given: int = 0
    found: int = 0


def dead_source_page(renderer: Renderer, loss: Loss, *, zone: str) -> Message:
    day = local(loss.since, zone).date()
    return renderer.message("notice/source_dead.html", loss=loss, day=day)
