"""The data that buttons send back: at most 64 bytes, with everything the handler needs.

The bot stores nothing about a button, so old buttons keep working. Templates call this module
`press` and build the data from its classes, as in `press.Unsubscribe(topic_id=1).pack()`. Users can
forge the data, so types bound the numbers, and services check that the chat may use a topic.

The data includes the query if it fits, so that the button works for ever. A longer query is read
from the text of the message, while Telegram still provides it. A link is always read from there, by
its number.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Final

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from bot.matching.result_pages import PagePosition
from bot.rendering.keyboards import (
    ALERT,
    ALL,
    DECIDE,
    DETAIL,
    FEEDBACK,
    OWN_SOURCE,
    RHYTHM,
    SETTINGS,
    STORIES,
    TOPICS,
)
from bot.sources.credentials import AccessKind
from bot.subscribers.digest_schedule import WeeklyTime
from bot.subscribers.export import TakenSettings
from bot.subscribers.intents import Intent
from bot.subscribers.invites import CODE
from bot.subscribers.limits import Limited
from bot.subscribers.mutes import Duration
from bot.subscribers.setting_undo import value_of
from bot.subscribers.settings import ChatSettings, PicturePlace, Setting
from bot.subscribers.source_settings import SourceSetting, SourceSettings
from bot.subscribers.subscriptions import ChangedTopic, Subscribed
from bot.subscribers.text import checksum
from storage.enums import (
    Audience,
    ChannelSharing,
    DeliveryState,
    DigestMedium,
    EmptyDay,
    Layout,
    Mode,
    MuteKind,
    Sound,
    SourcePriority,
    Style,
    WordsPart,
)

RowId = Annotated[int, Field(ge=0, lt=2**63)]
ScheduleNumber = Annotated[int, Field(ge=0, lt=100)]
PageNumber = Annotated[int, Field(ge=0, lt=1_000_000)]
LinkNumber = Annotated[int, Field(ge=0, lt=100)]
Day = Annotated[int, Field(ge=0, le=99991231)]

# Topics, cards, alerts, digests and the list of sources


class TopicsPage(CallbackData, prefix="topics"):
    page: PageNumber = 0


class SendTopics(CallbackData, prefix=TOPICS):
    """Sends the list of topics as a new message."""

    page: PageNumber = 0


class CataloguePage(CallbackData, prefix="catalogue"):
    page: PageNumber = 0


class OpenTopic(CallbackData, prefix="topic"):
    topic_id: RowId


class TopicMenu(StrEnum):
    """The menus that replace the buttons of a topic's page: blocks of its template."""

    MODES = "modes"
    MUTING = "muting"
    SOUND = "sound"
    MORE = "more"


class ShowTopicMenu(CallbackData, prefix="topicmenu"):
    topic_id: RowId
    menu: TopicMenu


class ShowOrder(CallbackData, prefix="order"):
    """Shows the topics with buttons that move them."""

    page: PageNumber = 0


class MoveSubscription(CallbackData, prefix="reorder"):
    topic_id: RowId
    is_up: bool
    page: PageNumber = 0


class SetHeadlines(CallbackData, prefix="headlines"):
    """Whether digests list only the titles of the topic's stories."""

    topic_id: RowId
    wanted: bool


class KeepOriginal(CallbackData, prefix="original"):
    """Sets whether digests leave the topic's headlines in their own languages."""

    topic_id: RowId
    keeps: bool


class ShowCard(CallbackData, prefix="card"):
    topic_id: RowId


class SubscribeTopic(CallbackData, prefix="subscribe"):
    topic_id: RowId
    mode: Mode


class SubscribeQuery(CallbackData, prefix="words", sep="|"):
    mode: Mode
    words: str = ""  # "": the query is in the message


class SetSound(CallbackData, prefix="sound"):
    topic_id: RowId
    sound: Sound


class SetMode(CallbackData, prefix="mode"):
    topic_id: RowId
    mode: Mode


class Unsubscribe(CallbackData, prefix="stop"):
    topic_id: RowId


class UndoUnsubscribe(CallbackData, prefix="unstop"):
    topic_id: RowId


class UndoSubscribe(CallbackData, prefix="unsub"):
    """Ends the subscription, or restores the mode *was*, if its mode is still *mode*."""

    subscription_id: RowId
    mode: Mode
    was: Mode | None = None


class KeepZone(CallbackData, prefix="zoneright"):
    """Confirms the guessed zone in the answer to a subscription, whose *Undo* stays.

    *was*: the mode before, as in UndoSubscribe.
    """

    topic_id: RowId
    was: Mode | None = None


class UndoQuery(CallbackData, prefix="unuse"):
    """Restores the query in the message, if *after* is still the checksum of the query.

    *public_id*: the topic of the catalogue that had it, 0 if the topic was the chat's own.
    """

    topic_id: RowId
    after: str
    public_id: RowId


class MuteTopic(CallbackData, prefix="mute"):
    topic_id: RowId
    duration: Duration


class UnmuteTopic(CallbackData, prefix="unmutetopic"):
    topic_id: RowId


class TopicField(StrEnum):
    """A part of a topic that the user changes by typing."""

    QUERY = "query"
    NAME = "name"


class AskTopicField(CallbackData, prefix="change"):
    topic_id: RowId
    what: TopicField


class UseQuery(CallbackData, prefix="use"):
    """Sets the topic's query to the one in the message."""

    topic_id: RowId


class ShareTopic(CallbackData, prefix="share"):
    topic_id: RowId


class ShowRecent(CallbackData, prefix="recent"):
    topic_id: RowId


class TrendsPage(CallbackData, prefix="trends"):
    page: PageNumber = 0


class ShowTrend(CallbackData, prefix="trend"):
    topic_id: RowId


class ShowPublishers(CallbackData, prefix="from"):
    topic_id: RowId


class OpenPublisher(CallbackData, prefix="publisher"):
    """Opens the publisher of an article; *topic_id* is the topic whose page has the button."""

    topic_id: RowId
    source_id: RowId
    article_id: RowId


class MutePublisher(OpenPublisher, prefix="mutepub"):
    """*is_less*: keep its news out of alerts, unless other publishers report it too."""

    is_less: bool
    duration: Duration


class UnmutePublisher(OpenPublisher, prefix="unmutepub"):
    pass


class AlertAction(StrEnum):
    """The buttons under an alert, by the names that templates pass to `on_alert`."""

    MENU = "menu"
    BACK = "back"
    LIKE = "like"
    SAVE = "save"
    LESS = "less"
    SILENT = "silent"
    HUSH = "hush"  # a topic
    STORY = "story"
    SOURCE = "source"
    TOPIC = "topic"


class OnAlert(CallbackData, prefix=ALERT):
    """A button under an alert. It is refused if the chat was not alerted to the story."""

    action: AlertAction
    story_id: RowId
    topic_id: RowId = 0
    duration: Duration = Duration.FOREVER


class OpenAlert(CallbackData, prefix="openalert"):
    """Sends an alert that the chat has got once more."""

    story_id: RowId


class UndoMute(CallbackData, prefix="unmute"):
    """Undoes a mute that was set by a button under an alert."""

    story_id: RowId
    mute_id: RowId


class UndoSilence(CallbackData, prefix="unhush"):
    """Gives a topic that a button under an alert has silenced its former sound."""

    story_id: RowId
    topic_id: RowId
    before: Sound


class ListStories(CallbackData, prefix=STORIES):
    """Lists the stories of an edition, in a new message; *day* is as in `ShowAll`."""

    day: Day
    schedule_number: ScheduleNumber


class TurnStories(ListStories, prefix="turnstories"):
    """Shows a page of the list in its own message."""

    page: PageNumber = 0


class StoryAction(StrEnum):
    """The buttons of a story that was chosen from the list of an edition."""

    OPEN = "open"
    SAVE = "save"
    UNSAVE = "unsave"
    LIKE = "like"
    LESS = "less"
    WHY = "why"


class OnStory(CallbackData, prefix="story"):
    """Acts on a story that the chat was sent. The other fields lead back to the list, if any."""

    action: StoryAction
    story_id: RowId
    day: Day = 0
    schedule_number: ScheduleNumber = 0
    page: PageNumber = 0

    def to(self, action: str) -> str:
        """Return the data of another button of the same story."""
        return self.model_copy(update={"action": StoryAction(action)}).pack()


class MuteStory(CallbackData, prefix="less"):
    """*kind* is "topic", "story" or "less" (of its publisher); *topic_id* is that of a topic."""

    kind: MuteKind
    story_id: RowId
    topic_id: RowId = 0


class UnmuteStory(CallbackData, prefix="unless"):
    """Undoes a mute of `MuteStory`, and shows the story again."""

    story_id: RowId
    mute_id: RowId


class SavedPage(CallbackData, prefix="saved"):
    page: PageNumber = 0


class RemoveSaved(CallbackData, prefix="unsave"):
    saved_id: RowId
    page: PageNumber = 0


class TryWords(CallbackData, prefix="try", sep="|"):
    words: str = ""  # "": the query is in the message


class TryChoice(CallbackData, prefix="choice"):
    """Shows the card of a query in the message, by its number from 0."""

    number: LinkNumber


class ShowIntent(CallbackData, prefix="intent"):
    """Answers what a typed text may have wanted from the bot."""

    intent: Intent


class Dismiss(CallbackData, prefix="dismiss"):
    pass


class DigestNow(CallbackData, prefix="digest"):
    pass


class ShowAll(CallbackData, prefix=ALL):
    """*day* is the local date of the edition, such as 20261118; 0 is the digest so far."""

    day: Day
    schedule_number: ScheduleNumber
    topic_id: RowId


def day_of(number: int) -> date | None:
    """Parse 20261118; return None for 0, and for an invalid date `date.min`, without an edition."""
    if not number:
        return None
    try:
        return datetime.strptime(f"{number:08}", "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return date.min


class SourcesPage(CallbackData, prefix="sources"):
    page: PageNumber = 0


class OpenSource(CallbackData, prefix="source"):
    source_id: RowId


class RemoveSource(CallbackData, prefix="unsource"):
    source_id: RowId


class SourceMenu(StrEnum):
    """The menus that replace the buttons of a source's page: blocks of its template."""

    PAUSE = "pause"
    PRIORITY = "priority"
    INTERVAL = "interval"
    RULES = "rules"
    SELECTORS = "selectors"


class ShowSourceMenu(CallbackData, prefix="srcmenu"):
    source_id: RowId
    menu: SourceMenu


class PauseSource(CallbackData, prefix="srcpause"):
    """*hours*: 0 for good."""

    source_id: RowId
    hours: Annotated[int, Field(ge=0, le=24 * 366)]


class ResumeSource(CallbackData, prefix="srcresume"):
    source_id: RowId


class SetSourcePriority(CallbackData, prefix="srcpriority"):
    source_id: RowId
    priority: SourcePriority


class SetSourceInterval(CallbackData, prefix="srcevery"):
    """*minutes*: 0 for as often as the source itself suggests."""

    source_id: RowId
    minutes: Annotated[int, Field(ge=0, le=43_200)]


class SourceRule(StrEnum):
    """A setting of a source that is typed: a field of `SourceChanges`."""

    ARTICLE = "article"
    DROPPED = "dropped"
    KEEP = "keep"
    DROP = "drop"
    LANGUAGE = "language"
    ZONE = "zone"


class AskSourceRule(CallbackData, prefix="srcask"):
    source_id: RowId
    rule: SourceRule


class ClearSourceRule(CallbackData, prefix="srcclear"):
    source_id: RowId
    rule: SourceRule


class SaveSourceRule(CallbackData, prefix="srcsave"):
    """Saves the query that the message previews."""

    source_id: RowId
    rule: SourceRule


_TYPED: Final[frozenset[str]] = frozenset(SourceRule)
_LONGEST_UNDONE: Final = 1000


class UndoSource(CallbackData, prefix="srcundo"):
    """Restores the value *before*, if *after* is still the checksum of the value.

    *before* is a checksum if the setting is typed: the message holds the value.
    """

    source_id: RowId
    setting: SourceSetting
    before: str
    after: str

    @property
    def is_typed(self) -> bool:
        return self.setting in _TYPED


def undo_source(changed: SourceSettings) -> str:
    """Return the data of a button that undoes the change; "" if nothing is to undo.

    A value of more than `_LONGEST_UNDONE` characters may not fit in the message beside the new one.
    """
    made = changed.change
    if made is None or made.is_undone or made.before == made.after:
        return ""
    if len(made.before) > _LONGEST_UNDONE:
        return ""
    before = checksum(made.before) if made.setting in _TYPED else made.before
    return UndoSource(
        source_id=changed.source.id,
        setting=made.setting,
        before=before,
        after=checksum(made.after),
    ).pack()


class ShowSourceAccess(CallbackData, prefix="login"):
    source_id: RowId


class AskSourceAccess(CallbackData, prefix="asklogin"):
    source_id: RowId
    kind: AccessKind


class ClearSourceAccess(CallbackData, prefix="unlogin"):
    source_id: RowId
    kind: AccessKind


def undo_subscribe(done: Subscribed) -> str:
    """Return the data of a button that undoes a subscription or its new mode; "" for neither."""
    if done.was is done.mode:
        return ""
    return UndoSubscribe(subscription_id=done.subscription_id, mode=done.mode, was=done.was).pack()


def undo_query(changed: ChangedTopic) -> str:
    """Return the data of a button that undoes the change; "" if it changed nothing."""
    if changed.typed == changed.before:
        return ""
    after = checksum(changed.typed)
    return UndoQuery(topic_id=changed.topic_id, after=after, public_id=changed.public_id).pack()


def subscribe_query(words: str, mode: str) -> str:
    """Return the data of a button that subscribes to the query *words*."""
    return with_words(SubscribeQuery(mode=Mode(mode), words=words))


def try_words(words: str) -> str:
    """Return the data of a button that shows the card of *words*."""
    return with_words(TryWords(words=words))


def try_choice(words: str, number: int) -> str:
    """Return the data of a button that shows the card of *words*, a choice in the message."""
    data = try_words(words)
    return data if TryWords.unpack(data).words else TryChoice(number=number).pack()


# Buttons under searches, and under replies to typed and sent messages


class HelpPage(StrEnum):
    """The pages of the help, each a block of `chat/help.html`."""

    HELP = "help"
    QUERIES = "queries"
    MORE = "more"


class ShowHelp(CallbackData, prefix="help"):
    page: HelpPage


class TurnSearch(CallbackData, prefix="find", sep="|"):
    article_id: RowId
    newer: bool
    words: str = ""  # "": the query is in the message


class ShowQuery(CallbackData, prefix="query"):
    """Shows the query of a catalogue topic."""

    topic_id: RowId


class Widen(CallbackData, prefix="also", sep="|"):
    """Adds the other forms of its words that a card suggests to its query."""

    words: str = ""  # "": the query is in the message


class AsPhrase(CallbackData, prefix="phrase", sep="|"):
    """Shows the card of the query as one phrase."""

    words: str = ""  # "": the query is in the message


class ShowNames(CallbackData, prefix="names", sep="|"):
    """Shows the query's names in other languages, to choose from."""

    words: str = ""  # "": the query is in the message


class AddName(CallbackData, prefix="name", sep="|"):
    """Adds the query's names in a language; *language* "" goes back to the card."""

    language: Annotated[str, Field(max_length=3)] = ""
    words: str = ""  # "": the query is in the message


class FollowLink(CallbackData, prefix="follow"):
    """Follows a link. *everybody*: as a public source, which only admins may add."""

    number: LinkNumber = 0
    everybody: bool = False


class FindFeeds(CallbackData, prefix="findfeeds"):
    number: LinkNumber = 0


class ExplainLink(CallbackData, prefix="whynot"):
    """Says why the chat did not get the stored article at a link."""

    number: LinkNumber = 0


class ReadLink(CallbackData, prefix="readlink"):
    """Reads the page at a link, for keywords from its article."""

    number: LinkNumber = 0


class OwnSourcesPage(CallbackData, prefix="own"):
    page: PageNumber = 0


class OpenOwnSource(CallbackData, prefix=OWN_SOURCE):
    source_id: RowId


class Unfollow(CallbackData, prefix="unfollow"):
    source_id: RowId


class FollowNewsletter(CallbackData, prefix="letters"):
    """Gives the chat an address for a newsletter."""


class AcceptSender(CallbackData, prefix="letterfrom"):
    sender_id: RowId


class RefuseSender(CallbackData, prefix="noletters"):
    sender_id: RowId


class UnsubscribeNewsletter(CallbackData, prefix="endletters"):
    """Sends the request that unsubscribes from a newsletter."""

    source_id: RowId


class FollowAgain(CallbackData, prefix="refollow"):
    source_id: RowId


class AddStarters(CallbackData, prefix="starters"):
    """Adds the starter feeds for the admin's language and country."""


class AskSource(CallbackData, prefix="asksource"):
    """Asks for the address of a source for everybody."""


class ImportFile(CallbackData, prefix="import"):
    """Imports the file that the message with the button replies to."""


class UndoImport(CallbackData, prefix="unimport"):
    """Removes what an import added; the other fields are those of TakenSettings."""

    import_id: RowId
    zone: Annotated[str, Field(max_length=64)] = ""
    has_hours: bool = False
    has_times: bool = False
    after: str = ""


def undo_import(import_id: int, taken: TakenSettings | None) -> str:
    """Return the data of a button that undoes an import, without its settings if they don't fit."""
    if taken:
        with suppress(ValueError):  # a very long name of a zone
            return UndoImport(import_id=import_id, **asdict(taken)).pack()
    return UndoImport(import_id=import_id).pack()


class AddList(CallbackData, prefix="addlist"):
    list_id: RowId


def turn_search(words: str, place: PagePosition) -> str:
    """Return the data of a button that turns to another page of a search."""
    return with_words(TurnSearch(article_id=place.article_id, newer=place.newer, words=words))


def widen(words: str) -> str:
    """Return the data of a button that adds other forms of its words to a query."""
    return with_words(Widen(words=words))


def as_phrase(words: str) -> str:
    """Return the data of a button that reads the words of a query as one phrase."""
    return with_words(AsPhrase(words=words))


def show_names(words: str) -> str:
    """Return the data of a button that shows a query's names in other languages."""
    return with_words(ShowNames(words=words))


def add_name(words: str, language: str = "") -> str:
    """Return the data of a button that adds the names in a language to a query."""
    return with_words(AddName(language=language, words=words))


def with_words(data: CallbackData) -> str:
    """Return the packed *data*, without its `words` if they do not fit."""
    try:
        return data.pack()
    except ValueError:  # too long, or the words contain the separator
        return data.model_copy(update={"words": ""}).pack()


# The settings of a chat


class Question(StrEnum):
    """A question that the user answers by typing; the row of a private chat stores its value."""

    QUERY = "query"
    TIME = "time"
    ZONE = "zone"
    QUIET = "quiet"
    DATE = "date"
    NUMBER = "number"
    TOPIC_QUERY = "topic_query"
    TOPIC_NAME = "topic_name"
    SOURCE = "source"
    SEARCH = "search"
    TEST = "test"
    WORDS = "words"
    FEEDBACK = "feedback"
    FEEDBACK_REPLY = "feedback_reply"
    BROADCAST = "broadcast"
    NEW_CATALOGUE_TOPIC = "new_catalogue_topic"
    CATALOGUE_NAME = "catalogue_name"
    CATALOGUE_QUERY = "catalogue_query"
    SOURCE_ARTICLE = "source_article"
    SOURCE_DROPPED = "source_dropped"
    SOURCE_KEEP = "source_keep"
    SOURCE_DROP = "source_drop"
    SOURCE_LANGUAGE = "source_language"
    SOURCE_ZONE = "source_zone"
    SOURCE_LOGIN = "source_login"
    SOURCE_TOKEN = "source_token"  # noqa: S105 - its name
    SOURCE_COOKIE = "source_cookie"
    SOURCE_HEADER = "source_header"
    SOURCE_USER_AGENT = "source_agent"
    SOURCE_PROXY = "source_proxy"


class Ask(CallbackData, prefix="ask"):
    """Asks a question that needs no subject; see `ASKED_BY_BUTTON`."""

    question: Question


class CancelQuestion(CallbackData, prefix="cancel"):
    """The button under each question, by which `question_in` recognises the question."""

    question: Question
    subject: RowId = 0


class ShowSettings(CallbackData, prefix="settings"):
    pass


class SendSettings(CallbackData, prefix=SETTINGS):
    """Sends the settings as a new message."""


class ShowZone(CallbackData, prefix="zones"):
    pass


class AskLocation(CallbackData, prefix="asklocation"):
    pass


class ShowQuiet(CallbackData, prefix="quiet"):
    pass


class SetQuiet(CallbackData, prefix="setquiet"):
    """*start* and *end* are minutes after midnight; equal values turn quiet hours off."""

    start: RowId
    end: RowId


class ShowAlertRate(CallbackData, prefix="rate"):
    pass


class SetAlertRate(CallbackData, prefix="setrate"):
    number: RowId


class ShowLanguages(CallbackData, prefix="languages"):
    pass


class SetLanguage(CallbackData, prefix="language"):
    """*code*: "" for the language of the client."""

    code: Annotated[str, Field(max_length=16)] = ""


class SetZone(CallbackData, prefix="zone"):
    name: str


class SetEmptyDay(CallbackData, prefix="empty"):
    empty_day: EmptyDay


class Pause(CallbackData, prefix="pause"):
    pass


class PauseFor(CallbackData, prefix="pausefor"):
    days: Annotated[int, Field(ge=1, le=1000)]


class Resume(CallbackData, prefix="resume"):
    pass


class ShowLayout(CallbackData, prefix="digestlayout"):
    pass


class SetStyle(CallbackData, prefix="style"):
    style: Style


class SetLayout(CallbackData, prefix="layout"):
    layout: Layout


class SetDetail(CallbackData, prefix=DETAIL):
    """Under a digest: how much the next ones say."""

    style: Style


class SetRhythm(CallbackData, prefix=RHYTHM):
    """Under a digest: one a week, or one a day."""

    is_weekly: bool


class SetPinning(CallbackData, prefix="pin"):
    wanted: bool


class ShowWords(CallbackData, prefix="ownwords"):
    """Shows the chat's own words in its digests."""


class AskWords(CallbackData, prefix="askwords"):
    part: WordsPart


class SaveWords(CallbackData, prefix="savewords"):
    """Saves the text in the message."""

    part: WordsPart


class RemoveWords(CallbackData, prefix="nowords"):
    part: WordsPart


class UndoWords(CallbackData, prefix="undowords"):
    part: WordsPart
    after: str


class SetPicture(CallbackData, prefix="picture"):
    place: PicturePlace
    is_wanted: bool


class SetHashtags(CallbackData, prefix="hashtags"):
    is_wanted: bool


class SetModel(CallbackData, prefix="model"):
    uses: bool


class UndoSetting(CallbackData, prefix="undo"):
    """Restores the value *before*, if *after* is still the checksum of the value.

    *on_page*: the button is on a page of the settings, not under an answer of one line.
    """

    setting: Setting
    before: str
    after: str
    on_page: bool


def undo_setting(changed: ChatSettings, *, on_page: bool = False) -> str:
    """Return the data of a button that undoes the change; "" if nothing is to undo."""
    if changed.change is None or changed.change.is_undone:
        return ""
    setting = changed.change.setting
    before, after = value_of(changed.change.before, setting), value_of(changed, setting)
    if before == after:
        return ""
    return UndoSetting(
        setting=setting, before=before, after=checksum(after), on_page=on_page
    ).pack()


class ShowEmail(CallbackData, prefix="email"):
    pass


class SetReach(CallbackData, prefix="reach"):
    reach: DigestMedium


class SetMailAlerts(CallbackData, prefix="mailalerts"):
    wanted: bool


class RemoveAddress(CallbackData, prefix="nomail"):
    """Asks whether to remove it."""


class ConfirmRemoveAddress(CallbackData, prefix="nomailsure"):
    pass


class ExportChat(CallbackData, prefix="export"):
    """Sends the data of the managed chat as a file."""


class AskToErase(CallbackData, prefix="askerase"):
    """Asks whether the data of the managed chat shall be deleted."""


class Erase(CallbackData, prefix="erase"):
    """The button works for a day after *asked_at*, in Unix seconds."""

    asked_at: RowId = 0


class KeepData(CallbackData, prefix="keep"):
    """Keeps the data, and deletes only the question."""


class FeedsPage(CallbackData, prefix="feeds"):
    page: PageNumber = 0


class RenewFeeds(CallbackData, prefix="renewfeeds"):
    """Asks whether to give the feeds new addresses."""


class ConfirmRenewFeeds(CallbackData, prefix="renewsure"):
    pass


class CloseFeeds(CallbackData, prefix="nofeeds"):
    """Asks whether to turn the feeds off."""


class ConfirmCloseFeeds(CallbackData, prefix="nofeedsure"):
    pass


class MutesPage(CallbackData, prefix="mutes"):
    page: PageNumber = 0


class Unmute(CallbackData, prefix="lift"):
    mute_id: RowId
    page: PageNumber = 0


# The times of digests.


class ShowTimes(CallbackData, prefix="times"):
    pass


class SetTime(CallbackData, prefix="time"):
    """Sets the time of the first digest, which is usually the only one."""

    minutes: RowId


class SetOnlyTime(CallbackData, prefix="only"):
    minutes: RowId


class AddTime(CallbackData, prefix="also"):
    minutes: RowId


class SetTimes(CallbackData, prefix="timetable", sep="|"):
    """*times*: minutes after midnight and weekdays (bits) of each digest: `480-127,540-1`."""

    times: Annotated[str, Field(pattern=r"^\d{1,4}-\d{1,3}(,\d{1,4}-\d{1,3}){0,3}$")]


class ShowMoreTimes(CallbackData, prefix="more"):
    pass


class ShowScheduleTime(CallbackData, prefix="digesttime"):
    number: ScheduleNumber


class SetScheduleTime(CallbackData, prefix="setdigesttime"):
    number: ScheduleNumber
    minutes: RowId


class ShowDays(CallbackData, prefix="days"):
    number: ScheduleNumber


class SetMostCovered(CallbackData, prefix="covered"):
    """Whether a weekly digest lists the most covered stories of the week."""

    number: ScheduleNumber
    wanted: bool


class SetDays(CallbackData, prefix="setdays"):
    number: ScheduleNumber
    weekdays: RowId  # as bits; bit 0 is Monday


class RemoveScheduleTime(CallbackData, prefix="nodigesttime"):
    number: ScheduleNumber


def set_times(times: Iterable[WeeklyTime]) -> str:
    """Return the data of a button that sets the *times* of digests, four at most."""
    packed = ",".join(f"{time.minutes}-{time.weekdays}" for time in times)
    return SetTimes(times=packed).pack()


def times_in(data: SetTimes) -> list[WeeklyTime]:
    pairs = (time.split("-") for time in data.times.split(","))
    return [WeeklyTime(int(minutes), int(weekdays)) for minutes, weekdays in pairs]


# The topics of a forum, and groups and channels managed from private chats


class SiblingTopicsPage(CallbackData, prefix="siblings"):
    page: PageNumber = 0


class MoveHere(CallbackData, prefix="here"):
    """Moves a subscription here; *chat_id* is our row of the thread that has it now."""

    chat_id: RowId
    topic_id: RowId


class Manage(CallbackData, prefix="manage"):
    chat_id: RowId


class StopManaging(CallbackData, prefix="myown"):
    pass


class ShowChannels(CallbackData, prefix="channels"):
    pass


class ChannelsPage(CallbackData, prefix="channelspage"):
    page: PageNumber = 0


# Channels as sources


class AskPosts(CallbackData, prefix="posts"):
    """Asks who may follow the posts of the channel *chat_id*."""

    chat_id: RowId


class ReadPosts(CallbackData, prefix="readposts"):
    """Reads the posts of the channel *chat_id* as a source."""

    chat_id: RowId
    sharing: ChannelSharing


class OpenChannel(CallbackData, prefix="channel"):
    source_id: RowId


class ShareChannel(CallbackData, prefix="sharechannel"):
    source_id: RowId
    sharing: ChannelSharing


class RenewChannelLink(CallbackData, prefix="channellink"):
    source_id: RowId


class RevokeReader(CallbackData, prefix="unallow"):
    source_id: RowId
    chat_id: RowId


class AskToStopPosts(CallbackData, prefix="askstop"):
    source_id: RowId


class StopPosts(CallbackData, prefix="stopposts"):
    source_id: RowId


class FollowPosts(CallbackData, prefix="followposts"):
    """Follows the channel whose link has this token."""

    token: Annotated[str, Field(max_length=32)]


# `/admin`


class ShowAdmin(CallbackData, prefix="admin"):
    pass


class ActivityPage(CallbackData, prefix="activity"):
    page: PageNumber = 0


class StuckPage(CallbackData, prefix="stuck"):
    page: PageNumber = 0


class Release(CallbackData, prefix="release"):
    delivery_id: RowId


class Drop(CallbackData, prefix="drop"):
    """*was*: the state that *Undo* restores."""

    delivery_id: RowId
    was: DeliveryState


class Undrop(CallbackData, prefix="undrop"):
    delivery_id: RowId
    was: DeliveryState


class InvitesPage(CallbackData, prefix="invites"):
    page: PageNumber = 0


class DraftInvite(CallbackData, prefix="newinvite"):
    """Previews an invitation for *uses* users that is valid for *days*."""

    uses: Annotated[int, Field(ge=1, le=10_000)] = 1
    days: Annotated[int, Field(ge=1, le=366)] = 7


class MakeInvite(CallbackData, prefix="invite"):
    """Creates an invitation; the *invite_code* makes repeated taps create it only once."""

    uses: Annotated[int, Field(ge=1, le=10_000)]
    days: Annotated[int, Field(ge=1, le=366)]
    invite_code: Annotated[str, Field(pattern=f"^{CODE}$")]


class EndInvite(CallbackData, prefix="uninvite"):
    invite_id: RowId


class ChatsPage(CallbackData, prefix="chats"):
    page: PageNumber = 0


class OpenChat(CallbackData, prefix="chat"):
    chat_id: RowId


class BanChat(CallbackData, prefix="ban"):
    chat_id: RowId


class AllowChat(CallbackData, prefix="allow"):
    chat_id: RowId


class AskForAccess(CallbackData, prefix="letmein"):
    """Asks the admins for access: for the user, or in a group for the group."""


class DecideAccess(CallbackData, prefix=DECIDE):
    request_id: RowId
    is_allowed: bool


class ShowLimits(CallbackData, prefix="limits"):
    chat_id: RowId


class SetLimit(CallbackData, prefix="limit"):
    """*number*: -1 restores the limit that the settings name."""

    chat_id: RowId
    kind: Limited
    number: Annotated[int, Field(ge=-1, le=1000)]


class NewBroadcast(CallbackData, prefix="newcast"):
    pass


class ChooseAudience(CallbackData, prefix="castto"):
    """*language*: "" for any."""

    number: RowId
    audience: Audience
    language: Annotated[str, Field(pattern=r"^[a-z]{0,8}$")] = ""


class SendBroadcast(CallbackData, prefix="cast"):
    number: RowId


class DiscardBroadcast(CallbackData, prefix="uncast"):
    number: RowId


class StopBroadcast(CallbackData, prefix="stopcast"):
    number: RowId


class AnswerFeedback(CallbackData, prefix=FEEDBACK):
    feedback_id: RowId


class CatalogueAction(StrEnum):
    """An action on the catalogue; `/catalogue` takes the same names."""

    ADD = "add"
    RENAME = "rename"
    QUERY = "query"


class EditCatalogue(CallbackData, prefix="catadmin"):
    page: PageNumber = 0


class EditTopic(CallbackData, prefix="edit"):
    topic_id: RowId


class MoveTopic(CallbackData, prefix="move"):
    """Moves a topic *steps* down, or up if the number is negative."""

    topic_id: RowId
    steps: Annotated[int, Field(ge=-1, le=1)]


class AskForTopic(CallbackData, prefix="askcat"):
    what: CatalogueAction
    topic_id: RowId = 0


class RetireTopic(CallbackData, prefix="retire"):
    topic_id: RowId
    sure: bool = False


class ChangeQuery(CallbackData, prefix="setquery"):
    """Sets the topic's query to the one in the message."""

    topic_id: RowId


class AddTopic(CallbackData, prefix="addtopic"):
    """Adds a topic with the name and the query in the message."""
