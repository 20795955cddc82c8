"""Buttons below a search, a card, and below what was typed or sent.

A link is too long for a button: it is read from the message, by its number there. So is a query
that does not fit.
"""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData

from bot.chat.bounds import LinkNumber, PageNumber, RowId
from bot.matching.search import PagePosition


class HelpPage(StrEnum):
    """Each is a block of `chat/help.html`."""

    HELP = "help"
    QUERIES = "queries"
    MORE = "more"


class ShowHelp(CallbackData, prefix="help"):
    page: HelpPage


class TurnSearch(CallbackData, prefix="find", sep="|"):
    article_id: RowId
    newer: bool
    words: str = ""  # "": those that the message shows


class ShowQuery(CallbackData, prefix="query"):
    """The query behind a topic of the catalogue."""

    topic_id: RowId


class Widen(CallbackData, prefix="also", sep="|"):
    """Adds the other words that a card offers for those of its query."""

    words: str = ""  # "": those that the message shows


class FollowLink(CallbackData, prefix="follow"):
    """*everybody*: as a public source, which only admins may add."""

    number: LinkNumber = 0
    everybody: bool = False


class FindFeeds(CallbackData, prefix="findfeeds"):
    number: LinkNumber = 0


class OwnSourcesPage(CallbackData, prefix="own"):
    page: PageNumber = 0


class OpenOwnSource(CallbackData, prefix="ownsource"):
    source_id: RowId


class Unfollow(CallbackData, prefix="unfollow"):
    source_id: RowId


class FollowAgain(CallbackData, prefix="refollow"):
    source_id: RowId


class AddList(CallbackData, prefix="addlist"):
    list_id: RowId


def turn_search(words: str, place: PagePosition) -> str:
    """Return the data of a button that turns to a page of what was searched for."""
    return with_words(TurnSearch(article_id=place.article_id, newer=place.newer, words=words))


def widen(words: str) -> str:
    """Return the data of a button that adds other words to a query."""
    return with_words(Widen(words=words))


def with_words(data: CallbackData) -> str:
    """Return *data* with its `words`, or without them where they do not fit."""
    try:
        return data.pack()
    except ValueError:  # too long, or the separator is among them
        return data.model_copy(update={"words": ""}).pack()
