"""Topics as a chat sees them: its own, and those of the public catalogue.

A topic has the name that a user gave it, or one made from its query. `"interest rate" OR "central
bank"` is called "Interest rate, central bank": its first three terms without quotes, operators and
excluded terms. A query of plain words stays as it was typed.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from bot.matching.evaluate import FoldedArticle, article_folded, holds
from bot.matching.query import ParsedQuery, QueryError, is_readable, parse
from bot.matching.query.ast import And, LabelTerm, Near, Node, Not, Or, SourceTerm, Term
from bot.matching.suggest import suggested
from bot.slices import in_turns
from bot.subscribers.errors import NoSuchAlert, NoSuchTopic
from bot.subscribers.limits import MOST_LISTED
from bot.subscribers.paging import PER_PAGE, ListPage, load_page
from bot.subscribers.text import one_line
from bot.text.folding import fold
from storage import subscriptions
from storage.db.engine import Storage, Transaction
from storage.enums import Mode, MuteKind, Sound
from storage.mutes import MuteSubject, mute_of, topics_muted
from storage.saved_stories import SentStory, sent_story
from storage.subscriptions import Subscription
from storage.topics import Topic, count_public_topics, public_topics, topic_named, topic_seen_by

MOST_SUGGESTED = 3
_MOST_RANKED = 20  # more than are shown, because a ranked topic may have been removed
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class ChatTopic:
    """A topic; *mode* is how the chat subscribes to it, None if it does not.

    *muted_until* is None also for a topic that is muted without an end. *has_headlines*: digests
    list only the titles of its stories.
    """

    id: int
    name: str
    typed: str
    is_public: bool
    mode: Mode | None
    is_muted: bool = False
    muted_until: datetime | None = None
    has_headlines: bool = False
    sound: Sound = Sound.NORMAL
    keeps_original: bool = False  # digests do not translate its headlines


async def subscribed(
    storage: Storage, chat_id: int, page: int = 0, per_page: int = PER_PAGE
) -> ListPage[ChatTopic]:
    """Return a page of the topics that the chat subscribes to, with their mutes."""
    async with storage.reading() as tx:
        total = await subscriptions.count_subscriptions(tx, chat_id)
        load = partial(subscriptions.subscriptions_of, tx, chat_id)
        found = await load_page(load, page, total, per_page)
        muted = await topics_muted(tx, chat_id)
    return found.showing(
        [
            replace(
                _subscribed(topic, subscription),
                is_muted=topic.id in muted,
                muted_until=muted.get(topic.id),
            )
            for topic, subscription in found.items
        ]
    )


async def parse_for(storage: Storage, chat_id: int, typed: str) -> ParsedQuery:
    """Parse a query that the chat typed, in which `#name` stands for a topic that it can see.

    Raises QueryError. Topics are loaded only if the query cannot be parsed without them.
    """
    try:
        return parse(typed)
    except QueryError:
        return parse(typed, await saved_queries(storage, chat_id))


async def saved_queries(storage: Storage, chat_id: int) -> dict[str, str]:
    """Return the queries for which `#name` may stand: those of the catalogue and of the chat."""
    async with storage.reading() as tx:
        public = await public_topics(tx)
        own = await subscriptions.subscriptions_of(tx, chat_id, limit=MOST_LISTED)
    return {topic.name: topic.typed for topic in (*public, *(topic for topic, _ in own))}


async def catalogue_topic_called(
    storage: Storage, name: str, translated: Callable[["Suggestion"], str]
) -> "Suggestion | None":
    """Return the catalogue's topic of this name; None if it has none.

    *translated*: returns the name of a topic in the language of the chat. Names are compared as
    queries and texts are: without case, accents and punctuation.
    """
    words = fold(name).words
    async with storage.reading() as tx:
        catalogue = await public_topics(tx)
    for topic in catalogue if words else ():
        found = Suggestion(topic.name, topic.typed, topic.id)
        if words in {fold(one).words for one in (found.name, translated(found))}:
            return found
    return None


async def catalogue_page(
    storage: Storage, chat_id: int, page: int = 0, per_page: int = PER_PAGE
) -> ListPage[ChatTopic]:
    async with storage.reading() as tx:
        total = await count_public_topics(tx)
        found = await load_page(partial(public_topics, tx), page, total, per_page)
        return found.showing(
            [_chat_topic(topic, await _mode(tx, chat_id, topic)) for topic in found.items]
        )


async def popular(storage: Storage, chat_id: int, limit: int) -> ListPage[ChatTopic]:
    """Return the topics of the catalogue with the most subscribers."""
    async with storage.reading() as tx:
        total = await count_public_topics(tx)
        ranked = await subscriptions.popular_topics(tx, limit=_MOST_RANKED)
        rows = [await topic_seen_by(tx, chat_id, topic_id) for topic_id in ranked]
        found = [topic for topic in rows if topic and topic.slug][:limit]
        shown = [_chat_topic(topic, await _mode(tx, chat_id, topic)) for topic in found]
    return ListPage(shown, 0, total, limit)


async def get_topic(storage: Storage, chat_id: int, topic_id: int) -> ChatTopic:
    """Return a public topic or the chat's own; raise NoSuchTopic for any other."""
    async with storage.reading() as tx:
        return await _with_mute(tx, chat_id, await find_topic(tx, chat_id, topic_id))


async def find_topic(tx: Transaction, chat_id: int, topic_id: int) -> Topic:
    topic = await topic_seen_by(tx, chat_id, topic_id)
    if topic is None:
        raise NoSuchTopic
    return topic


async def topic_by_query(storage: Storage, chat_id: int, query: ParsedQuery) -> ChatTopic:
    """Return the topic with this query that the chat subscribes to; raise NoSuchTopic if none."""
    async with storage.reading() as tx:
        topic = await subscriptions.subscribed_topic(tx, chat_id, query.canonical)
        if topic is None:
            raise NoSuchTopic
        return await _with_mute(tx, chat_id, topic)


async def topic_by_name(storage: Storage, chat_id: int, name: str) -> ChatTopic:
    """Return the public topic that a link names, by its slug or its number."""
    async with storage.reading() as tx:
        topic = await topic_named(tx, name)
        if topic is None and _NUMBER.fullmatch(name):
            topic = await tx.get(Topic, int(name))
        if topic is None or topic.chat_id is not None:
            raise NoSuchTopic
        return _chat_topic(topic, await _mode(tx, chat_id, topic))


async def _with_mute(tx: Transaction, chat_id: int, topic: Topic) -> ChatTopic:
    muted = await mute_of(tx, chat_id, MuteSubject(MuteKind.TOPIC, topic.id))
    subscription = await subscriptions.subscription_to(tx, chat_id, topic.id)
    return replace(
        _subscribed(topic, subscription),
        is_muted=muted is not None,
        muted_until=muted.until if muted else None,
    )


def _subscribed(topic: Topic, subscription: Subscription | None) -> ChatTopic:
    if subscription is None:
        return _chat_topic(topic, None)
    return replace(
        _chat_topic(topic, subscription.mode),
        has_headlines=subscription.headlines,
        sound=subscription.sound,
        keeps_original=subscription.keeps_original,
    )


async def _mode(tx: Transaction, chat_id: int, topic: Topic) -> Mode | None:
    subscription = await subscriptions.subscription_to(tx, chat_id, topic.id)
    return subscription.mode if subscription else None


def _chat_topic(topic: Topic, mode: Mode | None) -> ChatTopic:
    return ChatTopic(topic.id, topic.name, topic.typed, topic.chat_id is None, mode)


# Suggestions of topics for more stories like one that was sent.


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A topic of the catalogue, or just a query if *topic_id* is None."""

    name: str
    typed: str
    topic_id: int | None = None

    @property
    def is_public(self) -> bool:
        return self.topic_id is not None


@dataclass(frozen=True, slots=True)
class Suggestions:
    title: str
    items: tuple[Suggestion, ...]


async def suggest_like(storage: Storage, chat_id: int, story_id: int) -> Suggestions:
    """Return up to three suggestions: names in the title, then matching catalogue topics.

    Topics that the chat subscribes to already are left out.
    """
    async with storage.reading() as tx:
        story = await sent_story(tx, chat_id, story_id)
        catalogue = await public_topics(tx)
        subscribed = await subscriptions.subscriptions_of(tx, chat_id, limit=MOST_LISTED)
    if story is None:
        raise NoSuchAlert
    folded = await in_turns(article_folded(story.title, story.text))
    queries = {_canonical(topic.typed) for topic, _ in subscribed}
    named = [named for named in _named(story) if _canonical(named.typed) not in queries]
    topics = [
        topic for topic in _matching(catalogue, folded) if _canonical(topic.typed) not in queries
    ]
    # At least one place is for the catalogue, because an editor chose its topics.
    items = [*named[: MOST_SUGGESTED - 1], *topics, *named[MOST_SUGGESTED - 1 :]]
    return Suggestions(story.title, tuple(items[:MOST_SUGGESTED]))


def _named(story: SentStory) -> Iterator[Suggestion]:
    for typed in suggested(story.title, story.text):
        yield Suggestion(typed.strip('"'), typed)


def _matching(catalogue: Iterable[Topic], folded: FoldedArticle) -> Iterator[Suggestion]:
    for topic in catalogue:
        if holds(parse(topic.typed).tree, folded.has):
            yield Suggestion(topic.name, topic.typed, topic.id)


def _canonical(typed: str) -> str:
    return parse(typed).canonical if is_readable(typed) else typed


LONGEST_NAME = 80  # characters; a query may be longer
MOST_TERMS = 3
_PLAIN_WORDS = re.compile(r"\w(?:[\w'\u2019 ]|(?<=\w)-(?=\w))*")
_OPERATORS = frozenset({"and", "near", "not", "or"})


def name_for(text: str) -> str:
    """Return *text* on one line, cut to `LONGEST_NAME`; "" if it is empty or invisible."""
    line = one_line(text)
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def name_of_query(typed: str) -> str:
    """Return a readable name for the query *typed*, with its terms in the order of the text."""
    try:
        tree = parse(typed).tree
    except QueryError:
        return name_for(typed)
    if _PLAIN_WORDS.fullmatch(typed) and _OPERATORS.isdisjoint(typed.casefold().split()):
        return name_for(_capitalized(one_line(typed)))
    folded = typed.casefold()
    terms = sorted(_terms(tree), key=lambda term: folded.find(term.rstrip("…").casefold()))
    if not terms:
        return name_for(typed)
    are_together = isinstance(tree, And) and not any(isinstance(node, Or) for node in tree.operands)
    name = (" " if are_together else ", ").join(dict.fromkeys(terms[:MOST_TERMS]))
    return name_for(_capitalized(f"{name} …" if len(terms) > MOST_TERMS else name))


def _capitalized(name: str) -> str:
    first_word = name.split(maxsplit=1)[0]
    return name[0].upper() + name[1:] if first_word.islower() else name


def _terms(node: Node) -> Iterator[str]:
    match node:
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _terms(operand)
        case Term():
            yield _shown(node)
        case Near(left=left, right=right):
            yield f"{_shown(left)} … {_shown(right)}"
        case SourceTerm(name=name, typed=typed) | LabelTerm(name=name, typed=typed):
            yield typed or name
        case Not():
            return


def _shown(term: Term) -> str:
    """Return the term as it was typed; a star becomes an ellipsis."""
    return term.as_typed.removesuffix("*") + "…" * term.prefix
