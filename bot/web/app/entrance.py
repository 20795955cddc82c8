"""Who asks: the launch data of the app, then whether the bot is theirs to use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.subscribers.arrivals import Visitor
from bot.subscribers.lines import one_line
from bot.subscribers.refusals import Banned
from bot.web.accepting import preferred
from bot.web.launch import LaunchError, TooOldError, read_launch

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aiohttp import web

    from bot.rendering.renderer import Renderer
    from bot.subscribers.arrivals import Arrivals, Guest
    from bot.subscribers.invites import Invites
    from bot.web.launch import Launcher

SCHEME = "tma "
# As the chat keeps them, so that a name is the same wherever its person comes from.
_LONGEST_NAME = 64
_LONGEST_TAG = 16


class TurnedAwayError(Exception):
    """Nobody we know asks: *status* and the sentence that says what to do."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Caller:
    """A guest, and who speaks their language."""

    guest: Guest
    renderer: Renderer


@dataclass(frozen=True, slots=True)
class Entrance:
    token: str
    arrivals: Arrivals
    invites: Invites
    clock: Callable[[], datetime]
    renderer: Renderer

    async def caller(self, request: web.Request) -> Caller:
        """Return who asks; TurnedAwayError for a stranger, and for old or made-up launch data."""
        told = request.headers.get("Authorization", "")
        try:
            launcher = read_launch(told.removeprefix(SCHEME), self.token, self.clock())
        except LaunchError as error:
            too_old = isinstance(error, TooOldError)
            spoken = self.renderer.of(language_asked_for(request, self.renderer))
            closed = spoken.message("web/app_parts.html#closed", too_old=too_old)
            raise TurnedAwayError(401, closed.text) from None
        guest = await self._guest(launcher)
        return Caller(guest, self.renderer.of(guest.language))

    async def _guest(self, launcher: Launcher) -> Guest:
        spoken = self.renderer.of(launcher.language)
        try:
            guest = await self.arrivals.welcome(_visitor(launcher))
        except Banned:
            banned = spoken.message("chat/errors.html#banned")
            raise TurnedAwayError(403, banned.text) from None
        if guest is None:
            told: dict[str, Any] = {
                "person_id": launcher.person_id,
                "invites": self.invites.are_taken,
            }
            stranger = spoken.message("chat/unauthorized.html", **told)
            raise TurnedAwayError(403, stranger.text)
        return guest


def _visitor(launcher: Launcher) -> Visitor:
    """Return who it is, whose private chat has the same id."""
    return Visitor(
        person_id=launcher.person_id,
        telegram_id=launcher.person_id,
        name=one_line(launcher.name)[:_LONGEST_NAME],
        language=one_line(launcher.language)[:_LONGEST_TAG],
    )


def language_asked_for(request: web.Request, renderer: Renderer) -> str:
    """Return the language of ours that a browser wants most."""
    offered = [language.code for language in renderer.offered]
    return preferred(request.headers.get("Accept-Language", ""), offered)
