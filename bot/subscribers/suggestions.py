"""Suggestions: what a chat might subscribe to for more stories like that of an alert."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.matching.evaluate import FoldedArticle, article_folded, holds
from bot.matching.query import is_readable, parse
from bot.matching.slices import in_turns
from bot.matching.suggest import suggested
from bot.subscribers.errors import NoSuchAlert
from bot.subscribers.limits import MOST_LISTED
from storage.alerts import PressedAlert, alert_of_button
from storage.db.engine import Storage
from storage.subscriptions import subscribed_topics
from storage.topics import Topic, public_topics

MOST = 3


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A topic of the catalogue, or a query where *topic_id* is None."""

    name: str
    typed: str
    topic_id: int | None = None


@dataclass(frozen=True, slots=True)
class Suggestions:
    title: str
    items: tuple[Suggestion, ...]


async def suggest_like(storage: Storage, chat_id: int, story_id: int) -> Suggestions:
    """Return up to three: what the title names, then topics of the catalogue that match.

    What the chat subscribes to already is left out.
    """
    async with storage.reading() as tx:
        alert = await alert_of_button(tx, chat_id, story_id)
        catalogue = await public_topics(tx)
        subscribed = await subscribed_topics(tx, chat_id, limit=MOST_LISTED)
    if alert is None:
        raise NoSuchAlert
    folded = await in_turns(article_folded(alert.title, alert.text))
    queries = {_canonical(topic.typed) for topic, _ in subscribed}
    named = [one for one in _named(alert) if _canonical(one.typed) not in queries]
    topics = [one for one in _matching(catalogue, folded) if _canonical(one.typed) not in queries]
    # At least one place is for the catalogue: an editor thought about its topics.
    items = [*named[: MOST - 1], *topics, *named[MOST - 1 :]]
    return Suggestions(alert.title, tuple(items[:MOST]))


def _named(alert: PressedAlert) -> Iterator[Suggestion]:
    for typed in suggested(alert.title, alert.text):
        yield Suggestion(typed.strip('"'), typed)


def _matching(catalogue: Iterable[Topic], folded: FoldedArticle) -> Iterator[Suggestion]:
    for topic in catalogue:
        if holds(parse(topic.typed).tree, folded.has):
            yield Suggestion(topic.name, topic.typed, topic.id)


def _canonical(typed: str) -> str:
    return parse(typed).canonical if is_readable(typed) else typed
