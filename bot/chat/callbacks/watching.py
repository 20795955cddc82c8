"""What the buttons of lists, cards and digests say back."""

from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from bot.chat.bounds import PageNumber, RowId
from bot.chat.callbacks.words import with_words
from bot.rendering.keyboards import ALL, TOPICS
from storage.enums import Mode


class TopicsPage(CallbackData, prefix="topics"):
    page: PageNumber = 0


class TopicsAnew(CallbackData, prefix=TOPICS):
    """As a message of its own."""

    page: PageNumber = 0


class CataloguePage(CallbackData, prefix="catalogue"):
    page: PageNumber = 0


class OpenTopic(CallbackData, prefix="topic"):
    topic_id: RowId


class ShareTopic(CallbackData, prefix="share"):
    topic_id: RowId


class ShowCard(CallbackData, prefix="card"):
    topic_id: RowId


class Watch(CallbackData, prefix="watch"):
    topic_id: RowId
    mode: Mode


class WatchWords(CallbackData, prefix="words", sep="|"):
    mode: Mode
    words: str = ""  # "": those that the message shows


class SetMode(CallbackData, prefix="mode"):
    topic_id: RowId
    mode: Mode


class Stop(CallbackData, prefix="stop"):
    topic_id: RowId


class TryWords(CallbackData, prefix="try", sep="|"):
    words: str = ""  # "": those that the message shows


class Dismiss(CallbackData, prefix="dismiss"):
    pass


class DigestNow(CallbackData, prefix="digest"):
    pass


class ShowAll(CallbackData, prefix=ALL):
    """*day* is the edition's local date as 20261118; 0 is the digest so far."""

    day: Annotated[int, Field(ge=0, le=99991231)]
    slot: Annotated[int, Field(ge=0, lt=100)]
    topic_id: RowId


class SourcesPage(CallbackData, prefix="sources"):
    page: PageNumber = 0


class OpenSource(CallbackData, prefix="source"):
    source_id: RowId


class RemoveSource(CallbackData, prefix="unsource"):
    source_id: RowId


def watch_words(words: str, mode: str) -> str:
    """Return the data of a button that watches *words*."""
    return with_words(WatchWords(mode=Mode(mode), words=words))


def try_words(words: str) -> str:
    """Return the data of a button that looks *words* up."""
    return with_words(TryWords(words=words))
