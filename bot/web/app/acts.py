"""What can be wished for: each act is one use case of the chat's; the page then shows the state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.mail import confirm
from bot.mail.codes import read_code
from bot.subscribers import mutes, settings, subscriptions, topics
from bot.subscribers.digest_schedule import DigestTime
from bot.subscribers.errors import NotAZone
from bot.subscribers.mutes import Duration, TopicSubject
from bot.subscribers.timezones import zone_of_place
from storage.enums import DigestMedium, Mode, QuietHours

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.subscribers.users import CurrentUser
    from bot.web.app.mini_app import MiniApp
    from bot.web.app.wishes import Wish


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
    app: MiniApp

    def by_name(self) -> Mapping[str, Callable[[CurrentUser, Wish], Awaitable[Done]]]:
        """Return every act; the name is the last part of its address."""
        return {
            "watch": self.watch,
            "rename": self.rename,
            "reword": self.reword,
            "mute-topic": self.mute_topic,
            "unmute-topic": self.unmute_topic,
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

    async def watch(self, user: CurrentUser, wish: Wish) -> Done:
        """Watch words or a topic, or watch a topic otherwise."""
        mode, chat_id = wish.one_of("mode", Mode), user.chat_id
        if wish.has("topic"):
            watched = await subscriptions.subscribe_to_topic(
                self.app.resources.storage,
                chat_id,
                wish.row("topic"),
                mode,
                limits=self.app.resources.limits,
            )
        else:
            saved = await topics.saved_queries(self.app.resources.storage, chat_id)
            watched = await subscriptions.subscribe(
                self.app.resources.storage,
                chat_id,
                wish.text("words"),
                mode,
                saved,
                limits=self.app.resources.limits,
            )
        return Done("watching" if watched.is_new else "saved", watched.name)

    async def rename(self, user: CurrentUser, wish: Wish) -> Done:
        topic_id, name = wish.row("topic"), wish.text("name")
        await subscriptions.rename_topic(self.app.resources.storage, user.chat_id, topic_id, name)
        return Done("saved")

    async def reword(self, user: CurrentUser, wish: Wish) -> Done:
        """Give a topic other words; in the place of one of the catalogue comes one of their own."""
        chat_id, topic_id = user.chat_id, wish.row("topic")
        words, saved = (
            wish.text("words"),
            await topics.saved_queries(self.app.resources.storage, chat_id),
        )
        became = await subscriptions.change_query(
            self.app.resources.storage, chat_id, topic_id, words, saved
        )
        return Done("saved", became=became)

    async def mute_topic(self, user: CurrentUser, wish: Wish) -> Done:
        topic, duration = TopicSubject(wish.row("topic")), wish.one_of("for", Duration)
        await mutes.mute(self.app.resources.storage, user.chat_id, topic, duration)
        return Done("saved")

    async def unmute_topic(self, user: CurrentUser, wish: Wish) -> Done:
        await mutes.unmute_topic(self.app.resources.storage, user.chat_id, wish.row("topic"))
        return Done("saved")

    async def stop(self, user: CurrentUser, wish: Wish) -> Done:
        stopped = await subscriptions.unsubscribe(
            self.app.resources.storage, user.chat_id, wish.row("topic")
        )
        return Done("stopped", stopped.name, undo=stopped.topic_id)

    async def undo(self, user: CurrentUser, wish: Wish) -> Done:
        await subscriptions.undo_unsubscribe(
            self.app.resources.storage,
            user.chat_id,
            wish.row("topic"),
            limits=self.app.resources.limits,
        )
        return Done()

    async def pause(self, user: CurrentUser, wish: Wish) -> Done:
        is_paused = wish.flag("paused")
        if is_paused:
            await settings.pause(self.app.resources.storage, user.chat_id)
        else:
            await settings.resume(self.app.resources.storage, user.chat_id)
        return Done("paused" if is_paused else "resumed")

    async def set_slots(self, user: CurrentUser, wish: Wish) -> Done:
        wanted = [
            DigestTime(one.number("minutes"), one.number("weekdays")) for one in wish.each("slots")
        ]
        await settings.set_times(self.app.resources.storage, user.chat_id, wanted)
        return Done("saved")

    async def set_zone(self, user: CurrentUser, wish: Wish) -> Done:
        zone = zone_of_place(wish.text("place"))
        if zone is None:
            raise NotAZone
        await settings.set_zone(self.app.resources.storage, user.chat_id, zone)
        return Done("saved")

    async def set_quiet(self, user: CurrentUser, wish: Wish) -> Done:
        hours = None
        if wish.has("start"):
            hours = QuietHours(wish.number("start"), wish.number("end"))
        await settings.set_quiet_hours(self.app.resources.storage, user.chat_id, hours)
        return Done("saved")

    async def set_language(self, user: CurrentUser, wish: Wish) -> Done:
        """Speak a language, or with "" that of Telegram's client."""
        code = wish.text("language") or None
        chat_settings = await settings.set_language(self.app.resources.storage, user.chat_id, code)
        await self.app.menus.renew(user, chat_settings.speaks, is_chosen=code is not None)
        return Done()

    async def ask_address(self, user: CurrentUser, wish: Wish) -> Done:
        await confirm.request_confirmation(
            self.app.resources.storage,
            user.chat_id,
            wish.text("address"),
            mailer=self.app.resources.mailer,
        )
        return Done()

    async def confirm(self, user: CurrentUser, wish: Wish) -> Done:
        """Confirm with the code of the mail; what can be none counts as a try like any other."""
        code = read_code(wish.text("code")) or ""
        await confirm.confirm_by_code(self.app.resources.storage, user.chat_id, code)
        return Done("saved")

    async def set_reach(self, user: CurrentUser, wish: Wish) -> Done:
        await confirm.set_digest_medium(
            self.app.resources.storage, user.chat_id, wish.one_of("reach", DigestMedium)
        )
        return Done("saved")

    async def set_mail_alerts(self, user: CurrentUser, wish: Wish) -> Done:
        await confirm.set_email_alerts(
            self.app.resources.storage, user.chat_id, wanted=wish.flag("wanted")
        )
        return Done("saved")

    async def forget_address(self, user: CurrentUser, _wish: Wish) -> Done:
        await confirm.remove_address(self.app.resources.storage, user.chat_id)
        return Done("saved")
