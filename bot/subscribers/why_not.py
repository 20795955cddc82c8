"""Decides why a chat did not get a stored article as an alert, from what is stored about both.

The first rule that applies is the reason:

1. The story was sent: in an alert about this article or another one of the story, or in a digest.
2. The article is still being processed, or its alert waits for a bundle.
3. No topic of the chat asks for it. The topic that lacks the least is named.
4. A mute forbids it: of the story, of its publishers, or of all topics that match.
5. The chat is paused.
6. The article never alerts, because it is backlog, or was old when it was first read.
7. All topics that match came after the article, or have no alerts.
8. None of these: its message has not arrived.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storage.enums import Mode


class WhyNot(StrEnum):
    """Why the article did not come; a template has the sentence for each."""

    SENT = "sent"
    SENT_ABOUT_STORY = "sent_about_story"
    LISTED = "listed"
    PROCESSED = "processed"
    WAITS_FOR_QUIET_HOURS = "waits_for_quiet_hours"
    WAITS_FOR_LIMIT = "waits_for_limit"
    NO_TOPICS = "no_topics"
    NO_MATCH = "no_match"
    STORY_MUTED = "story_muted"
    PUBLISHER_MUTED = "publisher_muted"
    TOPIC_MUTED = "topic_muted"
    PAUSED = "paused"
    OLD = "old"
    SUBSCRIBED_LATER = "subscribed_later"
    DIGEST_ONLY = "digest_only"
    NOT_ARRIVED = "not_arrived"


@dataclass(frozen=True, slots=True)
class MuteFacts:
    """A mute in force; *until* None: for good."""

    id: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """A topic of the chat, and what its query lacks in the article: nothing if it matches.

    *words*: how many words of the query the article has.
    """

    id: int
    name: str
    mode: Mode
    subscribed_at: datetime
    missing: tuple[str, ...] = ()
    words: int = 0
    mute: MuteFacts | None = None
    is_public: bool = False

    @property
    def distance(self) -> tuple[int, int]:
        return len(self.missing), -self.words


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """The chat's alert to the story. *waits_until*: when its bundle is due, if it still waits."""

    made_at: datetime
    is_same_article: bool
    is_reported: bool
    waits_until: datetime | None = None
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """*publisher_mutes*: of each publisher that the chat sees, None for one that is not muted."""

    stored_at: datetime
    is_processed: bool = True
    is_old: bool = False
    is_paused: bool = False
    alert: AlertFacts | None = None
    listed_at: datetime | None = None
    story_mute: MuteFacts | None = None
    publisher_mutes: Sequence[MuteFacts | None] = (None,)
    topics: Sequence[TopicFacts] = ()


@dataclass(frozen=True, slots=True)
class ReasonFound:
    """*at*: when it was sent, or when it comes. *mute*, *topic*: those that the reason names."""

    reason: WhyNot
    at: datetime | None = None
    topic: TopicFacts | None = None
    mute: MuteFacts | None = None


def decide(facts: Facts) -> ReasonFound:
    return _sent(facts) or _unmatched(facts) or _muted(facts) or _held(facts)


def _sent(facts: Facts) -> ReasonFound | None:
    alert = facts.alert
    if alert and alert.is_reported:
        reason = WhyNot.SENT if alert.is_same_article else WhyNot.SENT_ABOUT_STORY
        return ReasonFound(reason, alert.made_at)
    if facts.listed_at:
        return ReasonFound(WhyNot.LISTED, facts.listed_at)
    if not facts.is_processed:
        return ReasonFound(WhyNot.PROCESSED)
    if alert and alert.waits_until:
        reason = WhyNot.WAITS_FOR_QUIET_HOURS if alert.is_quiet else WhyNot.WAITS_FOR_LIMIT
        return ReasonFound(reason, alert.waits_until)
    return None


def _unmatched(facts: Facts) -> ReasonFound | None:
    if not facts.topics:
        return ReasonFound(WhyNot.NO_TOPICS)
    if all(topic.missing for topic in facts.topics):
        nearest = min(facts.topics, key=lambda topic: topic.distance)
        return ReasonFound(WhyNot.NO_MATCH, topic=nearest)
    return None


def _muted(facts: Facts) -> ReasonFound | None:
    if facts.story_mute:
        return ReasonFound(WhyNot.STORY_MUTED, mute=facts.story_mute)
    mutes = [mute for mute in facts.publisher_mutes if mute]
    if mutes and len(mutes) == len(facts.publisher_mutes):
        return ReasonFound(WhyNot.PUBLISHER_MUTED, mute=mutes[0])
    matching = _matching(facts)
    if all(topic.mute for topic in matching):
        return ReasonFound(WhyNot.TOPIC_MUTED, topic=matching[0], mute=matching[0].mute)
    return None


def _held(facts: Facts) -> ReasonFound:
    topics = [topic for topic in _matching(facts) if not topic.mute]
    if facts.is_paused:
        return ReasonFound(WhyNot.PAUSED)
    if facts.is_old:
        return ReasonFound(WhyNot.OLD)
    alerting = [topic for topic in topics if topic.mode is not Mode.DIGEST]
    if not alerting:
        return ReasonFound(WhyNot.DIGEST_ONLY, topic=topics[0])
    if all(topic.subscribed_at >= facts.stored_at for topic in alerting):
        return ReasonFound(WhyNot.SUBSCRIBED_LATER, alerting[0].subscribed_at, alerting[0])
    return ReasonFound(WhyNot.NOT_ARRIVED)


def _matching(facts: Facts) -> list[TopicFacts]:
    return [topic for topic in facts.topics if not topic.missing]
