"""`/u/…`, `/c/…`: what who reads the mails of an address may do with it.

To look at a page never does anything, since programs that look for harm follow every link of a
mail. A mail program unsubscribes by one POST without a page before it (RFC 8058); it gets the same
answer as a person who pressed the button.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from bot.mail import confirm
from bot.rendering.links import Purpose
from bot.web.forms import small_body
from bot.web.opening import Gone

if TYPE_CHECKING:
    from bot.rendering.renderer import Renderer
    from bot.web.forms import Forms
    from bot.web.opening import Opening
    from bot.web.pages import Pages
    from storage.db.engine import Storage

_UNSUBSCRIBE = f"/{Purpose.UNSUBSCRIBE}/{{token}}"
_CONFIRM = f"/{Purpose.CONFIRM}/{{token}}"


@dataclass(frozen=True, slots=True)
class MailboxPages:
    pages: Pages
    opening: Opening
    forms: Forms
    storage: Storage
    renderer: Renderer

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(_UNSUBSCRIBE, self.ask_to_unsubscribe),
            web.post(_UNSUBSCRIBE, self.unsubscribe),
            web.get(_CONFIRM, self.ask_to_confirm),
            web.post(_CONFIRM, self.confirm),
        ]

    async def ask_to_unsubscribe(self, request: web.Request) -> web.Response:
        (mailbox,) = self._read(request, Purpose.UNSUBSCRIBE)
        return await self._show(request, "web/unsubscribe.html", mailbox, is_done=False)

    async def unsubscribe(self, request: web.Request) -> web.Response:
        """Unsubscribe once and for all; a mailbox that is gone gets nothing either.

        Many come from the few addresses of a large mail service, so they count for the mailbox.
        """
        (mailbox,) = self._read(request, Purpose.UNSUBSCRIBE)
        self.forms.count(mailbox)
        await small_body(request)
        await confirm.unsubscribe_address(self.storage, int(mailbox), renderer=self.renderer)
        return await self._show(request, "web/unsubscribe.html", mailbox, is_done=True)

    async def ask_to_confirm(self, request: web.Request) -> web.Response:
        mailbox, _token = self._read(request, Purpose.CONFIRM)
        return await self._show(request, "web/confirm.html", mailbox, is_done=False)

    async def confirm(self, request: web.Request) -> web.Response:
        mailbox, token = self._read(request, Purpose.CONFIRM)
        await self.forms.read(request)
        mailbox_id, renderer = int(mailbox), self.renderer
        if not await confirm.confirm_by_link(self.storage, mailbox_id, token, renderer=renderer):
            raise Gone(Purpose.CONFIRM)
        return await self._show(request, "web/confirm.html", mailbox, is_done=True)

    async def _show(
        self, request: web.Request, template: str, mailbox: str, *, is_done: bool
    ) -> web.Response:
        speaks = await confirm.language_of_mailbox(self.storage, int(mailbox))
        return self.pages.show(request, template, speaks=speaks, is_done=is_done)

    def _read(self, request: web.Request, purpose: Purpose) -> tuple[str, ...]:
        return self.opening.read(purpose, request.match_info["token"])
