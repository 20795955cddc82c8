"""User errors: one type for each reason, with the template that tells the user."""

from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar, Final

from bot.mail.codes import Limit
from bot.matching.query.errors import PHONE, WIDE_SPACE, Pointer, pointer
from bot.sources.limits import LONGEST_SELECTOR, MOST_DROPPED_SELECTORS, MOST_SELECTOR_STEPS

if TYPE_CHECKING:
    from bot.sources.pages.selectors import InvalidSelectorError

_SHOWN: Final = 80  # characters of what a user typed


class UserError(Exception):
    """A request that was refused, and changed nothing; *template* has the sentence for users.

    The template is rendered with the error as `error`.
    """

    template: ClassVar[str]


class NoSuchChat(UserError):
    """The chat was deleted, or migrated to another chat."""

    template = "chat/errors.html#no_such_chat"


class Banned(UserError):
    """The operator has banned the user or the chat; *is_first*: no reply has said so yet."""

    template = "chat/errors.html#banned"

    def __init__(self, *, is_first: bool) -> None:
        super().__init__("banned")
        self.is_first = is_first


class GroupClosed(UserError):
    """The user who added the bot to the group or channel no longer has access to the bot."""

    template = "chat/errors.html#group_closed"


class CannotBan(UserError):
    """The settings name the user as an admin, or the user is the admin who asks."""

    template = "chat/errors.html#cannot_ban"


class NoSuchRequest(UserError):
    """The request for access is over a day old, and was deleted."""

    template = "chat/errors.html#no_such_request"


class NoSuchBroadcast(UserError):
    """The broadcast was already sent, stopped or discarded."""

    template = "chat/errors.html#no_such_broadcast"


class NotOneMessage(UserError):
    """The broadcast has no text, or does not fit into one message."""

    template = "chat/errors.html#not_one_message"


class NoSuchTopic(UserError):
    """The topic is gone, or belongs to another chat, which the answer does not reveal."""

    template = "chat/errors.html#no_such_topic"


class UndoIsOver(UserError):
    """The subscription ended too long ago to be restored."""

    template = "chat/errors.html#undo_expired"


class NothingToUndo(UserError):
    """The change was undone already, or the same thing was changed again since."""

    template = "chat/errors.html#nothing_to_undo"


class AlreadySubscribed(UserError):
    """The chat already has a topic with the same query, called *name*."""

    template = "chat/errors.html#already_subscribed"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class NotAnExport(UserError):
    """The file is no export of ours, is of a later version, or has a wrong *part*."""

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
    """The author of the feedback has deleted their data."""

    template = "chat/errors.html#no_such_feedback"


class NoSuchPublisher(UserError):
    """The publisher is gone, or none of its articles reaches the chat."""

    template = "chat/errors.html#no_such_publisher"


class NoSuchAlert(UserError):
    """The chat did not get that alert, or the alert is gone."""

    template = "chat/errors.html#no_such_alert"


class NoSuchStory(UserError):
    """The chat was not sent the story, or its articles have been deleted since."""

    template = "chat/errors.html#no_such_story"


class TooManySaved(UserError):
    """The chat has saved as many stories as it may."""

    template = "chat/errors.html#too_many_saved"

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class NoWords(UserError):
    """The text is empty, or the chat is a private one, whose digests have no text of its own."""

    template = "chat/words.html#empty"


class TooManyWords(UserError):
    """The text is longer than *most* characters, or has more than *lines* lines."""

    template = "chat/words.html#too_long"

    def __init__(self, most: int, lines: int) -> None:
        super().__init__(most)
        self.most, self.lines = most, lines


class UnknownVariable(UserError):
    """The text has a name in braces that stands for nothing."""

    template = "chat/words.html#unknown_variable"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class NoSuchList(UserError):
    """The list of feeds belongs to another chat, was added before, or has expired."""

    template = "chat/errors.html#no_such_list"


class ListIsAdded(UserError):
    """The feeds of a file that was sent before are still being added."""

    template = "chat/errors.html#list_is_added"


class NoSuchSource(UserError):
    """The chat does not follow the source, or unfollowed it too long ago to undo that."""

    template = "chat/errors.html#no_such_source"


class NoSuchChannel(UserError):
    """The channel is not read, the link to it was replaced, or the user may not decide about it."""

    template = "chat/errors.html#no_such_channel"


class ChannelTaken(UserError):
    """Another administrator of the channel has already allowed its posts to be read."""

    template = "chat/errors.html#channel_taken"


class NoNewsletters(UserError):
    """No mailbox receives newsletters."""

    template = "chat/errors.html#no_newsletters"


class NoSuchSender(UserError):
    """The sender of letters, or its newsletter, is gone."""

    template = "chat/errors.html#no_such_sender"


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
    """The schedule has changed since the button was sent."""

    template = "chat/errors.html#old_button"


class NotAZone(UserError):
    template = "chat/errors.html#old_button"


class NotALanguage(UserError):
    """The bot no longer offers the language."""

    template = "chat/errors.html#old_button"


class NotATime(UserError):
    template = "chat/errors.html#old_button"


class NotADate(UserError):
    """The date is in the past, or too far in the future."""

    template = "chat/errors.html#not_a_date"


class NotANumber(UserError):
    template = "chat/errors.html#not_a_number"

    def __init__(self, least: int, most: int) -> None:
        super().__init__(f"{least} to {most}")
        self.least, self.most = least, most


class NoMail(UserError):
    """The bot cannot send mail, because no SMTP server is set."""

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
    """The code has expired after a day, or wrong codes were tried too often."""

    template = "chat/errors.html#code_expired"


class WrongCode(UserError):
    template = "chat/errors.html#wrong_code"

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} tries left")
        self.left = left


class CardTooOld(UserError):
    """Telegram no longer provides the text of the message."""

    template = "chat/errors.html#card_too_old"


class NoSuchPublicSource(UserError):
    """The source was removed, or never added."""

    template = "chat/errors.html#no_such_public_source"


class InvalidSelector(UserError):
    """The selector is refused; `place` points at the reason."""

    template = "chat/errors.html#invalid_selector"
    most_steps: ClassVar[int] = MOST_SELECTOR_STEPS
    longest: ClassVar[int] = LONGEST_SELECTOR

    def __init__(self, error: "InvalidSelectorError") -> None:
        super().__init__(str(error))
        self.code = error.code
        self.text, self.position, self.length = error.text, error.position, error.length
        self.what = error.text[error.position : error.position + error.length]

    @property
    def place(self) -> Pointer:
        return pointer(self, room=PHONE, wide=WIDE_SPACE)


class TooManySelectors(UserError):
    template = "chat/errors.html#too_many_selectors"
    most: ClassVar[int] = MOST_DROPPED_SELECTORS


class NotAZoneName(UserError):
    template = "chat/errors.html#not_a_zone_name"

    def __init__(self, typed: str) -> None:
        super().__init__(typed)
        self.typed = typed[:_SHOWN]


class NotALanguageCode(UserError):
    template = "chat/errors.html#not_a_language_code"

    def __init__(self, typed: str) -> None:
        super().__init__(typed)
        self.typed = typed[:_SHOWN]


class MarkupInRule(UserError):
    """A query has a tag of HTML, whose letters would be read as words."""

    template = "chat/errors.html#markup_in_rule"

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag[:_SHOWN]


class NotAPause(UserError):
    """The end of a pause is no time, or in the past, or too far away."""

    template = "chat/errors.html#not_a_pause"

    def __init__(self, typed: str) -> None:
        super().__init__(typed)
        self.typed = typed[:_SHOWN]


class NotAnInterval(UserError):
    template = "chat/errors.html#not_an_interval"
