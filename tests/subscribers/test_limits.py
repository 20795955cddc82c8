from dataclasses import replace

import pytest

from bot.subscribers import audit, subscriptions
from bot.subscribers.errors import NoSuchChat, NotANumber, TooManyTopics
from bot.subscribers.limits import Limited, Limits, get_limits, set_limits
from storage.enums import AuditAction, Mode
from tests.resources import USUAL_LIMITS

USUAL = replace(USUAL_LIMITS, topics=1)


async def test_a_chat_has_the_usual_limits_until_an_admin_sets_others(arrive, storage):
    ann, bob = await arrive(1), await arrive(2)
    for chat_id in (ann, bob):
        await subscriptions.subscribe(storage, chat_id, "Taiwan", Mode.BOTH, limits=USUAL)
    with pytest.raises(TooManyTopics) as refused:
        await subscriptions.subscribe(storage, ann, "envoy", Mode.BOTH, limits=USUAL)

    await set_limits(storage, ann, Limited.TOPICS, 2, by=9)

    assert refused.value.most == 1
    await subscriptions.subscribe(storage, ann, "envoy", Mode.BOTH, limits=USUAL)
    with pytest.raises(TooManyTopics):
        await subscriptions.subscribe(storage, bob, "envoy", Mode.BOTH, limits=USUAL)


async def test_a_limit_below_the_present_number_deletes_nothing(arrive, storage):
    ann = await arrive(1)
    await subscriptions.subscribe(storage, ann, "Taiwan", Mode.BOTH, limits=USUAL)

    await set_limits(storage, ann, Limited.TOPICS, 0)

    await subscriptions.subscribe(storage, ann, "Taiwan", Mode.DIGEST, limits=USUAL)
    with pytest.raises(TooManyTopics):
        await subscriptions.subscribe(storage, ann, "envoy", Mode.BOTH, limits=USUAL)


async def test_one_limit_leaves_the_other_and_can_be_taken_back(arrive, storage):
    ann = await arrive(1)

    await set_limits(storage, ann, Limited.ALERTS, 5)
    then = await get_limits(storage, ann, limits=USUAL)
    await set_limits(storage, ann, Limited.ALERTS, None)

    assert then == Limits(topics=1, feeds=50, alerts=5)
    assert await get_limits(storage, ann, limits=USUAL) == USUAL


async def test_every_change_is_an_audit_event(storage, arrive):
    ann = await arrive(1)
    await set_limits(storage, ann, Limited.ALERTS, 5, by=9)

    (event,) = await audit.newest_events(storage, 5)

    assert (event.user_id, event.action, event.details) == (9, AuditAction.LIMITED, {"alerts": 5})


async def test_an_impossible_limit_is_refused(arrive, storage):
    with pytest.raises(NoSuchChat):
        await set_limits(storage, 77, Limited.TOPICS, 5)
    with pytest.raises(NotANumber):
        await set_limits(storage, await arrive(1), Limited.TOPICS, 1001)
