"""Pages that change a chat's subscriptions or its mailbox for anyone with the link.

Opening a page changes nothing, because security scanners follow every link of a mail. A mail
program unsubscribes with a single POST (RFC 8058), and gets the same response as a user who pressed
the button.
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
_LONGEST_QUERY = 1000  # bytes; percent-encoding triples them, and the address must stay valid
_UNDO_FIELDS = ("topic", "query", "mode")


async def subscriptions_page(site: Site, request: RouteRequest) -> TemplatePage | None:
    (chat,) = request.subject
    try:
        managed = await settings.get_managed(site.resources.storage, int(chat))
    except NoSuchChat:
        return None
    query = request.http.query
    undo = {name: query[name] for name in _UNDO_FIELDS if name in query}
    values = {"managed": managed, "done": query.get("done"), "undo": undo}
    return TemplatePage("web/manage.html", values, managed.settings.speaks)


async def change_subscriptions(site: Site, request: RouteRequest) -> web.Response | None:
    (chat,) = request.subject
    try:
        result = await _change(site.resources, int(chat), request.form)
    except NoSuchChat:
        return None
    except (NoSuchTopic, NoMailbox):
        result = {"done": "gone"}
    except (UserError, ValueError, KeyError):  # a form that no page of ours sends
        raise web.HTTPBadRequest from None
    return see_other(site, request.http, **result)


async def _change(resources: Resources, chat_id: int, form: Mapping[str, str]) -> dict[str, str]:
    """Do what the pressed button says; return the query string of the page that follows."""
    storage, limits = resources.storage, resources.limits
    await settings.check_manageable(storage, chat_id)
    if "unsubscribe" in form:
        topic_id = _row_id(form["topic"])
        return _undo_form(await subscriptions.unsubscribe(storage, chat_id, topic_id))
    if "pause" in form:
        is_pause = form["pause"] == "yes"
        await (settings.pause if is_pause else settings.resume)(storage, chat_id)
        return {"done": "paused" if is_pause else "resumed"}
    if "query" in form:
        typed, mode = form["query"], Mode(form["mode"])
        await subscriptions.subscribe(storage, chat_id, typed, mode, limits=limits)
    elif "topic" in form:
        topic_id, mode = _row_id(form["topic"]), Mode(form["mode"])
        await subscriptions.subscribe_to_topic(storage, chat_id, topic_id, mode, limits=limits)
    elif "medium" in form:
        await settings.set_digest_medium(storage, chat_id, DigestMedium(form["medium"]))
    else:
        await settings.set_email_alerts(storage, chat_id, wanted=form["alerts"] == "yes")
    return {"done": "saved"}


def _undo_form(ended: Unsubscribed) -> dict[str, str]:
    """Return the query string of the page, with the fields of the form that subscribes again."""
    done = {"done": "unsubscribed"}
    if ended.is_public:
        return done | {"mode": ended.mode, "topic": str(ended.topic_id)}
    if len(ended.typed.encode()) <= _LONGEST_QUERY:
        return done | {"mode": ended.mode, "query": ended.typed}
    return done


def _row_id(text: str) -> int:
    return max(0, min(int(text), _LARGEST_ID))


async def unsubscribe_page(site: Site, request: RouteRequest) -> TemplatePage:
    return await _mailbox_page(site, "web/unsubscribe.html", request, is_done=False)


async def unsubscribe(site: Site, request: RouteRequest) -> TemplatePage:
    """Unsubscribe for good, even if the mailbox no longer exists."""
    (mailbox,) = request.subject
    await read_body(request.http, take=len)  # the form that a mail program sends is not needed
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
