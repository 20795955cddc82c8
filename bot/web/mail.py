"""`/u/…`, `/c/…`: unsubscribing and confirming an address; `/b/…`: mails that came back.

To open a page never does anything, since security scanners follow every link of a mail. A mail
program unsubscribes by one POST without a page before it (RFC 8058); it gets the same response as a
user who tapped the button.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from bot.mail import confirm
from bot.rendering.links import Purpose
from bot.web.pages import Gone
from bot.web.requests import small_body

if TYPE_CHECKING:
    from bot.mail.bounces import Bounces
    from bot.rendering.renderer import Renderer
    from bot.web.pages import Pages, Tokens
    from bot.web.requests import Forms
    from storage.db.engine import Storage

_UNSUBSCRIBE = f"/{Purpose.UNSUBSCRIBE}/{{token}}"
_CONFIRM = f"/{Purpose.CONFIRM}/{{token}}"


@dataclass(frozen=True, slots=True)
class MailboxPages:
    pages: Pages
    tokens: Tokens
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
        return self.tokens.read(purpose, request.match_info["token"])


LARGEST_MAIL = 256 * 1024  # bytes; one that holds ours whole is a third of that


@dataclass(frozen=True, slots=True)
class BounceRoute:
    """Where a mail relay of the operator's posts each mail that came back, as it is."""

    tokens: Tokens
    bounces: Bounces

    def routes(self) -> list[web.RouteDef]:
        return [web.post(f"/{Purpose.BOUNCE}/{{token}}", self.take)]

    async def take(self, request: web.Request) -> web.Response:
        """Answer 202 always: a relay can do nothing about a mail that is none of ours."""
        self.tokens.read(Purpose.BOUNCE, request.match_info["token"])
        await self.bounces.take(await small_body(request, LARGEST_MAIL))
        return web.Response(status=202)
