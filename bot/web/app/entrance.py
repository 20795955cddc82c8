"""Who asks: the launch data of the app, then whether the bot is theirs to use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.subscribers import users
from bot.subscribers.errors import Banned
from bot.subscribers.text import one_line
from bot.subscribers.users import Sender
from bot.web.accepting import preferred
from bot.web.launch import LaunchError, TooOldError, read_launch

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aiohttp import web

    from bot.rendering.renderer import Renderer
    from bot.resources import Resources
    from bot.subscribers.users import CurrentUser
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
    """A user, and who speaks their language."""

    user: CurrentUser
    renderer: Renderer


@dataclass(frozen=True, slots=True)
class Entrance:
    token: str
    resources: Resources
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
        user = await self._guest(launcher)
        return Caller(user, self.renderer.of(user.language))

    async def _guest(self, launcher: Launcher) -> CurrentUser:
        spoken = self.renderer.of(launcher.language)
        try:
            user = await users.identify(
                self.resources.storage, _visitor(launcher), access=self.resources.access
            )
        except Banned:
            banned = spoken.message("chat/errors.html#banned")
            raise TurnedAwayError(403, banned.text) from None
        if user is None:
            told: dict[str, Any] = {
                "user_id": launcher.user_id,
                "invites": self.resources.access.invites,
            }
            stranger = spoken.message("chat/unauthorized.html", **told)
            raise TurnedAwayError(403, stranger.text)
        return user


def _visitor(launcher: Launcher) -> Sender:
    """Return who it is, whose private chat has the same id."""
    return Sender(
        user_id=launcher.user_id,
        telegram_id=launcher.user_id,
        name=one_line(launcher.name)[:_LONGEST_NAME],
        language=one_line(launcher.language)[:_LONGEST_TAG],
    )


def language_asked_for(request: web.Request, renderer: Renderer) -> str:
    """Return the language of ours that a browser wants most."""
    offered = [language.code for language in renderer.offered]
    return preferred(request.headers.get("Accept-Language", ""), offered)
