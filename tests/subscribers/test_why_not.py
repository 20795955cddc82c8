"""Why a chat did not get an article: one row for each reason, in the order of the rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.subscribers.why_not import AlertFacts, Facts, MuteFacts, TopicFacts, WhyNot, decide
from storage.enums import Mode

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EARLIER, LATER = NOON - timedelta(days=1), NOON + timedelta(hours=1)
MUTE = MuteFacts(7, LATER)
TAIWAN = TopicFacts(1, "Taiwan", Mode.BOTH, EARLIER)
KOREA = TopicFacts(2, "Korea", Mode.BOTH, EARLIER, missing=("Korea",))
JAPAN = TopicFacts(3, "Japan", Mode.BOTH, EARLIER, missing=("Japan", "coast"), words=2)
SENT = AlertFacts(NOON, is_same_article=True, is_reported=True)
WAITING = AlertFacts(NOON, is_same_article=True, is_reported=False, waits_until=LATER)
MATCHED = Facts(stored_at=NOON, topics=(TAIWAN,))


@pytest.mark.parametrize(
    ("facts", "reason", "at"),
    [
        (replace(MATCHED, alert=SENT), WhyNot.SENT, NOON),
        (
            replace(MATCHED, alert=replace(SENT, is_same_article=False)),
            WhyNot.SENT_ABOUT_STORY,
            NOON,
        ),
        (replace(MATCHED, listed_at=LATER), WhyNot.LISTED, LATER),
        (replace(MATCHED, is_processed=False), WhyNot.PROCESSED, None),
        (
            replace(MATCHED, alert=replace(WAITING, is_quiet=True)),
            WhyNot.WAITS_FOR_QUIET_HOURS,
            LATER,
        ),
        (replace(MATCHED, alert=WAITING), WhyNot.WAITS_FOR_LIMIT, LATER),
        (replace(MATCHED, topics=()), WhyNot.NO_TOPICS, None),
        (replace(MATCHED, topics=(JAPAN, KOREA)), WhyNot.NO_MATCH, None),
        (replace(MATCHED, story_mute=MUTE), WhyNot.STORY_MUTED, None),
        (replace(MATCHED, publisher_mutes=(MUTE,)), WhyNot.PUBLISHER_MUTED, None),
        (replace(MATCHED, topics=(replace(TAIWAN, mute=MUTE), KOREA)), WhyNot.TOPIC_MUTED, None),
        (replace(MATCHED, is_paused=True), WhyNot.PAUSED, None),
        (replace(MATCHED, is_old=True), WhyNot.OLD, None),
        (replace(MATCHED, topics=(replace(TAIWAN, mode=Mode.DIGEST),)), WhyNot.DIGEST_ONLY, None),
        (
            replace(MATCHED, topics=(replace(TAIWAN, subscribed_at=LATER),)),
            WhyNot.SUBSCRIBED_LATER,
            LATER,
        ),
        (MATCHED, WhyNot.NOT_ARRIVED, None),
        (replace(MATCHED, publisher_mutes=(MUTE, None)), WhyNot.NOT_ARRIVED, None),
    ],
    ids=lambda value: value.name if isinstance(value, WhyNot) else "",
)
def test_the_first_rule_that_applies_is_the_reason(facts, reason, at):
    verdict = decide(facts)

    assert (verdict.reason, verdict.at) == (reason, at)


def test_the_topic_that_lacks_the_least_is_named():
    assert decide(replace(MATCHED, topics=(JAPAN, KOREA))).topic == KOREA


def test_the_mute_that_forbids_it_is_named():
    assert decide(replace(MATCHED, story_mute=MUTE)).mute == MUTE


@given(
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.lists(st.sampled_from([TAIWAN, KOREA, JAPAN, replace(TAIWAN, mute=MUTE)])),
    st.lists(st.sampled_from([MUTE, None])),
)
def test_every_article_has_a_reason(is_processed, is_old, is_paused, topics, mutes):
    facts = Facts(NOON, is_processed, is_old, is_paused, publisher_mutes=mutes, topics=topics)

    assert decide(facts).reason in WhyNot
