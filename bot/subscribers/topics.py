"""Topics as a chat sees them: its own, and those of the public catalogue."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.matching.evaluate import FoldedArticle, article_folded, holds
from bot.matching.query import is_readable, parse
from bot.matching.suggest import suggested
from bot.slices import in_turns
from bot.subscribers.errors import NoSuchAlert, NoSuchTopic
from bot.subscribers.limits import MOST_LISTED
from bot.subscribers.paging import ListPage, page_number
from storage import subscriptions
from storage.alerts import PressedAlert, alert_of_button
from storage.db.engine import Storage, Transaction
from storage.enums import Mode, MuteKind
from storage.mutes import MuteSubject, mute_of, topics_muted
from storage.topics import Topic, count_public_topics, public_topics, topic_named, topic_seen_by

PER_PAGE = 8
MOST_SUGGESTED = 3
_MOST_RANKED = 20  # some may go before they are counted again
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class ChatTopic:
    """A topic; *mode* is how the chat subscribes to it, None if it does not.

    *muted_until* is None too for a topic that is muted until the chat unmutes it.
    """

    id: int
    name: str
    typed: str
    is_public: bool
    mode: Mode | None
    is_muted: bool = False
    muted_until: datetime | None = None


async def subscribed(
    storage: Storage, chat_id: int, page: int = 0, per_page: int = PER_PAGE
) -> ListPage[ChatTopic]:
    """What the chat subscribes to; a page beyond the last is the last."""
    async with storage.reading() as tx:
        total = await subscriptions.count_subscriptions(tx, chat_id)
        page = page_number(page, total, per_page)
        rows = await subscriptions.subscribed_topics(
            tx, chat_id, offset=page * per_page, limit=per_page
        )
        muted = await topics_muted(tx, chat_id)
    shown = [
        replace(
            _chat_topic(topic, mode), is_muted=topic.id in muted, muted_until=muted.get(topic.id)
        )
        for topic, mode in rows
    ]
    return ListPage(shown, page, total, per_page)


async def saved_queries(storage: Storage, chat_id: int) -> dict[str, str]:
    """What `#name` may stand for, by name: the catalogue, and the chat's subscriptions."""
    async with storage.reading() as tx:
        public = await public_topics(tx)
        own = await subscriptions.subscribed_topics(tx, chat_id, limit=MOST_LISTED)
    return {topic.name: topic.typed for topic in (*public, *(topic for topic, _ in own))}


async def catalogue_page(
    storage: Storage, chat_id: int, page: int = 0, per_page: int = PER_PAGE
) -> ListPage[ChatTopic]:
    async with storage.reading() as tx:
        total = await count_public_topics(tx)
        page = page_number(page, total, per_page)
        rows = await public_topics(tx, offset=page * per_page, limit=per_page)
        shown = [_chat_topic(topic, await _mode(tx, chat_id, topic)) for topic in rows]
    return ListPage(shown, page, total, per_page)


async def popular(storage: Storage, chat_id: int, limit: int) -> ListPage[ChatTopic]:
    """The topics of the catalogue with most subscribers."""
    async with storage.reading() as tx:
        total = await count_public_topics(tx)
        rows = [
            await topic_seen_by(tx, chat_id, one)
            for one in await subscriptions.popular_topics(tx, limit=_MOST_RANKED)
        ]
        found = [topic for topic in rows if topic and topic.slug][:limit]
        shown = [_chat_topic(topic, await _mode(tx, chat_id, topic)) for topic in found]
    return ListPage(shown, 0, total, limit)


async def get_topic(storage: Storage, chat_id: int, topic_id: int) -> ChatTopic:
    """Return a public topic or the chat's own; NoSuchTopic for any other."""
    async with storage.reading() as tx:
        return await _with_mute(tx, chat_id, await find_topic(tx, chat_id, topic_id))


async def find_topic(tx: Transaction, chat_id: int, topic_id: int) -> Topic:
    topic = await topic_seen_by(tx, chat_id, topic_id)
    if topic is None:
        raise NoSuchTopic
    return topic


async def topic_by_query(
    storage: Storage, chat_id: int, typed: str, saved: Mapping[str, str] | None = None
) -> ChatTopic:
    """Return the subscription with this query, as a question about it shows it."""
    canonical = parse(typed, saved).canonical
    async with storage.reading() as tx:
        topic = await subscriptions.subscribed_topic(tx, chat_id, canonical)
        if topic is None:
            raise NoSuchTopic
        return await _with_mute(tx, chat_id, topic)


async def topic_by_name(storage: Storage, chat_id: int, name: str) -> ChatTopic:
    """Return the public topic that a link names, by its slug or its number."""
    async with storage.reading() as tx:
        topic = await topic_named(tx, name)
        if topic is None and _NUMBER.fullmatch(name):
            topic = await tx.session.get(Topic, int(name))
        if topic is None or topic.chat_id is not None:
            raise NoSuchTopic
        return _chat_topic(topic, await _mode(tx, chat_id, topic))


async def _with_mute(tx: Transaction, chat_id: int, topic: Topic) -> ChatTopic:
    muted = await mute_of(tx, chat_id, MuteSubject(MuteKind.TOPIC, topic.id))
    return replace(
        _chat_topic(topic, await _mode(tx, chat_id, topic)),
        is_muted=muted is not None,
        muted_until=muted.until if muted else None,
    )


async def _mode(tx: Transaction, chat_id: int, topic: Topic) -> Mode | None:
    subscription = await subscriptions.subscription_to(tx, chat_id, topic.id)
    return subscription.mode if subscription else None


def _chat_topic(topic: Topic, mode: Mode | None) -> ChatTopic:
    return ChatTopic(topic.id, topic.name, topic.typed, topic.chat_id is None, mode)


# What a chat might subscribe to for more stories like that of an alert.


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
        subscribed = await subscriptions.subscribed_topics(tx, chat_id, limit=MOST_LISTED)
    if alert is None:
        raise NoSuchAlert
    folded = await in_turns(article_folded(alert.title, alert.text))
    queries = {_canonical(topic.typed) for topic, _ in subscribed}
    named = [one for one in _named(alert) if _canonical(one.typed) not in queries]
    topics = [one for one in _matching(catalogue, folded) if _canonical(one.typed) not in queries]
    # At least one place is for the catalogue: an editor thought about its topics.
    items = [*named[: MOST_SUGGESTED - 1], *topics, *named[MOST_SUGGESTED - 1 :]]
    return Suggestions(alert.title, tuple(items[:MOST_SUGGESTED]))


def _named(alert: PressedAlert) -> Iterator[Suggestion]:
    for typed in suggested(alert.title, alert.text):
        yield Suggestion(typed.strip('"'), typed)


def _matching(catalogue: Iterable[Topic], folded: FoldedArticle) -> Iterator[Suggestion]:
    for topic in catalogue:
        if holds(parse(topic.typed).tree, folded.has):
            yield Suggestion(topic.name, topic.typed, topic.id)


def _canonical(typed: str) -> str:
    return parse(typed).canonical if is_readable(typed) else typed
