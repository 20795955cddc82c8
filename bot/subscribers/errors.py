"""User errors: one type for each reason, which names the template that says it."""

from datetime import date, datetime
from typing import ClassVar

from bot.mail.codes import Limit


class UserError(Exception):
    """A request that cannot be met, and has changed nothing; *template* is the sentence for users.

    The template is rendered with the error as `error`.
    """

    template: ClassVar[str]


class NoSuchChat(UserError):
    """The chat was erased, or became another."""

    template = "chat/errors.html#no_such_chat"


class Banned(UserError):
    """The operator has banned the user or the chat; *is_first*: this is the first reply since."""

    template = "chat/errors.html#banned"

    def __init__(self, *, is_first: bool) -> None:
        super().__init__("banned")
        self.is_first = is_first


class GroupClosed(UserError):
    """The user who added the bot to the group or channel may no longer use it."""

    template = "chat/errors.html#group_closed"


class CannotBan(UserError):
    """The user is an admin of the settings, or the admin who asks."""

    template = "chat/errors.html#cannot_ban"


class NoSuchBroadcast(UserError):
    """It was sent, stopped or discarded before."""

    template = "chat/errors.html#no_such_broadcast"


class NotOneMessage(UserError):
    """It has no text, or more than fits one message."""

    template = "chat/errors.html#not_one_message"


class NoSuchTopic(UserError):
    """The topic is gone, or another chat's, which looks the same from outside."""

    template = "chat/errors.html#no_such_topic"


class UndoIsOver(UserError):
    """The deleted subscription is gone for good."""

    template = "chat/errors.html#undo_expired"


class AlreadySubscribed(UserError):
    """The chat subscribes to the same query as another topic, by that *name*."""

    template = "chat/errors.html#already_subscribed"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class NotAnExport(UserError):
    """The file is no export of ours, or one of a later version; or *part* of it is wrong."""

    template = "chat/errors.html#not_an_export"

    def __init__(self, part: str = "", value: str = "") -> None:
        super().__init__(f"{part}: {value}" if part else "")
        self.part, self.value = part, value


class NotAName(UserError):
    """The name is empty or invisible."""

    template = "chat/errors.html#not_a_name"


class TooMuchFeedback(UserError):
    template = "chat/errors.html#too_much_feedback"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} a day")
        self.most = most


class NoSuchFeedback(UserError):
    """Its author has deleted everything."""

    template = "chat/errors.html#no_such_feedback"


class NoSuchPublisher(UserError):
    """It is gone, or none of its articles reaches the chat."""

    template = "chat/errors.html#no_such_publisher"


class NoSuchAlert(UserError):
    """The chat did not get that alert, or it is gone."""

    template = "chat/errors.html#no_such_alert"


class NoSuchList(UserError):
    """The list of feeds is another chat's, was added before, or has waited too long."""

    template = "chat/errors.html#no_such_list"


class ListIsAdded(UserError):
    """The feeds of a file that was sent before are still being added."""

    template = "chat/errors.html#list_is_added"


class NoSuchSource(UserError):
    """The chat does not follow it, or unfollowed it too long ago to undo that."""

    template = "chat/errors.html#no_such_source"


class TooManyFeeds(UserError):
    template = "chat/errors.html#too_many_feeds"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} feeds")
        self.most = most


class TooManyAdditions(UserError):
    """The account has added that many feeds today, whether it still follows them or not."""

    template = "chat/errors.html#too_many_additions"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} a day")
        self.most = most


class OverBudget(UserError):
    """The account's own feeds have used up a budget of the day."""

    template = "chat/errors.html#over_budget"


class TooManySearches(UserError):
    template = "chat/errors.html#too_many_searches"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} a day")
        self.most = most


class TooManyTopics(UserError):
    template = "chat/errors.html#too_many_topics"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} topics")
        self.most = most


class TooManyScheduleTimes(UserError):
    template = "chat/errors.html#too_many_times"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} times")
        self.most = most


class NoSuchScheduleTime(UserError):
    """Its button is older than the schedule."""

    template = "chat/errors.html#old_button"


class NotAZone(UserError):
    template = "chat/errors.html#old_button"


class NotALanguage(UserError):
    """The language is not offered any more."""

    template = "chat/errors.html#old_button"


class NotATime(UserError):
    template = "chat/errors.html#old_button"


class NotADate(UserError):
    """The date is over, or too far away to be meant."""

    template = "chat/errors.html#not_a_date"


class NotANumber(UserError):
    template = "chat/errors.html#not_a_number"

    def __init__(self, least: int, most: int) -> None:
        super().__init__(f"{least} to {most}")
        self.least, self.most = least, most


class NoMail(UserError):
    """The bot sends no mail, because no SMTP server is set."""

    template = "chat/errors.html#no_mail"


class NotAnAddress(UserError):
    template = "chat/errors.html#not_an_address"


class TooManyRequests(UserError):
    """No more confirmation mails may be sent before *until*.

    The template shows that time with *zone* and *today*, the date there.
    """

    template = "chat/errors.html#too_many_mail_requests"

    def __init__(self, limit: Limit, until: datetime, zone: str, today: date) -> None:
        super().__init__(limit.name.lower())
        self.limit, self.until, self.zone, self.today = limit, until, zone, today


class NoMailbox(UserError):
    """The chat has no address in the state that the request needs."""

    template = "chat/errors.html#no_mailbox"


class CodeIsOver(UserError):
    """The code is a day old, or was tried too often."""

    template = "chat/errors.html#code_expired"


class WrongCode(UserError):
    template = "chat/errors.html#wrong_code"

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} tries left")
        self.left = left


class CardTooOld(UserError):
    """Telegram no longer gives the text of the message."""

    template = "chat/errors.html#card_too_old"
