"""`/m/…`: what a chat watches, changed without the chat. Who has the address may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from bot.mail import confirm
from bot.rendering.links import Purpose
from bot.subscribers import manage_links, settings, subscriptions
from bot.subscribers.errors import NoMailbox, NoSuchChat, NoSuchTopic, UserError
from bot.web.pages import Gone
from storage.enums import DigestMedium, Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.subscribers.limits import Limits
    from bot.subscribers.subscriptions import Unsubscribed
    from bot.web.pages import Pages, Tokens
    from bot.web.requests import Forms
    from storage.db.engine import Storage

_LARGEST_ID = 2**63 - 1
_LONGEST_WORDS = 1000  # bytes; three times as many, escaped, must fit into an address
_UNDOING = ("topic", "words", "mode")
_PATH = f"/{Purpose.MANAGE}/{{token}}"


@dataclass(frozen=True, slots=True)
class ManagePages:
    pages: Pages
    tokens: Tokens
    forms: Forms
    storage: Storage
    limits: Limits

    def routes(self) -> list[web.RouteDef]:
        return [web.get(_PATH, self.show), web.post(_PATH, self.change)]

    async def show(self, request: web.Request) -> web.Response:
        try:
            managed = await manage_links.get_managed(self.storage, self._chat(request))
        except NoSuchChat:
            raise Gone(Purpose.MANAGE) from None
        query = request.query
        again = {name: query[name] for name in _UNDOING if name in query}
        said = query.get("said")
        return self.pages.show(
            request,
            "web/manage.html",
            speaks=managed.settings.speaks,
            managed=managed,
            said=said,
            again=again,
        )

    async def change(self, request: web.Request) -> web.Response:
        chat_id = self._chat(request)
        form = await self.forms.read(request)
        try:
            done = await self._do(chat_id, form)
        except NoSuchChat:
            raise Gone(Purpose.MANAGE) from None
        except (NoSuchTopic, NoMailbox):
            done = {"said": "gone"}
        except (UserError, ValueError, KeyError):  # a form made by hand
            raise web.HTTPBadRequest from None
        return self.pages.again(request, **done)

    def _chat(self, request: web.Request) -> int:
        (chat,) = self.tokens.read(Purpose.MANAGE, request.match_info["token"])
        return int(chat)

    async def _do(self, chat_id: int, form: Mapping[str, str]) -> dict[str, str]:
        """Do what the pressed button says; return what the page shall say of it."""
        storage = self.storage
        await manage_links.check_manageable(storage, chat_id)
        if "stop" in form:
            topic_id = _row_id(form["topic"])
            return _stopped(await subscriptions.unsubscribe(storage, chat_id, topic_id))
        if "pause" in form:
            is_pause = form["pause"] == "yes"
            await (settings.pause if is_pause else settings.resume)(storage, chat_id)
            return {"said": "paused" if is_pause else "resumed"}
        if "words" in form:
            typed, mode = form["words"], Mode(form["mode"])
            await subscriptions.subscribe(storage, chat_id, typed, mode, limits=self.limits)
        elif "topic" in form:
            topic_id, mode = _row_id(form["topic"]), Mode(form["mode"])
            await subscriptions.subscribe_to_topic(
                storage, chat_id, topic_id, mode, limits=self.limits
            )
        elif "reach" in form:
            await confirm.set_digest_medium(storage, chat_id, DigestMedium(form["reach"]))
        else:
            await confirm.set_email_alerts(storage, chat_id, wanted=form["alerts"] == "yes")
        return {"said": "saved"}


def _stopped(stopped: Unsubscribed) -> dict[str, str]:
    """Return with what was done the form that undoes it."""
    if stopped.is_public:
        undoing = {"topic": str(stopped.topic_id)}
    elif len(stopped.typed.encode()) <= _LONGEST_WORDS:
        undoing = {"words": stopped.typed}
    else:
        return {"said": "stopped"}
    return {"said": "stopped", "mode": stopped.mode} | undoing


def _row_id(text: str) -> int:
    return max(0, min(int(text), _LARGEST_ID))
