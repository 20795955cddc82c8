"""What the buttons of topics, cards, alerts, digests and the list of sources say back."""

from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from bot.chat.bounds import PageNumber, RowId
from bot.chat.callbacks.text import with_words
from bot.rendering.keyboards import ALERT, ALL, TOPICS
from bot.subscribers.mutes import Duration
from storage.enums import Mode


class TopicsPage(CallbackData, prefix="topics"):
    page: PageNumber = 0


class SendTopics(CallbackData, prefix=TOPICS):
    """As a message of its own."""

    page: PageNumber = 0


class CataloguePage(CallbackData, prefix="catalogue"):
    page: PageNumber = 0


class OpenTopic(CallbackData, prefix="topic"):
    topic_id: RowId


class TopicMenu(StrEnum):
    """Buttons that take the place of those of a topic's page: blocks of its template."""

    MODES = "modes"
    MUTING = "muting"
    MORE = "more"


class ShowTopicMenu(CallbackData, prefix="topicmenu"):
    topic_id: RowId
    menu: TopicMenu


class ShowCard(CallbackData, prefix="card"):
    topic_id: RowId


class SubscribeTopic(CallbackData, prefix="subscribe"):
    topic_id: RowId
    mode: Mode


class SubscribeQuery(CallbackData, prefix="words", sep="|"):
    mode: Mode
    words: str = ""  # "": those that the message shows


class SetMode(CallbackData, prefix="mode"):
    topic_id: RowId
    mode: Mode


class Unsubscribe(CallbackData, prefix="stop"):
    topic_id: RowId


class UndoUnsubscribe(CallbackData, prefix="unstop"):
    topic_id: RowId


class MuteTopic(CallbackData, prefix="mute"):
    topic_id: RowId
    duration: Duration


class UnmuteTopic(CallbackData, prefix="unmutetopic"):
    topic_id: RowId


class TopicField(StrEnum):
    """What of a topic can be changed by typing it."""

    QUERY = "query"
    NAME = "name"


class AskTopicField(CallbackData, prefix="change"):
    topic_id: RowId
    what: TopicField


class UseQuery(CallbackData, prefix="use"):
    """The query is the one that the message shows first."""

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
    """The publisher of the article; *topic_id* is where one came from."""

    topic_id: RowId
    source_id: RowId
    article_id: RowId


class MutePublisher(OpenPublisher, prefix="mutepub"):
    """*is_less*: its news comes in digests only, unless others report it too."""

    is_less: bool
    duration: Duration


class UnmutePublisher(OpenPublisher, prefix="unmutepub"):
    pass


class AlertAction(StrEnum):
    """As templates name them in `on_alert`."""

    MENU = "menu"
    BACK = "back"
    LIKE = "like"
    LESS = "less"
    STORY = "story"
    SOURCE = "source"
    TOPIC = "topic"


class OnAlert(CallbackData, prefix=ALERT):
    """A button under the alert to a story. What the chat was not alerted to is refused."""

    action: AlertAction
    story_id: RowId
    topic_id: RowId = 0
    duration: Duration = Duration.FOREVER


class UndoMute(CallbackData, prefix="unmute"):
    """Under an alert."""

    story_id: RowId
    mute_id: RowId


class TryWords(CallbackData, prefix="try", sep="|"):
    words: str = ""  # "": those that the message shows


class Dismiss(CallbackData, prefix="dismiss"):
    pass


class DigestNow(CallbackData, prefix="digest"):
    pass


class ShowAll(CallbackData, prefix=ALL):
    """*day* is the edition's local date as 20261118; 0 is the digest so far."""

    day: Annotated[int, Field(ge=0, le=99991231)]
    schedule_number: Annotated[int, Field(ge=0, lt=100)]
    topic_id: RowId


class SourcesPage(CallbackData, prefix="sources"):
    page: PageNumber = 0


class OpenSource(CallbackData, prefix="source"):
    source_id: RowId


class RemoveSource(CallbackData, prefix="unsource"):
    source_id: RowId


def subscribe_query(words: str, mode: str) -> str:
    """Return the data of a button that subscribes to the query *words*."""
    return with_words(SubscribeQuery(mode=Mode(mode), words=words))


def try_words(words: str) -> str:
    """Return the data of a button that looks *words* up."""
    return with_words(TryWords(words=words))
