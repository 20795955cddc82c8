"""The contents of the page as JSON: the state of the chat, and previews of queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.matching import other_words, search
from bot.matching.query import QueryError, parse
from bot.rendering.filters import local
from bot.rendering.i18n import ENGLISH
from bot.sources.hosts import host_shown
from bot.subscribers import mailboxes, mutes, saved_stories, settings, topics
from bot.subscribers.limits import MOST_LISTED
from bot.subscribers.sent_stories import recent_alerts
from storage.enums import Layout
from storage.schedules import MAX_SCHEDULE_TIMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.matching.hits import SearchHit
    from bot.matching.query import ParsedQuery
    from bot.matching.search import Difference, Headlines
    from bot.rendering.renderer import Renderer
    from bot.resources import Resources
    from bot.subscribers.mailboxes import MailboxSeen
    from bot.subscribers.sent_stories import RecentAlert
    from bot.subscribers.settings import ChatSettings
    from bot.subscribers.topics import ChatTopic
    from bot.subscribers.users import CurrentUser
    from bot.web.miniapp.actions import ActionRequest
    from bot.web.miniapp.authentication import Caller
    from bot.web.site import Site
    from storage.db.engine import Storage
    from storage.mutes import ActiveMute
    from storage.saved_stories import SavedStory

_SUGGESTED = 6  # topics of the catalogue that the chat does not subscribe to
_CATALOGUE_PAGE = 20
_MUTE_PAGES = 5
_SAVED_PAGES = 5


async def chat_state(resources: Resources, user: CurrentUser, renderer: Renderer) -> dict[str, Any]:
    """Return the state of the chat, with all its topics."""
    storage, chat_id = resources.storage, user.chat_id
    subscribed = await topics.subscribed(storage, chat_id, per_page=MOST_LISTED)
    chat_settings = await settings.get_settings(storage, chat_id)
    renderer = renderer.of(chat_settings.speaks)  # an action may just have changed it
    mailbox = await mailboxes.get_mailbox(storage, chat_id)
    return {
        "language": renderer.language.code,
        "isAdmin": user.is_admin,
        "chosenLanguage": chat_settings.language or "",
        "topics": [_subscribed(one, user, renderer) for one in subscribed.items],
        "suggested": [_topic(one, renderer) for one in await _suggested(storage, chat_id)],
        "digest": _digest(chat_settings, renderer),
        "quiet": _hours(chat_settings),
        "isPaused": chat_settings.is_paused,
        "pausedText": _text(renderer, "web/app_parts.html#paused", settings=chat_settings),
        "mail": _mail(mailbox, renderer, can_mail=resources.mailer is not None),
        "alertRate": chat_settings.alerts_an_hour,
        "layout": _layout(chat_settings, renderer),
        "alerts": [_alert(one, user, renderer) for one in await recent_alerts(storage, chat_id)],
        "mutes": await _mutes(storage, user, renderer),
        "saved": [_saved(one, user, renderer) for one in await _last_saved(storage, chat_id)],
        "hashtags": chat_settings.hashtags,
        "hasModel": resources.has_model,
        "usesModel": chat_settings.uses_model,
    }


async def _last_saved(storage: Storage, chat_id: int) -> list[SavedStory]:
    """Return the stories that were saved last; the chat lists all of them."""
    found: list[SavedStory] = []
    for number in range(_SAVED_PAGES):
        page = await saved_stories.list_saved(storage, chat_id, number)
        found += page.items
        if number + 1 >= page.pages:
            break
    return found


def _saved(story: SavedStory, user: CurrentUser, renderer: Renderer) -> dict[str, Any]:
    values: dict[str, Any] = {"zone": user.zone, "today": local(user.now, user.zone).date()}
    return {
        "id": story.id,
        "url": story.url,
        "title": [[(story.title or host_shown(story.url))[:_LONGEST_TITLE], False]],
        "by": _text(renderer, "web/app_parts.html#saved", story=story, **values),
    }


def _layout(chosen: ChatSettings, renderer: Renderer) -> dict[str, Any]:
    text = _text(renderer, "web/app_parts.html#layout", chosen=chosen)
    layout = Layout.CLASSIC if chosen.layout is Layout.REFUSED else chosen.layout
    pictures = sorted(chosen.pictures)
    return {"style": chosen.style, "layout": layout, "pictures": pictures, "text": text}


def _alert(alert: RecentAlert, user: CurrentUser, renderer: Renderer) -> dict[str, Any]:
    values: dict[str, Any] = {
        "alert": alert,
        "publisher": alert.publisher,
        "zone": user.zone,
        "today": local(user.now, user.zone).date(),
    }
    return {
        "story": alert.story.id,
        "isMuted": alert.is_muted,
        "hit": {
            "url": alert.story.url,
            "title": [[alert.story.title[:_LONGEST_TITLE], False]],
            "by": _text(renderer, "web/app_parts.html#alerted", **values),
        },
        "less": renderer.line("web/app_parts.html#less", **values) if alert.publisher else "",
    }


async def _mutes(storage: Storage, user: CurrentUser, renderer: Renderer) -> list[dict[str, Any]]:
    """Return the newest mutes, each with a sentence; a chat rarely has more."""
    found: list[ActiveMute] = []
    for number in range(_MUTE_PAGES):
        page = await mutes.list_mutes(storage, user.chat_id, number)
        found += page.items
        if number + 1 >= page.pages:
            break
    today = local(user.now, user.zone).date()
    return [
        {
            "id": one.id,
            "text": _text(
                renderer, "web/app_parts.html#mute", mute=one, zone=user.zone, today=today
            ),
        }
        for one in found
    ]


async def _suggested(storage: Storage, chat_id: int) -> list[ChatTopic]:
    """Return the first topics of the catalogue that the chat does not subscribe to."""
    found: list[ChatTopic] = []
    number, pages = 0, 1
    while len(found) < _SUGGESTED and number < pages:
        page = await topics.catalogue_page(storage, chat_id, number, per_page=_CATALOGUE_PAGE)
        found += [topic for topic in page.items if topic.mode is None]
        number, pages = number + 1, page.pages
    return found[:_SUGGESTED]


def _topic(topic: ChatTopic, renderer: Renderer) -> dict[str, Any]:
    # Only the catalogue's names are translated: users edit those of their own topics.
    name = renderer.line("topic_name.txt", topic=topic) if topic.is_public else topic.name
    return {
        "id": topic.id,
        "name": name,
        "query": topic.typed,
        "isPublic": topic.is_public,
        "mode": topic.mode,
    }


def _subscribed(topic: ChatTopic, user: CurrentUser, renderer: Renderer) -> dict[str, Any]:
    chosen = {"sound": topic.sound, "hasHeadlines": topic.has_headlines}
    return _topic(topic, renderer) | _mute(topic, user, renderer) | chosen


def _mute(topic: ChatTopic, user: CurrentUser, renderer: Renderer) -> dict[str, Any]:
    """Return whether a topic is muted, and the sentence that says so."""
    today = local(user.now, user.zone).date()
    values: dict[str, Any] = {"topic": topic, "zone": user.zone, "today": today}
    text = _text(renderer, "web/app_parts.html#muted", **values) if topic.is_muted else ""
    return {"isMuted": topic.is_muted, "mutedText": text}


def _digest(settings: ChatSettings, renderer: Renderer) -> dict[str, Any]:
    plan = settings.plan
    times = sorted(plan.times, key=lambda time: time.minutes)
    return {
        "text": _text(renderer, "web/app_parts.html#digest", settings=settings),
        "zone": plan.zone,
        "place": _text(renderer, "web/app_parts.html#place", zone=plan.zone),
        "times": [{"minutes": time.minutes, "weekdays": time.weekdays} for time in times],
        "mayHaveMore": len(times) < MAX_SCHEDULE_TIMES,
    }


def _hours(settings: ChatSettings) -> dict[str, int] | None:
    quiet = settings.quiet
    return {"start": quiet.start, "end": quiet.end} if quiet else None


def _mail(mailbox: MailboxSeen, renderer: Renderer, *, can_mail: bool) -> dict[str, Any]:
    return {
        "text": _text(renderer, "web/app_parts.html#mail", mailbox=mailbox),
        "canMail": can_mail,
        "state": mailbox.state or "none",
        "address": mailbox.address,
        "medium": mailbox.reach,
        "alerts": mailbox.alerts,
    }


def _text(renderer: Renderer, template: str, **values: Any) -> str:
    return renderer.message(template, **values).text


SHOWN = 5
_LONGEST_TITLE = 200


async def preview_query(site: Site, caller: Caller, request: ActionRequest) -> dict[str, Any]:
    """Return what a query finds, with other forms of its words; or its syntax error."""
    typed = request.text("query")
    try:
        query = await topics.parse_for(site.resources.storage, caller.user.chat_id, typed)
    except QueryError as error:
        return _problem(error, caller.renderer)
    found = await _find(site, caller, query)
    return found | {"wider": await _wider(site, caller, query, typed)}


async def _wider(
    site: Site, caller: Caller, query: ParsedQuery, typed: str
) -> dict[str, str] | None:
    """Return the query with other forms of its words, and a label for it; None without any."""
    renderer = caller.renderer
    async with site.searches:
        others = await other_words.others(
            site.resources.storage,
            query,
            typed,
            chat_id=caller.user.chat_id,
            spoken={ENGLISH.code, renderer.language.code.partition("-")[0]},
        )
    if not others.typed:
        return None
    label = renderer.line("web/app_parts.html#wider", others=others)
    return {"query": others.typed, "label": label}


async def preview_change(site: Site, caller: Caller, request: ActionRequest) -> dict[str, Any]:
    """Return which stories another query adds and drops, or its syntax error."""
    topic_id, typed = request.row("topic"), request.text("query")
    storage, chat_id = site.resources.storage, caller.user.chat_id
    topic = await topics.get_topic(storage, chat_id, topic_id)
    try:
        query = await topics.parse_for(storage, chat_id, typed)
    except QueryError as error:
        return _problem(error, caller.renderer)
    async with site.searches:
        found = await search.compare(storage, parse(topic.typed), query, chat_id=chat_id)
    return _difference(found, caller.renderer)


async def preview_topic(site: Site, caller: Caller, request: ActionRequest) -> dict[str, Any]:
    """Return what a topic found lately. Raises NoSuchTopic if the chat cannot see the topic."""
    storage, chat_id = site.resources.storage, caller.user.chat_id
    topic = await topics.get_topic(storage, chat_id, request.row("topic"))
    return await _find(site, caller, parse(topic.typed))


# By name, which is the last part of the address.
PREVIEWS: Final = {
    preview.__name__: preview for preview in (preview_query, preview_change, preview_topic)
}


async def _find(site: Site, caller: Caller, query: ParsedQuery) -> dict[str, Any]:
    user, renderer, storage = caller.user, caller.renderer, site.resources.storage
    async with site.searches:
        found = await search.find(storage, query, chat_id=user.chat_id, limit=SHOWN)
        silent = 0
        if not found.count and not found.is_more:
            silent = await search.silent_days(storage, query, chat_id=user.chat_id)
    values: dict[str, Any] = {
        "found": found,
        "volume": found.volume,
        "silent_days": silent,
        "zone": user.zone,
        "today": local(user.now, user.zone).date(),
    }
    return {
        "text": _text(renderer, "web/app_parts.html#found", **values),
        "warning": renderer.line("web/app_parts.html#warning", **values),
        "newest": [
            _hit(hit, _text(renderer, "web/app_parts.html#by", hit=hit, **values))
            for hit in found.newest
        ],
    }


def _problem(error: QueryError, renderer: Renderer) -> dict[str, Any]:
    """Return a query with its wrong part marked, the reason, and a suggestion."""
    sentence = renderer.message("web/app_parts.html#query_problem", error=error).text
    start, end = error.position, error.position + error.length
    text = error.text
    parts = [[text[:start], False], [text[start:end], True], [text[end:], False]]
    return {"marked": parts, "reason": sentence, "suggestion": error.suggestion}


def _difference(found: Difference, renderer: Renderer) -> dict[str, Any]:
    def text(template: str) -> str:
        return _text(renderer, f"web/app_parts.html#{template}", found=found)

    parts = {"coming": found.coming, "going": found.going}
    moving = {name: headlines for name, headlines in parts.items() if headlines.count}
    return {
        "after": renderer.line("web/app_parts.html#after", found=found),
        "before": renderer.line("web/app_parts.html#before", found=found),
        "same": "" if moving else text("same"),
        "moving": [{"text": text(name), **_headlines(moving[name], renderer)} for name in moving],
    }


def _headlines(headlines: Headlines, renderer: Renderer) -> dict[str, Any]:
    more = headlines.count - len(headlines.newest)
    return {
        "newest": [
            {"url": one.url, "title": [[one.title[:_LONGEST_TITLE], False]]}
            for one in headlines.newest
        ],
        "more": renderer.message("web/app_parts.html#more", count=more).text if more else "",
    }


def _hit(hit: SearchHit, by: str) -> dict[str, Any]:
    return {
        "url": hit.url,
        "title": _parts(hit.title[:_LONGEST_TITLE], hit.title_spans),
        "by": by,
        "snippet": _parts(hit.snippet.text, hit.snippet.bold),
    }


def _parts(text: str, spans: Iterable[tuple[int, int]]) -> list[list[str | bool]]:
    """Return *text* in pieces, each with whether it is bold; *spans* are sorted and disjoint."""
    return [[piece, is_bold] for piece, is_bold in _pieces(text, spans) if piece]


def _pieces(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    done = 0
    for start, end in spans:
        yield text[done:start], False
        yield text[start:end], True
        done = end
    yield text[done:], False
