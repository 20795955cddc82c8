"""Leads: what happened in a story, in at most two sentences, chosen among all its reports."""

from typing import NamedTuple


class Lead(NamedTuple):
    """The lead of a story, and the report that it comes from."""

    text: str
    article_id: int
    url: str
    publisher: str
