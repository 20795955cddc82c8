import pytest

from bot.subscribers.allowing import Allowing
from bot.subscribers.audit import Audit
from bot.subscribers.errors import NoSuchChat, NotANumber, TooManyTopics
from bot.subscribers.limits import Limited, Limits
from bot.subscribers.watching import Watching
from storage.enums import AuditAction, Mode

USUAL = Limits(topics=1)


@pytest.fixture
def allowing(storage) -> Allowing:
    return Allowing(storage, USUAL)


@pytest.fixture
def watching(storage, past) -> Watching:
    return Watching(storage, past, USUAL)


async def test_a_chat_may_have_what_all_may_until_an_admin_says_otherwise(
    allowing, watching, arrive
):
    ann, bob = await arrive(1), await arrive(2)
    for chat_id in (ann, bob):
        await watching.watch_words(chat_id, "Taiwan", Mode.BOTH)
    with pytest.raises(TooManyTopics) as refused:
        await watching.watch_words(ann, "envoy", Mode.BOTH)

    await allowing.allow(ann, Limited.TOPICS, 2, by=9)

    assert refused.value.most == 1
    await watching.watch_words(ann, "envoy", Mode.BOTH)
    with pytest.raises(TooManyTopics):
        await watching.watch_words(bob, "envoy", Mode.BOTH)


async def test_less_than_a_chat_has_takes_nothing_from_it(allowing, watching, arrive):
    ann = await arrive(1)
    await watching.watch_words(ann, "Taiwan", Mode.BOTH)

    await allowing.allow(ann, Limited.TOPICS, 0)

    await watching.watch_words(ann, "Taiwan", Mode.DIGEST)
    with pytest.raises(TooManyTopics):
        await watching.watch_words(ann, "envoy", Mode.BOTH)


async def test_one_limit_leaves_the_other_and_can_be_taken_back(allowing, arrive):
    ann = await arrive(1)

    await allowing.allow(ann, Limited.ALERTS, 5)
    then = await allowing.limits(ann)
    await allowing.allow(ann, Limited.ALERTS, None)

    assert then == Limits(topics=1, alerts=5)
    assert await allowing.limits(ann) == USUAL


async def test_each_is_an_act(storage, allowing, arrive):
    ann = await arrive(1)
    await allowing.allow(ann, Limited.ALERTS, 5, by=9)

    (act,) = await Audit(storage).newest(5)

    assert (act.user_id, act.deed, act.details) == (9, AuditAction.LIMITED, {"alerts": 5})


async def test_what_cannot_be_is_refused(allowing, arrive):
    with pytest.raises(NoSuchChat):
        await allowing.allow(77, Limited.TOPICS, 5)
    with pytest.raises(NotANumber):
        await allowing.allow(await arrive(1), Limited.TOPICS, 1001)
