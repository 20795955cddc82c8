"""What the page shows of a chat, as JSON; what people read in it is rendered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.mail import confirm
from bot.rendering.filters import local
from bot.subscribers import settings, topics
from bot.subscribers.limits import MOST_LISTED
from storage.enums import MAX_SCHEDULE_TIMES

if TYPE_CHECKING:
    from bot.mail.confirm import MailboxSeen
    from bot.rendering.renderer import Renderer
    from bot.resources import Resources
    from bot.subscribers.settings import Settings
    from bot.subscribers.topics import ChatTopic
    from bot.subscribers.users import CurrentUser

_SUGGESTED = 6  # topics of the catalogue that are not watched


@dataclass(frozen=True, slots=True)
class Showing:
    resources: Resources

    async def state(self, user: CurrentUser, renderer: Renderer) -> dict[str, Any]:
        watched = await topics.subscribed(
            self.resources.storage, user.chat_id, per_page=MOST_LISTED
        )
        catalogue = await topics.catalogue_page(
            self.resources.storage, user.chat_id, per_page=MOST_LISTED
        )
        chat_settings = await settings.get_settings(self.resources.storage, user.chat_id)
        renderer = renderer.of(chat_settings.speaks)  # which may have been chosen just now
        mailbox = await confirm.get_mailbox(self.resources.storage, user.chat_id)
        suggested = [_topic(one) for one in catalogue.items if one.mode is None]
        return {
            "language": renderer.language.code,
            "chosenLanguage": chat_settings.language or "",
            "topics": [_topic(one) | _rest(one, user, renderer) for one in watched.items],
            "suggested": suggested[:_SUGGESTED],
            "digest": _digest(chat_settings, renderer),
            "quiet": _hours(chat_settings),
            "isPaused": chat_settings.is_paused,
            "pausedTold": _told(renderer, "web/app_parts.html#paused", settings=chat_settings),
            "mail": _mail(mailbox, renderer, can_mail=self.resources.mailer is not None),
        }


def _topic(topic: ChatTopic) -> dict[str, Any]:
    return {
        "id": topic.id,
        "name": topic.name,
        "words": topic.typed,
        "isPublic": topic.is_public,
        "mode": topic.mode,
    }


def _rest(topic: ChatTopic, user: CurrentUser, renderer: Renderer) -> dict[str, Any]:
    """Return whether a topic is muted, and the sentence that says so."""
    today = local(user.now, user.zone).date()
    told: dict[str, Any] = {"topic": topic, "zone": user.zone, "today": today}
    return {
        "isMuted": topic.is_muted,
        "restTold": _told(renderer, "web/app_parts.html#rest", **told) if topic.is_muted else "",
    }


def _digest(settings: Settings, renderer: Renderer) -> dict[str, Any]:
    plan = settings.plan
    slots = sorted(plan.slots, key=lambda slot: slot.minutes)
    return {
        "told": _told(renderer, "web/app_parts.html#digest", settings=settings),
        "zone": plan.zone,
        "place": _told(renderer, "web/app_parts.html#place", zone=plan.zone),
        "slots": [{"minutes": slot.minutes, "weekdays": slot.weekdays} for slot in slots],
        "mayHaveMore": len(slots) < MAX_SCHEDULE_TIMES,
    }


def _hours(settings: Settings) -> dict[str, int] | None:
    quiet = settings.quiet
    return {"start": quiet.start, "end": quiet.end} if quiet else None


def _mail(mailbox: MailboxSeen, renderer: Renderer, *, can_mail: bool) -> dict[str, Any]:
    return {
        "told": _told(renderer, "web/app_parts.html#mail", mailbox=mailbox, can_mail=can_mail),
        "canMail": can_mail,
        "state": mailbox.state or "none",
        "address": mailbox.address,
        "reach": mailbox.reach,
        "alerts": mailbox.alerts,
    }


def _told(renderer: Renderer, template: str, **values: Any) -> str:
    return renderer.message(template, **values).text
