"""The use cases that the Mini App opens, the same as the chat's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.mail.confirm import Mailboxes
    from bot.matching.search import Search
    from bot.subscribers.arrivals import Arrivals, CurrentUser
    from bot.subscribers.changing import Changing
    from bot.subscribers.invites import Invites
    from bot.subscribers.restraint import Restraint
    from bot.subscribers.schedule import Schedule
    from bot.subscribers.settings import ChatSettings
    from bot.subscribers.topics import Topics
    from bot.subscribers.watching import Watching


class RenewsMenus(Protocol):
    async def renew(self, user: CurrentUser, speaks: str, *, is_chosen: bool) -> None:
        """Let the menus of the user's chat speak the language of that tag."""


@dataclass(frozen=True, slots=True)
class AppDoors:
    """*token*: the bot's, which signs who opened the app. *frames*: where else it may stand.

    *press*: what the chat's templates may build buttons from.
    """

    token: str
    arrivals: Arrivals
    invites: Invites
    topics: Topics
    watching: Watching
    changing: Changing
    settings: ChatSettings
    schedule: Schedule
    restraint: Restraint
    mailboxes: Mailboxes
    search: Search
    menus: RenewsMenus
    press: object = None
    frames: tuple[str, ...] = ()
