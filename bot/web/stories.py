"""The page of a story in a mail: save it, get more or less of its kind.

Opening the page changes nothing, because security scanners follow every link of a mail. Anybody who
has the mail may press its buttons; all of them can be undone in the chat.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from aiohttp import web

from bot.sources.drafts import url_hash
from bot.subscribers import mutes, saved_stories, sent_stories, settings, subscriptions, topics
from bot.subscribers.errors import NoSuchAlert, NoSuchChat, NoSuchStory, UserError
from bot.subscribers.mutes import AlertPublisher, Duration, StorySubject, TopicSubject
from bot.web.pages import TemplatePage, see_other
from storage.enums import Mode, MuteKind
from storage.newsletters import article_of_letter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.resources import Resources
    from bot.subscribers.mutes import Subject
    from bot.web.pages import RouteRequest
    from bot.web.site import Site


class StoryPart(StrEnum):
    """The part of the page that a link in a mail opens."""

    SAVE = "save"
    MORE = "more"
    LESS = "less"


async def story_page(site: Site, request: RouteRequest) -> TemplatePage | None:
    (chat,), story = request.subject, int(request.http.match_info["story"])
    storage, query = site.resources.storage, request.http.query
    try:
        await settings.check_manageable(storage, int(chat))
        seen = await sent_stories.see_story(storage, int(chat), story)
        suggestions = await topics.suggest_like(storage, int(chat), story)
    except (NoSuchChat, NoSuchStory, NoSuchAlert):
        return None
    do = query.get("do", "")
    values = {
        "story": seen,
        "suggestions": suggestions.items,
        "do": StoryPart(do) if do in list(StoryPart) else StoryPart.SAVE,
        "done": query.get("done"),
        "undo": query.get("undo"),
    }
    language = (await settings.get_settings(storage, int(chat))).speaks
    return TemplatePage("web/story.html", values, language)


async def letter_page(site: Site, request: RouteRequest) -> TemplatePage | None:
    """Return the letter of a newsletter, for which its sender has no page."""
    source, guid = request.subject
    url = site.resources.links.letter(int(source), guid) or ""
    async with site.resources.storage.reading() as tx:
        letter = await article_of_letter(tx, int(source), url_hash(url))
    return TemplatePage("web/letter.html", {"letter": letter}) if letter else None


async def act_on_story(site: Site, request: RouteRequest) -> web.Response | None:
    (chat,), story = request.subject, int(request.http.match_info["story"])
    try:
        await settings.check_manageable(site.resources.storage, int(chat))
        result = await _act(site.resources, int(chat), story, request.form)
    except (NoSuchChat, NoSuchStory, NoSuchAlert):
        return None
    except (UserError, ValueError, KeyError, IndexError):  # a form that no page of ours sends
        raise web.HTTPBadRequest from None
    return see_other(site, request.http, **result)


async def _act(
    resources: Resources, chat_id: int, story_id: int, form: Mapping[str, str]
) -> dict[str, str]:
    """Do what the pressed button says; return the query string of the page that follows."""
    storage = resources.storage
    if "save" in form:
        is_save = form["save"] == "yes"
        change = saved_stories.save if is_save else saved_stories.unsave_story
        await change(storage, chat_id, story_id)
        return {"done": "saved" if is_save else "undone"}
    if "undo" in form:
        await mutes.unmute(storage, chat_id, _row_id(form["undo"]))
        return {"done": "undone"}
    if "topic" in form:
        items = (await topics.suggest_like(storage, chat_id, story_id)).items
        wanted, limits = items[int(form["topic"])], resources.limits
        await subscriptions.subscribe(storage, chat_id, wanted.typed, Mode.DIGEST, limits=limits)
        return {"done": "subscribed"}
    subject = _subject(story_id, form["mute"])
    muted = await mutes.mute(storage, chat_id, subject, Duration.WEEK)
    return {"done": "muted", "undo": str(muted.mute_id)}


def _subject(story_id: int, muted: str) -> Subject:
    if muted == "story":
        return StorySubject(story_id)
    if muted == "publisher":
        return AlertPublisher(story_id, MuteKind.LESS)
    return TopicSubject(_row_id(muted))


def _row_id(text: str) -> int:
    return max(0, min(int(text), 2**63 - 1))
