"""What can be wished for: each act is one use case of the chat's; the page then shows the state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.mail.codes import read_code
from bot.subscribers.refusals import NotAZone
from bot.subscribers.slots import Times
from bot.subscribers.zones import zone_of_place
from bot.web.app.wishes import BadWishError
from storage.enums import DigestMedium, Mode, QuietHours

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.subscribers.arrivals import Guest
    from bot.web.app.doors import AppDoors
    from bot.web.app.wishes import Wish

_MOST_DAYS = 7  # that a topic is muted for, as in the chat


@dataclass(frozen=True, slots=True)
class Done:
    """What `web/app_parts.html#done` says of an act.

    *undo*: the topic that can be watched again; *became*: the one in the place of what was changed.
    """

    done: str = ""
    name: str = ""
    undo: int | None = None
    became: int | None = None


@dataclass(frozen=True, slots=True)
class Acts:
    doors: AppDoors

    def by_name(self) -> Mapping[str, Callable[[Guest, Wish], Awaitable[Done]]]:
        """Return every act; the name is the last part of its address."""
        return {
            "watch": self.watch,
            "rename": self.rename,
            "reword": self.reword,
            "mute-topic": self.mute_topic,
            "unmute-topic": self.unmute_topic,
            "pause-topic": self.pause_topic,
            "stop": self.stop,
            "undo": self.undo,
            "pause": self.pause,
            "slots": self.set_slots,
            "zone": self.set_zone,
            "quiet": self.set_quiet,
            "language": self.set_language,
            "mail": self.ask_address,
            "code": self.confirm,
            "reach": self.set_reach,
            "mail-alerts": self.set_mail_alerts,
            "forget-mail": self.forget_address,
        }

    async def watch(self, guest: Guest, wish: Wish) -> Done:
        """Watch words or a topic, or watch a topic otherwise."""
        mode, chat_id = wish.one_of("mode", Mode), guest.chat_id
        if wish.has("topic"):
            watched = await self.doors.watching.watch_topic(chat_id, wish.row("topic"), mode)
        else:
            saved = await self.doors.topics.saved(chat_id)
            watching = self.doors.watching
            watched = await watching.watch_words(chat_id, wish.text("words"), mode, saved)
        return Done("watching" if watched.is_new else "saved", watched.name)

    async def rename(self, guest: Guest, wish: Wish) -> Done:
        topic_id, name = wish.row("topic"), wish.text("name")
        await self.doors.changing.rename(guest.chat_id, topic_id, name)
        return Done("saved")

    async def reword(self, guest: Guest, wish: Wish) -> Done:
        """Give a topic other words; in the place of one of the catalogue comes one of their own."""
        chat_id, topic_id = guest.chat_id, wish.row("topic")
        words, saved = wish.text("words"), await self.doors.topics.saved(chat_id)
        became = await self.doors.changing.reword(chat_id, topic_id, words, saved)
        return Done("saved", became=became)

    async def mute_topic(self, guest: Guest, wish: Wish) -> Done:
        """Mute a topic for so many days, with 0 until that is lifted."""
        topic_id, days = wish.row("topic"), wish.number("days")
        if days > _MOST_DAYS:
            raise BadWishError("days")
        await self.doors.changing.mute(guest.chat_id, topic_id, days or None)
        return Done("saved")

    async def unmute_topic(self, guest: Guest, wish: Wish) -> Done:
        await self.doors.changing.unmute(guest.chat_id, wish.row("topic"))
        return Done("saved")

    async def pause_topic(self, guest: Guest, wish: Wish) -> Done:
        topic_id, is_paused = wish.row("topic"), wish.flag("paused")
        await self.doors.changing.pause(guest.chat_id, topic_id, is_paused=is_paused)
        return Done("saved")

    async def stop(self, guest: Guest, wish: Wish) -> Done:
        stopped = await self.doors.watching.stop(guest.chat_id, wish.row("topic"))
        return Done("stopped", stopped.name, undo=stopped.topic_id)

    async def undo(self, guest: Guest, wish: Wish) -> Done:
        await self.doors.watching.undo(guest.chat_id, wish.row("topic"))
        return Done()

    async def pause(self, guest: Guest, wish: Wish) -> Done:
        settings = self.doors.settings
        is_paused = wish.flag("paused")
        await (settings.pause if is_paused else settings.resume)(guest.chat_id)
        return Done("paused" if is_paused else "resumed")

    async def set_slots(self, guest: Guest, wish: Wish) -> Done:
        wanted = [
            Times(one.number("minutes"), one.number("weekdays")) for one in wish.each("slots")
        ]
        await self.doors.schedule.set_all(guest.chat_id, wanted)
        return Done("saved")

    async def set_zone(self, guest: Guest, wish: Wish) -> Done:
        zone = zone_of_place(wish.text("place"))
        if zone is None:
            raise NotAZone
        await self.doors.settings.set_zone(guest.chat_id, zone)
        return Done("saved")

    async def set_quiet(self, guest: Guest, wish: Wish) -> Done:
        hours = None
        if wish.has("start"):
            hours = QuietHours(wish.number("start"), wish.number("end"))
        await self.doors.restraint.set_quiet(guest.chat_id, hours)
        return Done("saved")

    async def set_language(self, guest: Guest, wish: Wish) -> Done:
        """Speak a language, or with "" that of Telegram's client."""
        code = wish.text("language") or None
        settings = await self.doors.settings.set_language(guest.chat_id, code)
        await self.doors.menus.renew(guest, settings.speaks, is_chosen=code is not None)
        return Done()

    async def ask_address(self, guest: Guest, wish: Wish) -> Done:
        await self.doors.mailboxes.request(guest.chat_id, wish.text("address"))
        return Done()

    async def confirm(self, guest: Guest, wish: Wish) -> Done:
        """Confirm with the code of the mail; what can be none counts as a try like any other."""
        code = read_code(wish.text("code")) or ""
        await self.doors.mailboxes.confirm_by_code(guest.chat_id, code)
        return Done("saved")

    async def set_reach(self, guest: Guest, wish: Wish) -> Done:
        await self.doors.mailboxes.set_reach(guest.chat_id, wish.one_of("reach", DigestMedium))
        return Done("saved")

    async def set_mail_alerts(self, guest: Guest, wish: Wish) -> Done:
        await self.doors.mailboxes.set_alerts(guest.chat_id, wanted=wish.flag("wanted"))
        return Done("saved")

    async def forget_address(self, guest: Guest, _wish: Wish) -> Done:
        await self.doors.mailboxes.remove(guest.chat_id)
        return Done("saved")
