"""Proposing: what a chat might watch that likes the story of an alert."""

from dataclasses import dataclass

from bot.matching.evaluation import fold_article, holds
from bot.matching.query import is_readable, parse
from bot.matching.telling import names_in
from bot.subscribers.limits import MOST_TOPICS
from bot.subscribers.refusals import NoSuchAlert
from storage.alerts_pressed import Pressed, alert_pressed
from storage.engine import Storage
from storage.subscriptions import topics_watched
from storage.topics import Topic, public_topics

MOST = 3


@dataclass(frozen=True, slots=True)
class Proposal:
    """A topic of the catalogue, or words where *topic_id* is None."""

    name: str
    typed: str
    topic_id: int | None = None


@dataclass(frozen=True, slots=True)
class Proposals:
    title: str
    items: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True)
class Proposing:
    storage: Storage

    async def like(self, chat_id: int, story_id: int) -> Proposals:
        """Return up to three: what the title names, then topics of the catalogue that match.

        What the chat watches already is left out.
        """
        async with self.storage.reading() as unit:
            alert = await alert_pressed(unit, chat_id, story_id)
            catalogue = await public_topics(unit)
            watched = await topics_watched(unit, chat_id, limit=MOST_TOPICS)
        if alert is None:
            raise NoSuchAlert
        queries = {_canonical(topic.typed) for topic, _ in watched}
        new = [one for one in _found(alert, catalogue) if _canonical(one.typed) not in queries]
        return Proposals(alert.title, tuple(new[:MOST]))


def _found(alert: Pressed, catalogue: list[Topic]) -> list[Proposal]:
    quoted = {name: f'"{name}"' if " " in name else name for name in _names(alert)}
    words = [Proposal(name, typed) for name, typed in quoted.items() if is_readable(typed)]
    folded = fold_article(alert.title, alert.text)
    topics = [
        Proposal(topic.name, topic.typed, topic.id)
        for topic in catalogue
        if holds(parse(topic.typed).tree, folded.has)
    ]
    return [*words[: MOST - 1], *topics[:MOST], *words[MOST - 1 :]]


def _names(alert: Pressed) -> list[str]:
    return names_in(alert.title, alert.text)


def _canonical(typed: str) -> str:
    return parse(typed).canonical if is_readable(typed) else typed
