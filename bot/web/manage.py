"""Pages where a link is enough to change something: a chat's subscriptions, and its mailbox.

Opening a page never changes anything, since security scanners follow every link of a mail. A mail
program unsubscribes by one POST without a page before it (RFC 8058); it gets the same response as a
user who tapped the button.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.mail.bounces import unsubscribe_address
from bot.subscribers import mailboxes, settings, subscriptions
from bot.subscribers.errors import NoMailbox, NoSuchChat, NoSuchTopic, UserError
from bot.web.pages import TemplatePage, see_other
from bot.web.requests import read_body
from storage.enums import DigestMedium, Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.resources import Resources
    from bot.subscribers.subscriptions import Unsubscribed
    from bot.web.pages import RouteRequest
    from bot.web.site import Site

_LARGEST_ID = 2**63 - 1
_LONGEST_QUERY = 1000  # bytes; three times as many, escaped, must fit into an address
_UNDO_FIELDS = ("topic", "words", "mode")


async def subscriptions_page(site: Site, request: RouteRequest) -> TemplatePage | None:
    (chat,) = request.subject
    try:
        managed = await settings.get_managed(site.resources.storage, int(chat))
    except NoSuchChat:
        return None
    query = request.http.query
    again = {name: query[name] for name in _UNDO_FIELDS if name in query}
    values = {"managed": managed, "said": query.get("said"), "again": again}
    return TemplatePage("web/manage.html", values, managed.settings.speaks)


async def change_subscriptions(site: Site, request: RouteRequest) -> web.Response | None:
    (chat,) = request.subject
    try:
        done = await _change(site.resources, int(chat), request.form)
    except NoSuchChat:
        return None
    except (NoSuchTopic, NoMailbox):
        done = {"said": "gone"}
    except (UserError, ValueError, KeyError):  # a form made by hand
        raise web.HTTPBadRequest from None
    return see_other(site, request.http, **done)


async def _change(resources: Resources, chat_id: int, form: Mapping[str, str]) -> dict[str, str]:
    """Do what the pressed button says; return what the page shall say of it."""
    storage, limits = resources.storage, resources.limits
    await settings.check_manageable(storage, chat_id)
    if "stop" in form:
        topic_id = _row_id(form["topic"])
        return _undo_form(await subscriptions.unsubscribe(storage, chat_id, topic_id))
    if "pause" in form:
        is_pause = form["pause"] == "yes"
        await (settings.pause if is_pause else settings.resume)(storage, chat_id)
        return {"said": "paused" if is_pause else "resumed"}
    if "words" in form:
        typed, mode = form["words"], Mode(form["mode"])
        await subscriptions.subscribe(storage, chat_id, typed, mode, limits=limits)
    elif "topic" in form:
        topic_id, mode = _row_id(form["topic"]), Mode(form["mode"])
        await subscriptions.subscribe_to_topic(storage, chat_id, topic_id, mode, limits=limits)
    elif "reach" in form:
        await mailboxes.set_digest_medium(storage, chat_id, DigestMedium(form["reach"]))
    else:
        await mailboxes.set_email_alerts(storage, chat_id, wanted=form["alerts"] == "yes")
    return {"said": "saved"}


def _undo_form(stopped: Unsubscribed) -> dict[str, str]:
    """Return with what was done the form that undoes it."""
    if stopped.is_public:
        undoing = {"topic": str(stopped.topic_id)}
    elif len(stopped.typed.encode()) <= _LONGEST_QUERY:
        undoing = {"words": stopped.typed}
    else:
        return {"said": "stopped"}
    return {"said": "stopped", "mode": stopped.mode} | undoing


def _row_id(text: str) -> int:
    return max(0, min(int(text), _LARGEST_ID))


async def unsubscribe_page(site: Site, request: RouteRequest) -> TemplatePage:
    return await _mailbox_page(site, "web/unsubscribe.html", request, is_done=False)


async def unsubscribe(site: Site, request: RouteRequest) -> TemplatePage:
    """Unsubscribe once and for all; a mailbox that is gone gets nothing either."""
    (mailbox,) = request.subject
    await read_body(request.http, take=len)  # a mail program's form, which says nothing new
    resources = site.resources
    await unsubscribe_address(resources.storage, int(mailbox), renderer=resources.renderer)
    return await _mailbox_page(site, "web/unsubscribe.html", request, is_done=True)


async def confirm_page(site: Site, request: RouteRequest) -> TemplatePage:
    return await _mailbox_page(site, "web/confirm.html", request, is_done=False)


async def confirm_address(site: Site, request: RouteRequest) -> TemplatePage | None:
    mailbox, token = request.subject
    resources = site.resources
    is_confirmed = await mailboxes.confirm_by_link(
        resources.storage, int(mailbox), token, renderer=resources.renderer
    )
    if not is_confirmed:
        return None
    return await _mailbox_page(site, "web/confirm.html", request, is_done=True)


async def _mailbox_page(
    site: Site, template: str, request: RouteRequest, *, is_done: bool
) -> TemplatePage:
    language = await mailboxes.language_of_mailbox(site.resources.storage, int(request.subject[0]))
    return TemplatePage(template, {"is_done": is_done}, language)
