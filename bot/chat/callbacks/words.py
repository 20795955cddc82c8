"""Buttons that carry words, and those that turn the pages of a search."""

from aiogram.filters.callback_data import CallbackData

from bot.chat.bounds import RowId
from bot.matching.search import PagePosition


class TurnSearch(CallbackData, prefix="find", sep="|"):
    article_id: RowId
    newer: bool
    words: str = ""  # "": those that the message shows


def turn_search(words: str, place: PagePosition) -> str:
    """Return the data of a button that turns to a page of what was searched for."""
    return with_words(TurnSearch(article_id=place.article_id, newer=place.newer, words=words))


def with_words(data: CallbackData) -> str:
    """Return *data* with its `words`, or without them where they do not fit."""
    try:
        return data.pack()
    except ValueError:  # too long, or the separator is among them
        return data.model_copy(update={"words": ""}).pack()
