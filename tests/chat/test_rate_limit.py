"""The rate limit: one bucket per sender, whatever the chat."""

from itertools import pairwise
from math import inf
from typing import Any

import pytest
from aiogram.types import Update
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.rate_limit import ADMINS, Bucket, Buckets, Rate, RateLimiter, Verdict

ANN = {"id": 7, "is_bot": False, "first_name": "Ann"}
PRIVATE = {"id": 7, "type": "private", "first_name": "Ann"}
GROUP = {"id": -100, "type": "supergroup", "title": "Newsroom"}
TWO = Rate(burst=2, per_second=1)


def message(**facts: Any) -> Update:
    said = {"message_id": 1, "date": 0, "chat": PRIVATE, "from": ANN, "text": "hello"} | facts
    return Update.model_validate({"update_id": 1, "message": said})


def press(chat: dict[str, Any] = PRIVATE) -> Update:
    shown = {"message_id": 1, "date": 0, "chat": chat}
    pressed = {"id": "1", "from": ANN, "chat_instance": "1", "data": "x", "message": shown}
    return Update.model_validate({"update_id": 1, "callback_query": pressed})


def verdicts(limiter: RateLimiter, *updates: Update) -> list[Verdict]:
    return [limiter.decide(update, now=0.0).verdict for update in updates]


@pytest.fixture
def limiter():
    return RateLimiter(everybody=TWO)


def test_a_user_has_one_bucket_in_all_chats(limiter):
    judged = verdicts(limiter, message(chat=GROUP), message(), message(), message(chat=GROUP))

    assert judged == [Verdict.HANDLE, Verdict.HANDLE, Verdict.NOTIFY, Verdict.DROP]


def test_another_user_of_the_group_is_not_limited(limiter):
    verdicts(limiter, *[message(chat=GROUP)] * 5)

    ben = message(chat=GROUP, **{"from": ANN | {"id": 8}})

    assert verdicts(limiter, ben) == [Verdict.HANDLE]


def test_a_group_is_not_notified_about_a_member(limiter):
    assert Verdict.NOTIFY not in verdicts(limiter, *[message(chat=GROUP)] * 5)


def test_a_tap_in_a_group_is_answered_with_a_toast(limiter):
    assert verdicts(limiter, *[press(GROUP)] * 4)[2:] == [Verdict.NOTIFY, Verdict.DROP]


def test_anonymous_administrators_have_one_bucket_per_group(limiter):
    anonymous = ANN | {"id": 1087968824, "is_bot": True}
    other = GROUP | {"id": -200}
    for _ in range(5):
        limiter.decide(message(chat=GROUP, sender_chat=GROUP, **{"from": anonymous}), now=0.0)

    elsewhere = message(chat=other, sender_chat=other, **{"from": anonymous})

    assert verdicts(limiter, elsewhere) == [Verdict.HANDLE]


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"migrate_to_chat_id": -1000}, id="a group that becomes a supergroup"),
        pytest.param({"forum_topic_closed": {}}, id="a topic that is closed"),
        pytest.param({"left_chat_member": ANN}, id="somebody who leaves"),
    ],
)
def test_a_service_message_is_never_dropped(limiter, told):
    verdicts(limiter, *[message(chat=GROUP)] * 5)

    assert verdicts(limiter, message(chat=GROUP, text=None, **told)) == [Verdict.HANDLE]


def test_a_block_amid_a_flood_is_handled(limiter):
    verdicts(limiter, *[message()] * 5)
    me = {"id": 1, "is_bot": True, "first_name": "Dateline"}
    left = {"status": "kicked", "user": me, "until_date": 0}
    told = {"chat": PRIVATE, "from": ANN, "date": 0, "new_chat_member": left}
    told["old_chat_member"] = {"status": "member", "user": me}

    update = Update.model_validate({"update_id": 1, "my_chat_member": told})

    assert verdicts(limiter, update) == [Verdict.HANDLE]


def test_admins_have_a_larger_burst():
    limiter = RateLimiter(admins={7})

    judged = verdicts(limiter, *[message()] * (ADMINS.burst + 1))

    assert judged == [Verdict.HANDLE] * ADMINS.burst + [Verdict.NOTIFY]


def test_inline_queries_have_a_bucket_of_their_own(limiter):
    query = {"id": "1", "from": ANN, "query": "t", "offset": ""}
    typing = Update.model_validate({"update_id": 1, "inline_query": query})

    judged = verdicts(limiter, *[typing] * 100)

    assert judged[-1] is Verdict.DROP
    assert Verdict.NOTIFY not in judged
    assert verdicts(limiter, message()) == [Verdict.HANDLE]


def test_an_update_of_unknown_kind_is_dropped(limiter):
    assert verdicts(limiter, Update.model_validate({"update_id": 1, "new_kind": {}})) == [
        Verdict.DROP
    ]


# The bucket of one user.

TWENTY = Rate(burst=20, per_second=1)


def full(size: Rate = TWENTY) -> Bucket:
    return Bucket(size, float(size.burst), updated_at=0.0)


def asked(bucket: Bucket, times: int, now: float, again: float = inf) -> list[Verdict]:
    return [bucket.take(now, again) for _ in range(times)]


def test_updates_beyond_the_burst_are_notified_once_and_dropped():
    verdicts = asked(full(), 30, now=0.0)

    assert verdicts == [Verdict.HANDLE] * 20 + [Verdict.NOTIFY] + [Verdict.DROP] * 9


def test_a_closed_bucket_opens_at_the_announced_time():
    bucket = full()
    asked(bucket, 21, now=0.0)

    seconds = bucket.seconds_closed()

    assert seconds == 10
    assert asked(bucket, 5, now=9.9) == [Verdict.DROP] * 5
    assert asked(bucket, 12, now=10.0)[:11] == [Verdict.HANDLE] * 10 + [Verdict.NOTIFY]


def test_one_update_a_second_is_always_handled():
    bucket = full()

    assert all(bucket.take(float(second)) is Verdict.HANDLE for second in range(1000))


def test_taps_are_notified_again_after_a_second():
    bucket = full()
    asked(bucket, 21, now=0.0, again=1.0)

    told = [bucket.take(now, 1.0) for now in (0.5, 1.0, 1.5, 2.0)]

    assert told == [Verdict.DROP, Verdict.NOTIFY, Verdict.DROP, Verdict.NOTIFY]


@given(st.lists(st.floats(0, 30), max_size=200))
def test_handled_updates_never_exceed_burst_plus_rate(pauses):
    bucket, now, handled = full(), 0.0, 0

    for pause in pauses:
        now += pause
        handled += bucket.take(now) is Verdict.HANDLE

    assert handled <= TWENTY.burst + now * TWENTY.per_second + 1e-6


@given(st.lists(st.floats(0, 3), max_size=200))
def test_notifications_are_as_far_apart_as_they_announce(pauses):
    bucket, now, told = full(), 0.0, []

    for pause in pauses:
        now += pause
        if bucket.take(now) is Verdict.NOTIFY:
            told.append((now, bucket.seconds_closed()))

    assert all(later >= said + seconds - 1 for (said, seconds), (later, _) in pairwise(told))


def test_the_number_of_buckets_is_bounded():
    buckets = Buckets(most=3)
    for user_id in range(10):
        buckets.of((user_id, None), TWENTY, now=0.0)

    assert len(buckets) == 3


def test_the_most_recent_bucket_is_kept():
    buckets = Buckets(most=2)
    flooder = buckets.of((1, None), TWENTY, now=0.0)
    for other in (2, 3, 4):
        buckets.of((other, None), TWENTY, now=0.0)
        assert buckets.of((1, None), TWENTY, now=0.0) is flooder
