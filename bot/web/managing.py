"""`/m/…`: what a chat watches, changed without the chat. Who has the address may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from bot.rendering.seals import Purpose
from bot.subscribers.refusals import NoMailbox, NoSuchChat, NoSuchTopic, Refusal
from bot.web.opening import Gone
from storage.words import Mode, Reach

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.subscribers.managing import Managing
    from bot.web.forms import Forms
    from bot.web.opening import Opening
    from bot.web.pages import Pages

_LARGEST_ID = 2**63 - 1
_PATH = f"/{Purpose.MANAGE}/{{token}}"


@dataclass(frozen=True, slots=True)
class ManagePages:
    pages: Pages
    opening: Opening
    forms: Forms
    managing: Managing

    def routes(self) -> list[web.RouteDef]:
        return [web.get(_PATH, self.show), web.post(_PATH, self.change)]

    async def show(self, request: web.Request) -> web.Response:
        try:
            managed = await self.managing.show(self._chat(request))
        except NoSuchChat:
            raise Gone(Purpose.MANAGE) from None
        said = request.query.get("said")
        return self.pages.show(request, "web/manage.html", managed=managed, said=said)

    async def change(self, request: web.Request) -> web.Response:
        chat_id = self._chat(request)
        form = await self.forms.read(request)
        try:
            said = await self._do(chat_id, form)
        except NoSuchChat:
            raise Gone(Purpose.MANAGE) from None
        except (NoSuchTopic, NoMailbox):
            said = "gone"
        except (Refusal, ValueError, KeyError):  # a form made by hand
            raise web.HTTPBadRequest from None
        return self.pages.again(request, said=said)

    def _chat(self, request: web.Request) -> int:
        (chat,) = self.opening.read(Purpose.MANAGE, request.match_info["token"])
        return int(chat)

    async def _do(self, chat_id: int, form: Mapping[str, str]) -> str:
        """Do what the pressed button says; return the word for what was done."""
        if "topic" in form:
            return await self._change_topic(chat_id, form)
        if "pause" in form:
            is_pause = form["pause"] == "yes"
            await self.managing.pause(chat_id, is_paused=is_pause)
            return "paused" if is_pause else "resumed"
        if "reach" in form:
            await self.managing.set_reach(chat_id, Reach(form["reach"]))
        else:
            await self.managing.set_mailed_alerts(chat_id, wanted=form["alerts"] == "yes")
        return "saved"

    async def _change_topic(self, chat_id: int, form: Mapping[str, str]) -> str:
        topic_id = min(int(form["topic"]), _LARGEST_ID)
        if "stop" in form:
            await self.managing.stop(chat_id, topic_id)
            return "stopped"
        await self.managing.set_mode(chat_id, topic_id, Mode(form["mode"]))
        return "saved"
