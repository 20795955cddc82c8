"""What the Mini App has beside the services that it shares with the chat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.resources import Resources
    from bot.subscribers.users import CurrentUser


class RenewsMenus(Protocol):
    async def renew(self, user: CurrentUser, speaks: str, *, is_chosen: bool) -> None:
        """Let the menus of the user's chat speak the language of that tag."""


@dataclass(frozen=True, slots=True)
class MiniApp:
    """*token*: the bot's, which signs who opened the app. *frames*: the sites that may embed it.

    *press*: what the chat's templates may build buttons from.
    """

    token: str
    resources: Resources
    menus: RenewsMenus
    press: object = None
    frames: tuple[str, ...] = ()
